"""Write an int8 model to two files and read it back: quantized.json and quantized.npz.

The JSON has sorted keys and says everything but array contents; the .npz holds the arrays,
uncompressed, without times, so that equal models give equal bytes. Nothing is pickled. Integer ops
are rebuilt by class name through the operator registry and by the type hints of their fields.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from cnnc.errors import ModelError
from cnnc.ir.channels import ChannelMap
from cnnc.ir.fields import FieldError, FieldReader, FieldWriter, Json
from cnnc.ir.float_model import Port
from cnnc.ir.op import QuantOp
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import AnyArray, Rounding
from cnnc.ops._definition import quant_op_classes

FORMAT_VERSION = 3
"""Raised whenever a reader of the old version would misunderstand the files."""

COMPUTED = "quantized"
"""Stem of the two files of the network that the C computes."""
UNPRUNED = "unpruned"
"""Stem of those of the network before channels were removed, where any were."""

_REMEDY = "compile the model again"
_NPY_HEADER_BYTES = 2**16
"""More than any header of an array that is written here."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def save(model: QuantModel) -> tuple[bytes, bytes]:
    """Return the contents of the JSON and the .npz; equal for equal models."""
    writer = FieldWriter()
    document: dict[str, Json] = {
        "format_version": FORMAT_VERSION,
        "name": model.name,
        "rounding": model.rounding,
        "inputs": writer.write(model.inputs, "inputs"),
        "outputs": writer.write(model.outputs, "outputs"),
        "nodes": [_write_node(writer, node, index) for index, node in enumerate(model.nodes)],
        # Lists, not objects: sorting the keys of the file must not change the order of values.
        "constants": [
            [name, writer.write(array, f"constants.{index}")]
            for index, (name, array) in enumerate(model.constants.items())
        ],
        "values": [
            [name, writer.write(value, f"values.{index}")]
            for index, (name, value) in enumerate(model.values.items())
        ],
        "channel_maps": [
            [name, writer.write(channels, f"channel_maps.{index}")]
            for index, (name, channels) in enumerate(model.channel_maps.items())
        ],
    }
    arrays = _pack(writer.arrays)
    document["sha256"] = _digest(document, arrays)
    return _to_bytes(document) + b"\n", arrays


def load(json_bytes: bytes, npz_bytes: bytes, stem: str = COMPUTED) -> QuantModel:
    """Return the model that ``save`` wrote.

    Args:
        json_bytes: Contents of the JSON.
        npz_bytes: Contents of the .npz.
        stem: Name of both files without suffix, for messages.

    Raises:
        ModelError: The files are damaged, of another version, or do not belong together.
    """
    name = f"{stem}.json"
    document = _parse(json_bytes, name)
    reader = FieldReader(_unpack(npz_bytes, f"{stem}.npz"))
    try:
        model = _read_model(reader, document)
        _check_references(model)
    except FieldError as error:
        raise ModelError(f"{name} is damaged: {error}", _REMEDY, name) from error
    # Last, so that a fault that can be named is named; whatever else was changed ends here.
    if document.get("sha256") != _digest(document, npz_bytes):
        raise ModelError(
            f"{name} or {stem}.npz was changed after it was written: its digest does not fit",
            _REMEDY,
            name,
        )
    return model


def _to_bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, indent=1, allow_nan=False).encode()


def _digest(document: dict[str, Any], arrays: bytes) -> str:
    """Return the SHA-256 over the document without its digest, then the arrays."""
    content = {key: value for key, value in document.items() if key != "sha256"}
    digest = hashlib.sha256(_to_bytes(content))
    digest.update(arrays)
    return digest.hexdigest()


def _write_node(writer: FieldWriter, node: QuantNode, index: int) -> Json:
    path = f"nodes.{index}"
    return {
        "name": node.name,
        "class": type(node.op).__name__,
        "op": writer.write_fields(node.op, f"{path}.op"),
        "inputs": list(node.inputs),
        "output": node.output,
        "sources": list(node.sources),
    }


