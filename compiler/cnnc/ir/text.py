"""Models as stable text, a line a node, for ``--dump-after`` and for eyes and diffs.

    conv2d  /conv1/Conv  (image [1, 28, 28, 1]) -> conv1_out [1, 28, 28, 16]  activation=RELU ...

Arrays appear as element type, shape and the first hexadecimal digits of their SHA-256.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from enum import Enum

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import AnyArray, Quantization, Window, Window3
from cnnc.ops._real_op import RealOp

_DIGITS = 12
_WINDOW_DEFAULTS = Window(1, 1)
_AXIS_DEFAULTS = (1, 1, 0, 0)
"""Stride, dilation, padding before and after."""


def dump_float(model: FloatModel) -> str:
    """Return the float model as text; equal models give equal text."""
    values = {name: str(list(shape)) for name, shape in model.shapes.items()}
    return _dump(f"float model {model.name}", model, model.nodes, values)


def dump_quant(model: QuantModel) -> str:
    """Return the model of layers as text; equal models give equal text."""
    values = {name: f"{list(value.shape)} {_format(value)}" for name, value in model.values.items()}
    title = f"{model.dtype} model {model.name}"
    if model.dtype == "int8":
        title += f", {model.rounding} rounding"
    return _dump(title, model, model.nodes, values)


def _dump(
    title: str,
    model: FloatModel | QuantModel,
    nodes: Sequence[FloatNode] | Sequence[QuantNode],
    values: Mapping[str, str],
) -> str:
    lines = [title]
    lines += [_port("input", port, values) for port in model.inputs]
    lines += [
        f"constant {_name(name)} {values[name]} = {_array(array)}"
        for name, array in model.constants.items()
    ]
    lines += [_node(node, values) for node in nodes]
    lines += [_port("output", port, values) for port in model.outputs]
    return "\n".join(lines) + "\n"


def _port(role: str, port: Port, values: Mapping[str, str]) -> str:
    return (
        f"{role} {_name(port.name)} = {_name(port.value)} {values[port.value]}"
        f"  onnx {list(port.onnx_shape)} axes {list(port.storage_axes)}"
    )


def _node(node: FloatNode | QuantNode, values: Mapping[str, str]) -> str:
    operands = ", ".join(f"{_name(name)} {values[name]}" for name in node.inputs)
    attributes = " ".join(_attributes(node.op))
    sources = f"  from {', '.join(map(_name, node.sources))}" if node.sources else ""
    result = f"{_name(node.output)} {values[node.output]}"
    line = f"{node.op.kind}  {_name(node.name)}  ({operands}) -> {result}"
    return f"{line}  {attributes}{sources}".rstrip()


def _name(name: str) -> str:
    """Return a name from the model such that it stays on its line and moves no cursor."""
    return name if name.isprintable() else name.encode("unicode_escape").decode("ascii")


def _attributes(op: FloatOp | QuantOp) -> Iterator[str]:
    if isinstance(op, RealOp):
        yield from _attributes(op.op)
        if op.reason:
            yield f"in float32: {_name(op.reason)}"
        return
    for field in fields(op):
        value: object = getattr(op, field.name)
        yield f"{field.name}={_text(value)}"


def _text(value: object) -> str:
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, Window | Window3):
        return _window(value) if isinstance(value, Window) else _window3(value)
    if isinstance(value, Quantization):
        return _quantization(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_text(entry) for entry in value) + "]"
    return repr(value)


def _array(array: AnyArray) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return f"{array.dtype.name}{list(array.shape)}#{digest[:_DIGITS]}"


def _window(window: Window) -> str:
    """Return what differs from a window of one tap, so that lines stay short."""
    parts = [f"{window.kernel_rows}x{window.kernel_cols}"]
    for field in fields(window):
        value = getattr(window, field.name)
        if not field.name.startswith("kernel") and value != getattr(_WINDOW_DEFAULTS, field.name):
            parts.append(f"{field.name}={value}")
    return "{" + " ".join(parts) + "}"


def _window3(window: Window3) -> str:
    parts = ["x".join(str(axis.kernel) for axis in window.axes)]
    for name, axis in zip(("depth", "rows", "cols"), window.axes, strict=True):
        settings = (axis.stride, axis.dilation, axis.pad_before, axis.pad_after)
        if settings != _AXIS_DEFAULTS:
            parts.append(f"{name}=" + "/".join(map(str, settings)))
    return "{" + " ".join(parts) + "}"


def _format(value: QuantValue) -> str:
    return value.element_type.value if value.format is None else _quantization(value.format)


def _quantization(quantization: Quantization) -> str:
    return f"int8({quantization.scale!r}, {quantization.zero_point})"
