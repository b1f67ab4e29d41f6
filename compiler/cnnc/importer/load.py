"""Read an ONNX file: every way in which it can be broken has a message of its own."""

import logging
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import onnx
from onnx import defs, helper, inliner, numpy_helper
from onnx.external_data_helper import (
    ExternalDataInfo,
    load_external_data_for_tensor,
    uses_external_data,
)

from cnnc.errors import ModelError
from cnnc.importer.quantized_nodes import spell_out_quantized
from cnnc.ir.types import AnyArray

logger = logging.getLogger(__name__)

OLDEST_OPSET = 7
STANDARD_DOMAINS = ("", "ai.onnx")

# The first field of every ONNX file is ir_version; protobuf writes its number as this byte.
_FIRST_BYTE = b"\x08"
_LFS_POINTER = b"version https://git-lfs"


def load_onnx(path: Path, *, leave_initializers: bool = False) -> onnx.ModelProto:
    """Return the model with its external data, local functions inlined.

    Args:
        path: The .onnx file; external data files lie in its folder.
        leave_initializers: Leave the data of the graph's initializers where they are, for
            ``map_external``; that their files exist is checked all the same.

    Raises:
        ModelError: Missing, damaged or foreign file, empty graph, missing external data, opset out
            of range.
    """
    model = _parse(path)
    _check_opset(path, model)
    if model.functions:
        # Before external data are loaded, because inlining copies the whole model.
        model = _inline(path, model)
    _check_graph(path, model.graph)
    spell_out_quantized(model.graph, default_opset(model))
    if leave_initializers:
        for tensor in filter(uses_external_data, model.graph.initializer):
            external_file(path, tensor)
        for tensor in filter(uses_external_data, _node_tensors(model.graph.node)):
            _load_external(path, tensor)
    else:
        load_external(path, model)
    logger.info("read %s: %d nodes, opset %d", path, len(model.graph.node), default_opset(model))
    return model


def default_opset(model: onnx.ModelProto) -> int:
    """Return the version of the standard operators that the model uses; 0 where it says none."""
    versions = [e.version for e in model.opset_import if e.domain in STANDARD_DOMAINS]
    return max(versions, default=0)


def _parse(path: Path) -> onnx.ModelProto:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise ModelError(f"model file '{path}' {what}", "check the path", str(path))
    head = b""
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_LFS_POINTER))
        model = onnx.load_model(str(path), format="protobuf", load_external_data=False)
    except OSError as error:
        raise ModelError(
            f"model file '{path}' cannot be read: {error.strerror}", "check the file", str(path)
        ) from error
    except Exception as error:
        # Protobuf's implementations raise different types.
        raise _unreadable(path, head) from error
    # Protobuf accepts many byte strings, the empty one included.
    if not model.HasField("graph"):
        raise _unreadable(path, head)
    return model


def _unreadable(path: Path, head: bytes) -> ModelError:
    if not head:
        return ModelError(f"'{path}' is empty", "export the model again", str(path))
    if head == _LFS_POINTER:
        return ModelError(
            f"'{path}' is not the model but a Git LFS pointer to it", "git lfs pull", str(path)
        )
    if head.startswith(_FIRST_BYTE):
        return ModelError(
            f"'{path}' starts like an ONNX file but is cut short or damaged",
            "copy or download the file again, or export the model again",
            str(path),
        )
    return ModelError(
        f"'{path}' is not an ONNX file",
        "give a model that was exported to .onnx, e.g. with torch.onnx.export or tf2onnx",
        str(path),
    )


def _check_opset(path: Path, model: onnx.ModelProto) -> None:
    opset = default_opset(model)
    newest = defs.onnx_opset_version()
    if opset == 0:
        domains = ", ".join(sorted(f"'{entry.domain}'" for entry in model.opset_import))
        raise ModelError(
            f"'{path}' does not say which version of the ONNX operators it uses"
            + (f"; its operator domains are {domains}" if domains else ""),
            "the file is incomplete or damaged: export the model again",
            str(path),
        )
    if opset < OLDEST_OPSET:
        raise ModelError(
            f"'{path}' uses ONNX opset {opset}; the oldest that is supported is {OLDEST_OPSET}",
            "export with a newer opset_version, e.g. 17 (onnx.version_converter is no help: it "
            "puts what versions before 7 broadcast on the wrong axes)",
            str(path),
        )
    if opset > newest:
        raise ModelError(
            f"'{path}' uses ONNX opset {opset}; the installed onnx package knows up to {newest}",
            f"pip install -U onnx, or export with opset_version={newest} or older",
            str(path),
        )


