"""Reshape and its relatives: the same bytes under another shape, free in C.

ONNX counts elements in NCHW order; where the operand is stored channel-last and the reshape mixes
axes, the reader asks for ONNX order first and the importer inserts a ``Transpose``, which
``passes/absorb_transpose.py`` moves into the weights of a following fully connected layer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnc.codegen.kernel import ALIAS, Lowering, LoweringSite
from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, AnyArray, Shape
from cnnc.ops._definition import OperatorDefinition
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


@dataclass(frozen=True, eq=False)
class Reshape(FloatOp):
    """Give the operand another shape.

    Attributes:
        shape: Target shape, all extents positive.
    """

    shape: Shape

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the target shape after checking the number of elements."""
        return _checked(inputs[0], self.shape)

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Reshape every sample."""
        return inputs[0].reshape(len(inputs[0]), *self.shape)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantReshape(self.shape)


@dataclass(frozen=True, eq=False)
class QuantReshape(QuantOp):
    """Reshape on int8: input and output share memory and format."""

    shape: Shape

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the target shape after checking the number of elements."""
        return _checked(inputs[0], self.shape)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Reshape every sample."""
        return inputs[0].reshape(len(inputs[0]), *self.shape)

    def lower(self, site: LoweringSite) -> Lowering:
        """Nothing to compute."""
        return ALIAS

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add RESHAPE."""
        graph.reshape(operands.inputs[0], self.shape, operands.output)


def _checked(source: Shape, target: Shape) -> Shape:
    if math.prod(source) != math.prod(target):
        raise ModelError(
            f"a tensor of shape {list(source)} cannot be reshaped to {list(target)}",
            "check the shape constant in the model",
        )
    return target


def _emit(reader: "NodeReader", target: Shape) -> None:
    key = reader.emit(Reshape(target), [reader.in_onnx_order(0)])
    reader.define_onnx_order(key)


def _read_reshape(reader: "NodeReader") -> None:
    allow_zero = reader.int_attribute("allowzero", 0)
    source = reader.onnx_shape(0)
    if reader.opset < 5:
        requested = reader.ints_attribute("shape") or ()
    else:
        requested = tuple(int(extent) for extent in reader.constant(1, "shape").reshape(-1))
    extents = [
        source[axis] if extent == 0 and not allow_zero else extent
        for axis, extent in enumerate(requested)
    ]
    known = math.prod(extent for extent in extents if extent != -1)
    if -1 in extents and known > 0:
        extents[extents.index(-1)] = math.prod(source) // known
    if min(extents, default=1) < 1:
        raise UnsupportedAttributeError(f"target shape {list(requested)} does not fit {source}")
    _emit(reader, tuple(extents))


def _read_flatten(reader: "NodeReader") -> None:
    source = reader.onnx_shape(0)
    axis = reader.int_attribute("axis", 1)
    if not -len(source) <= axis <= len(source):
        raise UnsupportedAttributeError(f"axis {axis} is outside a tensor of rank {len(source)}")
    axis = axis + len(source) if axis < 0 else axis
    _emit(reader, (math.prod(source[:axis]), math.prod(source[axis:])))


def _axes(reader: "NodeReader") -> tuple[int, ...] | None:
    if reader.opset >= 13:
        if not reader.has_input(1):
            return None
        return tuple(int(axis) for axis in reader.constant(1, "axes").reshape(-1))
    return reader.ints_attribute("axes")


def _read_squeeze(reader: "NodeReader") -> None:
    source = reader.onnx_shape(0)
    axes = _axes(reader)
    if axes is None:
        dropped = {axis for axis, extent in enumerate(source) if extent == 1}
    else:
        dropped = {axis % len(source) for axis in axes}
    if any(source[axis] != 1 for axis in dropped):
        raise UnsupportedAttributeError(f"axes {sorted(dropped)} of {source} are not all of size 1")
    _emit(reader, tuple(e for axis, e in enumerate(source) if axis not in dropped))


def _read_unsqueeze(reader: "NodeReader") -> None:
    source = list(reader.onnx_shape(0))
    axes = _axes(reader) or ()
    rank = len(source) + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        source.insert(axis, 1)
    _emit(reader, tuple(source))


def _read_tflite_reshape(reader: "TfliteNodeReader") -> None:
    # The file says the result's shape; that of the options or the operand has led to it.
    reader.ignore("NewShape", "SqueezeDims")
    if reader.has_input(1):
        reader.integers(1, "shape")
    reader.emit(Reshape(reader.output.shape), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="reshape",
    summary="Another shape for the same elements; free.",
    readers={
        "Reshape": _read_reshape,
        "Flatten": _read_flatten,
        "Squeeze": _read_squeeze,
        "Unsqueeze": _read_unsqueeze,
    },
    float_ops=(Reshape,),
    quant_ops=(QuantReshape,),
    kernels=(),
    tflite=("RESHAPE",),
    tflite_readers={"RESHAPE": _read_tflite_reshape, "SQUEEZE": _read_tflite_reshape},
)
