"""Mean over axes (ONNX GlobalAveragePool, ReduceMean; spec 4.8).

y = sum of n elements / n. int8, with (m, sh) = QuantizeMultiplier(s_in / s_out):
    k = min(floor(log2 n), 32, 31 + sh), m' = floor(m 2^k / n), sh' = sh - k,
    q = clamp(MBQM(sum(q_in) - n z_in, m', sh') + z_out).
The sum of n <= 2^23 differences of magnitude <= 255 stays within int32.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.types import F32, AnyArray, Shape
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._tflite_import import read_axis
from cnnc.ops.reshape import Reshape
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, quantize_multiplier

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_MAXIMUM_REDUCED = 2**23
_MAXIMUM_GROUPS = 3
"""Kept and reduced axes of the C kernel, after neighbours of one kind are merged."""


@dataclass(frozen=True)
class AxisGroup:
    """Neighbouring axes that are all kept or all reduced.

    Attributes:
        extent: Product of their sizes.
        stride: Step in memory from one element to the next.
        reduced: Whether the mean is taken over them.
    """

    extent: int
    stride: int
    reduced: bool


@dataclass(frozen=True, eq=False)
class Mean(FloatOp):
    """Mean over some axes.

    Attributes:
        axes: Axes in memory, ascending, from 0.
        keep_dims: Whether they stay with size 1.
    """

    axes: tuple[int, ...]
    keep_dims: bool

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the reduced shape after checking axes and number of elements."""
        shape = inputs[0]
        if not self.axes or any(not 0 <= axis < len(shape) for axis in self.axes):
            raise ModelError(f"a mean over axes {list(self.axes)} of shape {list(shape)}")
        if reduced_elements(shape, self.axes) > _MAXIMUM_REDUCED:
            raise UnsupportedAttributeError(
                f"a mean over more than {_MAXIMUM_REDUCED} elements may overflow its int32 sum"
            )
        groups = axis_groups(shape, self.axes)
        most = max(sum(g.reduced for g in groups), sum(not g.reduced for g in groups))
        if most > _MAXIMUM_GROUPS:
            raise UnsupportedAttributeError(
                f"kept and reduced axes of {list(shape)} alternate more than {_MAXIMUM_GROUPS} "
                "times"
            )
        return _reduced_shape(shape, self.axes, keep_dims=self.keep_dims)

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Average in float64."""
        axes = tuple(axis + 1 for axis in self.axes)
        average = np.mean(inputs[0], axis=axes, keepdims=self.keep_dims, dtype=np.float64)
        return np.asarray(average, dtype=np.float32)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op with the division by n folded into the multiplier."""
        count = reduced_elements(context.input_shapes[0], self.axes)
        multiplier, shift = quantize_multiplier(context.inputs[0].scale / context.output.scale)
        halvings = min(count.bit_length() - 1, 32, 31 + shift)
        return QuantMean(
            axes=self.axes,
            keep_dims=self.keep_dims,
            input_zero_point=context.inputs[0].zero_point,
            output_zero_point=context.output.zero_point,
            multiplier=(multiplier << halvings) // count,
            shift=shift - halvings,
        )


@dataclass(frozen=True, eq=False)
class QuantMean(QuantOp):
    """Mean over some axes on int8.

    Attributes:
        axes: As in ``Mean``, likewise ``keep_dims``.
        keep_dims: Whether the axes stay with size 1.
        input_zero_point: Of the operand.
        output_zero_point: Of the result.
        multiplier: Mantissa of input scale / output scale / n.
        shift: Its exponent, -31..30.
    """

    axes: tuple[int, ...]
    keep_dims: bool
    input_zero_point: int
    output_zero_point: int
    multiplier: int
    shift: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the reduced shape."""
        return _reduced_shape(inputs[0], self.axes, keep_dims=self.keep_dims)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute spec 4.8 from exact sums."""
        q = inputs[0].astype(np.int32)
        axes = tuple(axis + 1 for axis in self.axes)
        offset = self.input_zero_point * reduced_elements(q.shape[1:], self.axes)
        total = q.sum(axis=axes, keepdims=self.keep_dims, dtype=np.int64) - offset
        return arithmetic.requantize(total, self.multiplier, self.shift, self.output_zero_point)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel for one run of reduced axes, else the one for any axes."""
        groups = axis_groups(site.inputs[0], self.axes)
        rescaling = {
            "input_zero_point": self.input_zero_point,
            "output_zero_point": self.output_zero_point,
            "multiplier": self.multiplier,
            "shift": self.shift,
        }
        contiguous = _contiguous_geometry(groups)
        call = KernelCall(
            kernel="mean_strided_s8" if contiguous is None else "mean_s8",
            folder="mean",
            parameters={**(contiguous or _strided_geometry(groups)), **rescaling},
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add MEAN."""
        axes = graph.constant(np.array(self.axes, dtype=np.int32))
        graph.operator(
            "MEAN",
            [operands.inputs[0], axes],
            operands.output,
            TfliteOptions("ReducerOptions", {"KeepDims": self.keep_dims}),
        )


def reduced_elements(shape: Shape, axes: tuple[int, ...]) -> int:
    """Return how many elements each mean is taken over."""
    return math.prod(shape[axis] for axis in axes)