def _inline(path: Path, model: onnx.ModelProto) -> onnx.ModelProto:
    try:
        return inliner.inline_local_functions(model)
    except Exception as error:
        # The inliner is C++ and raises whatever went wrong there.
        raise ModelError(
            f"the local functions of '{path}' cannot be inlined: {first_line(error)}",
            "export the model again without local functions",
            str(path),
        ) from error


def _check_graph(path: Path, graph: onnx.GraphProto) -> None:
    missing = [
        what for what, entries in (("nodes", graph.node), ("outputs", graph.output)) if not entries
    ]
    if missing:
        raise ModelError(
            f"the graph of '{path}' is empty: it has no {' and no '.join(missing)}",
            "export the model again",
            str(path),
        )
    if graph.sparse_initializer:
        name = graph.sparse_initializer[0].values.name
        raise ModelError(
            f"initializer '{name}' of '{path}' is sparse, which is not supported",
            "export the model with dense weights",
            str(path),
        )


def external_tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Yield every tensor whose data lie in another file: weights, attributes, in subgraphs too."""
    found = [_graph_tensors(model.graph), *(_node_tensors(item.node) for item in model.functions)]
    for tensor in chain.from_iterable(found):
        if uses_external_data(tensor):
            yield tensor


def load_external(path: Path, model: onnx.ModelProto) -> None:
    """Put the data of other files into the model.

    Raises:
        ModelError: A file is missing, too short, or outside the model's folder.
    """
    for tensor in external_tensors(model):
        _load_external(path, tensor)


def _graph_tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    yield from _node_tensors(graph.node)


def _node_tensors(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for attribute in (attribute for node in nodes for attribute in node.attribute):
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        if attribute.HasField("g"):
            yield from _graph_tensors(attribute.g)
        for graph in attribute.graphs:
            yield from _graph_tensors(graph)


def external_file(path: Path, tensor: onnx.TensorProto) -> Path:
    """Return the file that holds a tensor's data.

    Raises:
        ModelError: It is missing, or outside the model's folder.
    """
    folder = path.parent
    location = _location(tensor)
    what = _where(path, tensor)
    file = (folder / location).resolve()
    if not location or not file.is_relative_to(folder.resolve()):
        raise ModelError(
            f"{what}, which is outside the model's folder",
            "move the data file beside the model and save the model with that location",
            str(path),
        )
    if not file.is_file():
        raise ModelError(
            f"{what}, which is missing",
            f"put '{location}' beside the model, into the folder '{folder}'",
            str(path),
        )
    return file


def map_external(path: Path, tensor: onnx.TensorProto) -> AnyArray:
    """Return the array of a tensor whose data lie in another file, without reading them.

    Raises:
        ModelError: The file is missing, too short, or outside the model's folder.
    """
    file = external_file(path, tensor)
    element = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    shape = tuple(tensor.dims)
    if element.kind not in "fiu" or element.name not in np.sctypeDict or 0 in shape or not shape:
        _load_external(path, tensor)
        return numpy_helper.to_array(tensor)
    try:
        info = ExternalDataInfo(tensor)
        array = np.memmap(file, element.newbyteorder("<"), "r", info.offset or 0, shape)
    except (ValueError, OSError) as error:
        raise _unusable(path, tensor, str(error)) from error
    if info.length not in (None, 0, array.nbytes):
        reason = f"{info.length} bytes do not fill a tensor of shape {list(shape)}"
        raise _unusable(path, tensor, reason)
    return array


def _load_external(path: Path, tensor: onnx.TensorProto) -> None:
    external_file(path, tensor)
    try:
        ExternalDataInfo(tensor)
        load_external_data_for_tensor(tensor, str(path.parent))
    except (onnx.checker.ValidationError, ValueError, OSError) as error:
        raise _unusable(path, tensor, first_line(error)) from error


def _location(tensor: onnx.TensorProto) -> str:
    return next((e.value for e in tensor.external_data if e.key == "location"), "")


def _where(path: Path, tensor: onnx.TensorProto) -> str:
    return f"weights '{tensor.name}' of '{path}' lie in the external file '{_location(tensor)}'"


def _unusable(path: Path, tensor: onnx.TensorProto, reason: str) -> ModelError:
    return ModelError(
        f"{_where(path, tensor)}, which cannot be used: {reason}",
        "copy both files again, or export the model again",
        str(path),
    )


def first_line(error: Exception) -> str:
    """Return what an exception says, without the lines that explain it further."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