def _parse(json_bytes: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(json_bytes)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{name} is not JSON: {error}", _REMEDY, name) from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if version != FORMAT_VERSION:
        raise ModelError(
            f"{name} has format version {version!r}; this program reads {FORMAT_VERSION}",
            "compile the model again with this version",
            name,
        )
    return dict(document)


def _read_model(reader: FieldReader, document: dict[str, Any]) -> QuantModel:
    def part(hint: object, name: str) -> Any:  # noqa: ANN401 (typed by the hint)
        if name not in document:
            raise FieldError(f"'{name}' is missing")
        return reader.read(hint, document[name], name)

    stored_nodes = document.get("nodes")
    if not isinstance(stored_nodes, list):
        raise FieldError("'nodes' is not a list")
    return QuantModel(
        name=part(str, "name"),
        rounding=part(Rounding, "rounding"),
        inputs=part(tuple[Port, ...], "inputs"),
        outputs=part(tuple[Port, ...], "outputs"),
        nodes=tuple(
            _read_node(reader, stored, f"nodes.{index}")
            for index, stored in enumerate(stored_nodes)
        ),
        constants=dict(part(tuple[tuple[str, AnyArray], ...], "constants")),
        values=dict(part(tuple[tuple[str, QuantValue], ...], "values")),
        channel_maps=dict(part(tuple[tuple[str, ChannelMap], ...], "channel_maps")),
    )


def _read_node(reader: FieldReader, stored: Any, path: str) -> QuantNode:  # noqa: ANN401 (JSON)
    if not isinstance(stored, dict):
        raise FieldError(f"{path} is not an object")
    expected = {"name", "class", "op", "inputs", "output", "sources"}
    if set(stored) != expected:
        raise FieldError(f"{path} has keys {sorted(stored)}, not {sorted(expected)}")
    name = reader.read(str, stored["name"], f"{path}.name")
    op_class = quant_op_classes().get(reader.read(str, stored["class"], f"{path}.class"))
    if op_class is None:
        raise FieldError(f"node '{name}' has the unknown operator class '{stored['class']}'")
    op: QuantOp = reader.read_fields(op_class, stored["op"], f"{path}.op")
    return QuantNode(
        name=name,
        op=op,
        inputs=reader.read(tuple[str, ...], stored["inputs"], f"{path}.inputs"),
        output=reader.read(str, stored["output"], f"{path}.output"),
        sources=reader.read(tuple[str, ...], stored["sources"], f"{path}.sources"),
    )


def _check_references(model: QuantModel) -> None:
    """Refuse a file in which a node reads or defines something that has no shape."""
    defined = {port.value for port in model.inputs} | set(model.constants)
    for node in model.nodes:
        unknown = [name for name in node.inputs if name not in defined]
        if unknown:
            raise FieldError(f"node '{node.name}' reads {unknown}, not defined before it")
        defined.add(node.output)
    defined.update(port.value for port in model.outputs)
    untyped = sorted(defined - set(model.values))
    if untyped:
        raise FieldError(f"values {untyped} have no shape and format")
    for name, array in model.constants.items():
        if array.shape != model.values[name].shape:
            raise FieldError(f"constant '{name}' has shape {array.shape}")


def _pack(arrays: Mapping[str, AnyArray]) -> bytes:
    """Return an .npz whose bytes depend on names and contents alone."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            # Known beforehand, which decides on the form of the header.
            info.file_size = array.nbytes + _NPY_HEADER_BYTES
            with archive.open(info, "w") as member:
                np.save(member, np.asarray(array, order="C"), allow_pickle=False)
    return packed.getvalue()


def _unpack(npz_bytes: bytes, file_name: str) -> dict[str, AnyArray]:
    arrays: dict[str, AnyArray] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(npz_bytes)) as archive:
            for name in archive.namelist():
                array = np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
                if isinstance(array, np.ndarray):
                    arrays[name.removesuffix(".npy")] = array
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, zlib.error, RuntimeError) as error:
        raise ModelError(f"{file_name} is damaged: {error}", _REMEDY, file_name) from error
    return arrays
