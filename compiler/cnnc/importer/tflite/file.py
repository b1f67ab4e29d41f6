"""Take a .tflite file apart into the records that ``codegen/tflite_file.py`` writes.

Nothing is interpreted here: options keep the names and values of the schema, so that the records
of a file, written again, are the same graph.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from cnnc.codegen.tflite_file import (
    FILE_IDENTIFIER,
    SCHEMA_VERSION,
    OperatorRecord,
    TensorRecord,
    TfliteOptions,
)
from cnnc.errors import DynamicShapeError, ModelError
from cnnc.ir.types import AnyArray, Shape

logger = logging.getLogger(__name__)

_SCHEMA: Any = tflite
"""The binding carries no types."""

_IDENTIFIER_END = 8
"""A flatbuffer has its identifier in bytes 4..7."""
_LFS_POINTER = b"version https://git-lfs"
_CONSTANT_TYPES = ("int8", "uint8", "int16", "int32", "int64", "float16", "float32", "bool")
"""Element types whose constants are kept as arrays; others have no meaning to the importer."""


@dataclass(frozen=True, eq=False)
class TfliteFile:
    """The one graph of a .tflite file.

    Attributes:
        description: What the exporter wrote about itself.
        tensors: Their position is the tensor index; names are unique and not empty.
        operators: In execution order; a custom operator's code is ``CUSTOM name``.
        inputs: Tensor indices of the graph's inputs.
        outputs: Tensor indices of the graph's outputs.
    """

    description: str
    tensors: tuple[TensorRecord, ...]
    operators: tuple[OperatorRecord, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def is_tflite(path: Path) -> bool:
    """Return whether a model is to be read as .tflite: by its first bytes, else by its suffix."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_IDENTIFIER_END)
    except OSError:
        head = b""
    return head[4:] == FILE_IDENTIFIER or path.suffix.lower() == ".tflite"


