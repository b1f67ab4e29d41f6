"""ArgMax and ArgMin: the index of the largest or smallest element along one axis.

y = least (or greatest) i for which x_i is the extreme of x along the axis. A positive scale keeps
the order, so that int8 elements are compared as they are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.quant_model import QuantValue
from cnnc.ir.types import I32, AnyArray, ElementType, Shape, Tensor
from cnnc.ops._axes import normalized_axis
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._reduced_axes import stored_axes
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

TFLITE_INT32 = 2
"""int32 in TFLite's enumeration of element types."""


@dataclass(frozen=True, eq=False)
class ArgMax(FloatOp):
    """Index of the extreme element along one axis, as int32.

    Attributes:
        axis: Axis in memory, from 0.
        keep_dims: Whether it stays with size 1.
        smallest: Whether the least element is searched (ArgMin).
        last: Whether the last of several equal extremes counts, not the first.
    """

    axis: int
    keep_dims: bool
    smallest: bool = False
    last: bool = False

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape without the axis, or with size 1 there."""
        return _reduced(inputs[0], self.axis, self.keep_dims)

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return int32."""
        if inputs[0] is not ElementType.FLOAT32:
            raise UnsupportedAttributeError(f"an operand of type {inputs[0]}; float32 is supported")
        return ElementType.INT32

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Compare in the order of the C, for which NaN takes no other's place."""
        return _indices_in_order(inputs[0], self)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantArgMax(self.axis, self.keep_dims, self.smallest, self.last)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        return _lowering("arg_max_f32", self, site)


@dataclass(frozen=True, eq=False)
class QuantArgMax(QuantOp):
    """The same on int8; the attributes are those of ``ArgMax``."""

    axis: int
    keep_dims: bool
    smallest: bool
    last: bool

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape without the axis, or with size 1 there."""
        return _reduced(inputs[0], self.axis, self.keep_dims)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compare."""
        return _extreme_indices(inputs[0], self)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        return _lowering("arg_max_s8", self, site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add ARG_MAX or ARG_MIN, and RESHAPE where the axis stays."""
        if self.last:
            raise NotExpressibleError("ARG_MAX takes the first of several equal elements")
        code = "ARG_MIN" if self.smallest else "ARG_MAX"
        axis = graph.constant(np.array([self.axis], dtype=np.int32))
        table = "ArgMinOptions" if self.smallest else "ArgMaxOptions"
        options = TfliteOptions(table, {"OutputType": TFLITE_INT32})
        version = 2
        if not self.keep_dims:
            graph.operator(code, [operands.inputs[0], axis], operands.output, options, version)
            return
        shape = _reduced(operands.input_values[0].shape, self.axis, keep_dims=False)
        value = QuantValue(shape, None, ElementType.INT32)
        flat = graph.activation(f"indices_{operands.output}", value)
        graph.operator(code, [operands.inputs[0], axis], flat, options, version)
        graph.reshape(flat, operands.output_value.shape, operands.output)


def _reduced(shape: Shape, axis: int, keep_dims: bool) -> Shape:
    if not 0 <= axis < len(shape):
        raise UnsupportedAttributeError(f"axis {axis} does not exist in rank {len(shape)}")
    return (*shape[:axis], *((1,) if keep_dims else ()), *shape[axis + 1 :])


def _extreme_indices(x: AnyArray, op: ArgMax | QuantArgMax) -> AnyArray:
    """Return int32 indices; NumPy takes the first of several equal elements."""
    axis = op.axis + 1
    search = np.argmin if op.smallest else np.argmax
    searched = np.flip(x, axis) if op.last else x
    found: I32 = search(searched, axis=axis, keepdims=op.keep_dims).astype(np.int32)
    return np.subtract(x.shape[axis] - 1, found, dtype=np.int32) if op.last else found


def _indices_in_order(x: AnyArray, op: ArgMax) -> AnyArray:
    """Return int32 indices, found element by element."""
    first, *others = np.moveaxis(x, op.axis + 1, 0)
    extreme, found = first, np.zeros(first.shape, np.int32)
    for index, entry in enumerate(others, start=1):
        replaces = entry < extreme if op.smallest else entry > extreme
        if op.last:
            replaces = replaces | (entry == extreme)
        extreme, found = np.where(replaces, entry, extreme), np.where(replaces, index, found)
    return np.expand_dims(found, op.axis + 1) if op.keep_dims else found


def _lowering(kernel: str, op: ArgMax | QuantArgMax, site: LoweringSite) -> Lowering:
    shape = site.inputs[0]
    parameters = {
        "outer": math.prod(shape[: op.axis]),
        "depth": shape[op.axis],
        "inner": math.prod(shape[op.axis + 1 :]),
        "smallest": int(op.smallest),
        "last": int(op.last),
    }
    call = KernelCall(kernel, "arg_max", parameters, (InputArgument(0), OutputArgument()))
    return Lowering(calls=(call,))


def _read(reader: "NodeReader", *, smallest: bool) -> None:
    axis = normalized_axis(reader.int_attribute("axis", 0), len(reader.onnx_shape(0)))
    keep_dims = bool(reader.int_attribute("keepdims", 1))
    last = bool(reader.int_attribute("select_last_index", 0))
    reduced = stored_axes(reader, (axis,), keep_dims=keep_dims)
    op = ArgMax(reduced.axes[0], keep_dims, smallest, last)
    reader.define(reader.emit(op, [reader.stored(0).key]), reduced.result)


def _read_arg_max(reader: "NodeReader") -> None:
    _read(reader, smallest=False)


def _read_arg_min(reader: "NodeReader") -> None:
    _read(reader, smallest=True)


def _read_tflite(reader: "TfliteNodeReader", *, smallest: bool) -> None:
    """Add the search; an int64 result of the file is int32 here."""
    # The tensor of the result says its type too.
    reader.ignore("OutputType")
    axis = reader.integers(1, "axis").reshape(-1)
    if len(axis) != 1:
        raise UnsupportedAttributeError(f"{len(axis)} axes; one is supported")
    rank = len(reader.value(0).shape)
    chosen = normalized_axis(int(axis[0]), rank)
    op = QuantArgMax(chosen, keep_dims=False, smallest=smallest, last=False)
    reader.emit(op, [reader.key(0)])


def _read_tflite_arg_max(reader: "TfliteNodeReader") -> None:
    _read_tflite(reader, smallest=False)


def _read_tflite_arg_min(reader: "TfliteNodeReader") -> None:
    _read_tflite(reader, smallest=True)


OPERATOR = OperatorDefinition(
    name="arg_max",
    summary="Index of the largest or smallest element along one axis, as int32.",
    readers={"ArgMax": _read_arg_max, "ArgMin": _read_arg_min},
    float_ops=(ArgMax,),
    quant_ops=(QuantArgMax,),
    kernels=("arg_max_s8", "arg_max_f32"),
    tflite=("ARG_MAX", "ARG_MIN", "RESHAPE"),
    tflite_readers={"ARG_MAX": _read_tflite_arg_max, "ARG_MIN": _read_tflite_arg_min},
)
