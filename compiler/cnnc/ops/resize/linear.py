"""Resize by linear interpolation.

int8 (spec 4.16, for one, two or three axes): an element lies at pos / 1024 between
lo = max(pos / 1024, 0) and hi = min((pos + 1023) / 1024, extent - 1), quotients truncated, with
weights 1024 - f and f, f = pos - 1024 lo; with n resized axes

    y = (sum over corners of the product of weights times q, +- 2^(10 n - 1)) / 2^(10 n), truncated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnnc.codegen.kernel import (
    Argument,
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.tflite import NotExpressibleError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, I32, I64, AnyArray, Shape, Tensor
from cnnc.ops.resize.export import export_resize
from cnnc.ops.resize.geometry import Span, resized_shape, span_of, split_tables
from cnnc.ops.resize.taps import Taps, interpolate, lower_taps
from cnnc.ops.resize.tflite_form import ALL_FLAGS, STEP_BITS, matching_flags, tflite_steps
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands

I16 = npt.NDArray[np.int16]
_ONE = 1 << STEP_BITS


@dataclass(frozen=True, eq=False)
class ResizeLinear(FloatOp):
    """Element i of a resized axis lies at ``positions[i]`` of the operand's.

    Attributes:
        axes: Resized axes in memory, ascending.
        sizes: Their sizes in the result.
        positions: float32, 0..extent - 1, those of the first axis, then those of the next.
        steps: int32, positions of the int8 rule in 1/1024 of an element, in the same order.
    """

    axes: tuple[int, ...]
    sizes: tuple[int, ...]
    positions: F32
    steps: I32

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the resized shape."""
        return resized_shape(inputs[0], self.axes, self.sizes)

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Interpolate along the last resized axis first, in the order of the C."""
        span = span_of(inputs[0].shape[1:], self.axes, self.sizes)
        return interpolate(inputs[0], span, self._taps(span), self.axes, self.sizes)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the rule in 1/1024 of an element."""
        return QuantResizeLinear(self.axes, self.sizes, self.steps)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel of weighted elements."""
        span = span_of(site.inputs[0], self.axes, self.sizes)
        return lower_taps(span, self._taps(span))

    def _taps(self, span: Span) -> list[Taps]:
        extents = dict(zip(span.axes, span.extents, strict=True))
        positions = split_tables(self.positions, self.sizes)
        return [_linear_taps(table, extents[k]) for k, table in enumerate(positions)]


def _linear_taps(positions: F32, extent: int) -> Taps:
    """Return the two neighbours of each position and their weights."""
    low = np.floor(positions).astype(np.int32)
    fraction = (positions - low.astype(np.float32)).astype(np.float32)
    high = np.minimum(low + 1, extent - 1)
    weights = np.stack([np.float32(1) - fraction, fraction], axis=1)
    return Taps(np.stack([low, high], axis=1).astype(np.int32), weights)


@dataclass(frozen=True, eq=False)
class QuantResizeLinear(QuantOp):
    """The same on int8.

    Attributes:
        axes: As in ``ResizeLinear``, likewise ``sizes`` and ``steps``.
        sizes: Of the resized axes.
        steps: Positions in 1/1024 of an element.
    """

    axes: tuple[int, ...]
    sizes: tuple[int, ...]
    steps: I32

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the resized shape."""
        return resized_shape(inputs[0], self.axes, self.sizes)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Sum exactly, divide once."""
        total = inputs[0].astype(np.int64)
        for axis, steps in zip(self.axes, split_tables(self.steps, self.sizes), strict=True):
            total = _weighted(total, axis + 1, steps)
        one = _ONE ** len(self.axes)
        away = np.abs(total) + one // 2
        return np.asarray(np.sign(total) * (away // one), np.int8)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's, where channels are not resized."""
        return site.bounds[0] if self._keeps_channels(site) else super().channel_bounds(site)

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result, or all where channels are resized."""
        return choice.in_step() if self._keeps_channels(site) else choice.everything()

    def _keeps_channels(self, site: ChannelSite) -> bool:
        return self.axes[-1] != len(site.input_shapes[0]) - 1

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        span = span_of(site.inputs[0], self.axes, self.sizes)
        tables = [
            step_table(steps, extent)
            for steps, extent in zip(self._all_steps(span), span.extents, strict=True)
        ]
        constants = [
            ConstantArgument(f"steps_{k}", table, alignment=2) for k, table in enumerate(tables)
        ]
        arguments: tuple[Argument, ...] = (InputArgument(0), *constants, OutputArgument())
        call = KernelCall("resize_linear_s8", "resize", span.parameters(), arguments)
        return Lowering(calls=(call,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add RESIZE_BILINEAR where it interpolates at the same positions."""
        span = span_of(operands.input_values[0].shape, self.axes, self.sizes)
        candidates = [
            [
                tflite_steps(extent, size, flags)
                for extent, size in zip(span.extents, span.sizes, strict=True)
            ]
            for flags in ALL_FLAGS
        ]
        flags = matching_flags(candidates, self._all_steps(span))
        if flags is None:
            raise NotExpressibleError("RESIZE_BILINEAR interpolates at other positions")
        export_resize(graph, operands, "RESIZE_BILINEAR", span, flags)

    def _all_steps(self, span: Span) -> list[Tensor]:
        kept = [np.arange(size, dtype=np.int32) << STEP_BITS for size in span.sizes]
        return span.tables(split_tables(self.steps, self.sizes), kept)


def step_table(steps: Tensor, extent: int) -> I16:
    """Return lower neighbour, upper neighbour and weight of the upper one; int16 [size][3]."""
    position = steps.astype(np.int64)
    low = np.maximum(_truncated(position), 0)
    high = np.minimum(_truncated(position + _ONE - 1), extent - 1)
    table: I16 = np.stack([low, high, position - low * _ONE], axis=1).astype(np.int16)
    return table


def _truncated(position: I64) -> I64:
    quotient: I64 = np.sign(position) * (np.abs(position) // _ONE)
    return quotient


def _weighted(operand: I64, axis: int, steps: Tensor) -> I64:
    """Return the weighted sums of neighbours along one axis, 1024 times as large."""
    low, high, fraction = step_table(steps, operand.shape[axis]).astype(np.int64).T
    fraction = fraction.reshape(-1, *(1,) * (operand.ndim - axis - 1))
    lower, upper = np.take(operand, low, axis), np.take(operand, high, axis)
    total: I64 = lower * (_ONE - fraction) + upper * fraction
    return total