def load_tflite(path: Path) -> TfliteFile:
    """Read a file.

    Raises:
        ModelError: Missing, damaged or foreign file, several graphs, or features beyond one plain
            graph (sparse or variable tensors).
        DynamicShapeError: An axis other than the batch is dynamic.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise ModelError(f"model file '{path}' {what}", "check the path", str(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"model file '{path}' cannot be read: {error.strerror}", "check the file", str(path)
        ) from error
    return parse_tflite(data, str(path))


def parse_tflite(data: bytes, where: str) -> TfliteFile:
    """Take the bytes of a file apart; ``where`` names it in messages. Raises as ``load_tflite``."""
    if data[4:_IDENTIFIER_END] != FILE_IDENTIFIER:
        raise _foreign(data, where)
    try:
        found = _parse(_SCHEMA.Model.GetRootAs(data, 0), where)
    except ModelError:
        raise
    except Exception as error:
        # The binding trusts every offset; what it trips over depends on where the file is damaged.
        raise _damaged(where, "its tables do not fit together") from error
    logger.info("read %s: %d operators, %s", where, len(found.operators), found.description)
    return found


def _foreign(data: bytes, where: str) -> ModelError:
    if not data:
        return ModelError(f"'{where}' is empty", "export the model again", where)
    if data.startswith(_LFS_POINTER):
        return ModelError(
            f"'{where}' is not the model but a Git LFS pointer to it", "git lfs pull", where
        )
    return ModelError(
        f"'{where}' is not a .tflite file (bytes 4 to 7 are not 'TFL3')",
        "give a model that was converted to an int8 .tflite, or an .onnx file",
        where,
    )


def _damaged(where: str, reason: str) -> ModelError:
    return ModelError(
        f"'{where}' starts like a .tflite file but is cut short or damaged: {reason}",
        "copy or download the file again, or convert the model again",
        where,
    )


def _parse(model: Any, where: str) -> TfliteFile:  # noqa: ANN401 (a table of the binding)
    if model.Version() != SCHEMA_VERSION:
        raise ModelError(
            f"'{where}' has schema version {model.Version()}; {SCHEMA_VERSION} is supported",
            "convert the model with a current TensorFlow",
            where,
        )
    graphs = model.SubgraphsLength()
    if graphs != 1:
        raise ModelError(
            f"'{where}' holds {graphs} subgraphs; one is supported",
            "convert the model without control flow (If, While) and with a single signature",
            where,
        )
    graph = model.Subgraphs(0)
    tensors = [_tensor(model, graph.Tensors(i), where) for i in range(graph.TensorsLength())]
    operators = [_operator(model, graph.Operators(i)) for i in range(graph.OperatorsLength())]
    found = TfliteFile(
        description=(model.Description() or b"").decode(errors="replace").strip() or "not stated",
        tensors=_with_unique_names(tensors),
        operators=tuple(operators),
        inputs=_indices(graph, "Inputs"),
        outputs=_indices(graph, "Outputs"),
    )
    _check_graph(found, where)
    return found


def _check_graph(file: TfliteFile, where: str) -> None:
    entries = {"operators": file.operators, "inputs": file.inputs, "outputs": file.outputs}
    missing = [what for what, items in entries.items() if not items]
    if missing:
        raise ModelError(
            f"the graph of '{where}' is empty: it has no {' and no '.join(missing)}",
            "convert the model again",
            where,
        )
    read = [index for operator in file.operators for index in operator.inputs if index != -1]
    written = [index for operator in file.operators for index in operator.outputs]
    for index in (*file.inputs, *file.outputs, *read, *written):
        if not 0 <= index < len(file.tensors):
            raise _damaged(where, f"there is no tensor {index}")


def _indices(table: Any, field: str) -> tuple[int, ...]:  # noqa: ANN401 (a table of the binding)
    if getattr(table, f"{field}Length")() == 0:
        return ()
    return tuple(int(index) for index in getattr(table, f"{field}AsNumpy")())


def _tensor(model: Any, tensor: Any, where: str) -> TensorRecord:  # noqa: ANN401 (tables)
    name = (tensor.Name() or b"").decode(errors="replace")
    if tensor.Sparsity() is not None or tensor.IsVariable():
        kind = "sparse" if tensor.Sparsity() is not None else "a variable that keeps its state"
        raise ModelError(
            f"tensor '{name}' of '{where}' is {kind}, which is not supported",
            "convert the model with dense weights and without state",
            where,
        )
    shape = _indices(tensor, "Shape")
    _check_static(name, shape, _indices(tensor, "ShapeSignature"), where)
    element_type = _names("TensorType")[tensor.Type()].lower()
    scales, zero_point, axis = _quantization(name, tensor.Quantization(), where)
    return TensorRecord(
        name=name,
        shape=shape,
        element_type=element_type,
        scales=scales,
        zero_point=zero_point,
        quantized_axis=axis,
        data=_contents(model.Buffers(tensor.Buffer()), element_type, shape),
    )


def _check_static(name: str, shape: Shape, signature: Shape, where: str) -> None:
    """Refuse dynamic axes; a dynamic batch is 1, as ``shape`` says and the runtimes take it."""
    if -1 in signature[1:] or min(shape, default=1) < 0:
        raise DynamicShapeError(
            f"tensor '{name}' of '{where}' has the dynamic shape {list(signature or shape)}",
            "convert the model with a fixed input shape; only the batch may be dynamic",
            where,
        )


def _quantization(
    name: str,
    table: Any,  # noqa: ANN401 (a table of the binding)
    where: str,
) -> tuple[tuple[float, ...], int, int]:
    """Return scales, their common zero point, and the axis of scales per channel."""
    if table is None or table.ScaleLength() == 0:
        return (), 0, 0
    scales = tuple(float(scale) for scale in table.ScaleAsNumpy())
    points = {int(point) for point in table.ZeroPointAsNumpy()} if table.ZeroPointLength() else {0}
    if len(points) > 1:
        raise ModelError(
            f"tensor '{name}' of '{where}' has a zero point of its own for each channel",
            "convert the model by the int8 rules of TFLite, where weights have zero point 0",
            where,
        )
    return scales, points.pop(), int(table.QuantizedDimension())


def _contents(buffer: Any, element_type: str, shape: Shape) -> AnyArray | None:  # noqa: ANN401
    if buffer.DataLength() == 0 or element_type not in _CONSTANT_TYPES:
        return None
    raw = buffer.DataAsNumpy()
    array: AnyArray = raw.view(np.dtype(element_type).newbyteorder("<")).reshape(shape)
    return array.astype(element_type, copy=False)


def _with_unique_names(tensors: list[TensorRecord]) -> tuple[TensorRecord, ...]:
    """Give tensors without a name, or with that of an earlier one, a name from their index."""
    taken: set[str] = set()
    named: list[TensorRecord] = []
    for index, record in enumerate(tensors):
        name = record.name if record.name and record.name not in taken else f"tensor_{index}"
        while name in taken:
            name += "_"
        taken.add(name)
        fields = {**vars(record), "name": name}
        named.append(TensorRecord(**fields))
    return tuple(named)


def _operator(model: Any, operator: Any) -> OperatorRecord:  # noqa: ANN401 (tables)
    entry = model.OperatorCodes(operator.OpcodeIndex())
    number = max(entry.BuiltinCode(), entry.DeprecatedBuiltinCode())
    code = _names("BuiltinOperator").get(number, f"operator code {number}")
    if code == "CUSTOM":
        code = f"CUSTOM {(entry.CustomCode() or b'').decode(errors='replace')}"
    return OperatorRecord(
        code=code,
        version=int(entry.Version()),
        inputs=_indices(operator, "Inputs"),
        outputs=_indices(operator, "Outputs"),
        options=_options(operator),
    )


def _options(operator: Any) -> TfliteOptions | None:  # noqa: ANN401 (a table of the binding)
    """Return all options by the schema's names; fields that are tables themselves are left out."""
    name = _names("BuiltinOptions").get(operator.BuiltinOptionsType(), "NONE")
    union = operator.BuiltinOptions()
    if name == "NONE" or union is None:
        return None
    table = getattr(_SCHEMA, name)()
    table.Init(union.Bytes, union.Pos)
    fields: dict[str, int | float | bool | tuple[int, ...]] = {}
    for field in _option_fields(name):
        if hasattr(table, f"{field}AsNumpy"):
            fields[field] = _indices(table, field)
            continue
        value = getattr(table, field)()
        if isinstance(value, int | float):
            fields[field] = value
    return TfliteOptions(name, fields)


@cache
def _option_fields(table: str) -> tuple[str, ...]:
    prefix = f"{table}Add"
    return tuple(name.removeprefix(prefix) for name in dir(_SCHEMA) if name.startswith(prefix))


@cache
def _names(enumeration: str) -> Mapping[int, str]:
    entries = vars(getattr(_SCHEMA, enumeration)).items()
    return {value: name for name, value in entries if isinstance(value, int)}
