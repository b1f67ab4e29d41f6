"""Turn tables of the flatbuffer into records, without interpreting them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import tflite

from cnnc.codegen.tflite_file import OperatorRecord, TensorRecord, TfliteOptions
from cnnc.errors import DynamicShapeError, ModelError
from cnnc.ir.types import AnyArray, Shape

_SCHEMA: Any = tflite
"""The binding carries no types."""

_CONSTANT_TYPES = ("int8", "uint8", "int16", "int32", "int64", "float16", "float32", "bool")
"""Element types whose constants are kept as arrays; others have no meaning to the importer."""


def read_indices(table: Any, field: str) -> tuple[int, ...]:  # noqa: ANN401 (a table of the binding)
    """Return a vector of integers; empty where it is absent."""
    if getattr(table, f"{field}Length")() == 0:
        return ()
    return tuple(int(index) for index in getattr(table, f"{field}AsNumpy")())


def read_tensor(model: Any, tensor: Any, where: str) -> TensorRecord:  # noqa: ANN401 (tables)
    """Return a tensor with its constant data.

    Args:
        model: The root table.
        tensor: The tensor's table.
        where: Name of the file, for messages.

    Raises:
        ModelError: It is sparse, a variable, or has zero points per channel.
        DynamicShapeError: An axis other than the first is dynamic.
    """
    name = (tensor.Name() or b"").decode(errors="replace")
    if tensor.Sparsity() is not None or tensor.IsVariable():
        kind = "sparse" if tensor.Sparsity() is not None else "a variable that keeps its state"
        raise ModelError(
            f"tensor '{name}' of '{where}' is {kind}, which is not supported",
            "convert the model with dense weights and without state",
            where,
        )
    shape = read_indices(tensor, "Shape")
    _check_static(name, shape, read_indices(tensor, "ShapeSignature"), where)
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


def read_operator(model: Any, operator: Any) -> OperatorRecord:  # noqa: ANN401 (tables)
    """Return an operator with all its options; a custom operator's code is ``CUSTOM name``."""
    entry = model.OperatorCodes(operator.OpcodeIndex())
    number = max(entry.BuiltinCode(), entry.DeprecatedBuiltinCode())
    code = _names("BuiltinOperator").get(number, f"operator code {number}")
    if code == "CUSTOM":
        code = f"CUSTOM {(entry.CustomCode() or b'').decode(errors='replace')}"
    return OperatorRecord(
        code=code,
        version=int(entry.Version()),
        inputs=read_indices(operator, "Inputs"),
        outputs=read_indices(operator, "Outputs"),
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
            fields[field] = read_indices(table, field)
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