def axis_groups(shape: Shape, axes: tuple[int, ...]) -> tuple[AxisGroup, ...]:
    """Drop axes of size 1 and merge neighbours that are all kept or all reduced."""
    groups: list[AxisGroup] = []
    stride = 1
    for axis in reversed(range(len(shape))):
        extent, reduced = shape[axis], axis in axes
        if extent > 1 and groups and groups[-1].reduced == reduced:
            inner = groups.pop()
            groups.append(AxisGroup(inner.extent * extent, inner.stride, reduced))
        elif extent > 1:
            groups.append(AxisGroup(extent, stride, reduced))
        stride *= extent
    return tuple(reversed(groups))


def _contiguous_geometry(groups: tuple[AxisGroup, ...]) -> dict[str, int] | None:
    """Return outer, reduced and inner extent, or None if several runs of axes are reduced."""
    reduced = [position for position, group in enumerate(groups) if group.reduced]
    if len(reduced) > 1:
        return None
    position = reduced[0] if reduced else len(groups)
    return {
        "outer": math.prod(group.extent for group in groups[:position]),
        "reduced": groups[position].extent if reduced else 1,
        "inner": math.prod(group.extent for group in groups[position + 1 :]),
    }


def _strided_geometry(groups: tuple[AxisGroup, ...]) -> dict[str, int]:
    parameters: dict[str, int] = {}
    for name, reduced in (("kept", False), ("reduced", True)):
        chosen = [group for group in groups if group.reduced == reduced]
        missing = _MAXIMUM_GROUPS - len(chosen)
        extents = [1] * missing + [group.extent for group in chosen]
        strides = [0] * missing + [group.stride for group in chosen]
        parameters.update({f"{name}_extent_{k}": extent for k, extent in enumerate(extents)})
        parameters.update({f"{name}_stride_{k}": stride for k, stride in enumerate(strides)})
    return parameters


def _reduced_shape(shape: Shape, axes: tuple[int, ...], *, keep_dims: bool) -> Shape:
    if keep_dims:
        return tuple(1 if axis in axes else extent for axis, extent in enumerate(shape))
    return tuple(extent for axis, extent in enumerate(shape) if axis not in axes)


def _emit_mean(reader: "NodeReader", onnx_axes: Sequence[int], *, keep_dims: bool) -> None:
    """Add the mean over ONNX axes of the operand, in whatever order it is stored."""
    stored = reader.stored(0)
    shape = reader.onnx_shape(0)
    kept = [axis for axis in range(len(shape)) if axis not in onnx_axes]
    remaining = [axis for axis in stored.axes if axis in kept]
    result_axes = stored.axes if keep_dims else tuple(kept.index(axis) for axis in remaining)
    axes = tuple(k for k, axis in enumerate(stored.axes) if axis in onnx_axes)
    if math.prod(shape[axis] for axis in onnx_axes) > 1:
        reader.define(reader.emit(Mean(axes, keep_dims), [stored.key]), result_axes)
    elif keep_dims:
        reader.define(stored.key, stored.axes)
    else:
        target = tuple(shape[axis] for axis in remaining)
        reader.define(reader.emit(Reshape(target), [stored.key]), result_axes)


def _read_global_average_pool(reader: "NodeReader") -> None:
    rank = len(reader.onnx_shape(0))
    if rank < 3:
        raise UnsupportedAttributeError(f"an operand of rank {rank} has no image axes")
    _emit_mean(reader, range(2, rank), keep_dims=True)


def _requested_axes(reader: "NodeReader") -> tuple[int, ...]:
    if reader.opset < 18:
        return reader.ints_attribute("axes") or ()
    if not reader.has_input(1):
        return ()
    return tuple(int(axis) for axis in reader.constant(1, "axes").reshape(-1))


def _read_reduce_mean(reader: "NodeReader") -> None:
    rank = len(reader.onnx_shape(0))
    requested = _requested_axes(reader)
    empty_means_none = bool(reader.int_attribute("noop_with_empty_axes", 0))
    keep_dims = bool(reader.int_attribute("keepdims", 1))
    if any(not -rank <= axis < rank for axis in requested):
        raise UnsupportedAttributeError(f"axes {list(requested)} do not exist in rank {rank}")
    axes = sorted({axis % rank for axis in requested})
    if not axes and not empty_means_none:
        axes = list(range(rank))
    _emit_mean(reader, axes, keep_dims=keep_dims)


def _read_mean(reader: "TfliteNodeReader") -> None:
    rank = len(reader.value(0).shape)
    axes = {read_axis(int(axis), rank) for axis in reader.integers(1, "axes").reshape(-1)}
    keep_dims = bool(reader.option("KeepDims", 0))
    reader.emit(Mean(tuple(sorted(axes)), keep_dims), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="mean",
    summary="Mean over axes, with an output format of its own.",
    readers={"GlobalAveragePool": _read_global_average_pool, "ReduceMean": _read_reduce_mean},
    float_ops=(Mean,),
    quant_ops=(QuantMean,),
    kernels=("mean_s8", "mean_strided_s8"),
    tflite=("MEAN",),
    limits=(
        f"At most {_MAXIMUM_REDUCED} elements in one mean.",
        f"Kept and reduced axes alternate at most {_MAXIMUM_GROUPS} times in memory.",
    ),
    tflite_readers={"MEAN": _read_mean},
)
