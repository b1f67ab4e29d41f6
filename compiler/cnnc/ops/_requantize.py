"""What all layers with weights share: int8 weights per output channel, bias, multipliers.

With real weights w, bias b, input (s_in, z_in) and output (s_out, z_out), per output channel c:

    s_w[c] = f32(max |w_c| / 127)             q_w = clamp(round(w / s_w[c]), -127, 127)
    q_b[c] = round(b[c] / (s_in s_w[c]))      M[c] = s_in s_w[c] / s_out = m[c] 2^(shift[c] - 31)
    acc = q_b[c] + sum q_w (q_in - z_in)      y = clamp(MBQM(acc, m[c], shift[c]) + z_out)

Source: spec sections 1, 2.4, 2.5, 3 and 4.1. Products and quotients are double, rounding is half
away from zero.
"""

from dataclasses import dataclass
from typing import ClassVar, TypedDict, TypeVar

import numpy as np
import numpy.typing as npt

from cnnc.codegen.kernel import ConstantArgument
from cnnc.errors import ModelError
from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32, I8, I32, I64, Activation
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import (
    Arithmetic,
    activation_limits,
    quantize_multipliers,
    round_half_away,
)

WEIGHT_MAX = 127
"""Weights are symmetric: -128 would let a pair of products pass int16 x 2 in fast kernels."""
ACTIVATION_SPAN = 255
"""Largest |q - zero_point|."""
_SMALLEST_SCALE = float(np.finfo(np.float32).tiny)
_LARGEST_SCALE = float(np.finfo(np.float32).max)
_Number = TypeVar("_Number", np.float64, np.int64)


class WeightedFields(TypedDict):
    """The fields of ``QuantWeightedOp``, for its subclasses' constructors."""

    weight: I8
    bias: I32
    weight_scales: F32
    multipliers: I32
    shifts: I32
    input_zero_point: int
    output_zero_point: int
    activation: Activation
    minimum: int
    maximum: int


@dataclass(frozen=True, eq=False)
class QuantWeightedOp(QuantOp):
    """An integer op that sums products with constant weights and requantizes per output channel.

    Attributes:
        weight: int8, in [-127, 127] where cnnc quantized it; layout is the subclass's.
        bias: int32 [out_channels] at scale s_in * s_w[c], the zero point not folded in.
        weight_scales: float32 [out_channels].
        multipliers: int32 [out_channels], 0 or 2^30..2^31-1.
        shifts: int32 [out_channels], -31..30.
        input_zero_point: z_in, also what padding is filled with.
        output_zero_point: z_out.
        activation: Fused activation; ``minimum`` and ``maximum`` are its int8 limits.
        minimum: Lower clamp, -128..127.
        maximum: Upper clamp, -128..127.
    """

    weight: I8
    bias: I32
    weight_scales: F32
    multipliers: I32
    shifts: I32
    input_zero_point: int
    output_zero_point: int
    activation: Activation
    minimum: int
    maximum: int

    channel_axis: ClassVar[int]
    """Axis of ``weight`` that is the output channel."""

    def requantize(self, sums: npt.NDArray[np.generic], arithmetic: Arithmetic) -> I8:
        """Return int8 for sums of products, bias not yet added; last axis is the channel.

        Args:
            sums: Exact integers of any type, [...][out_channels].
            arithmetic: How accumulators are rounded.
        """
        accumulators = sums.astype(np.int64) + self.bias
        return arithmetic.requantize(
            accumulators,
            self.multipliers,
            self.shifts,
            self.output_zero_point,
            (self.minimum, self.maximum),
        )

    def channel_arguments(self, channel_axis: int) -> tuple[ConstantArgument, ...]:
        """Return bias with the zero point folded in, multipliers and shifts for the kernel.

        The kernels sum q_w * q_in over all taps, padding filled with z_in, so that
        acc = (q_b - z_in sum q_w) + sum q_w q_in holds at borders too (spec 4.1).

        Args:
            channel_axis: Axis of ``weight`` that is the output channel.
        """
        folded = self.bias - self.input_zero_point * weight_sums(self.weight, channel_axis)
        return (
            ConstantArgument("bias", folded.astype(np.int32)),
            ConstantArgument("multipliers", self.multipliers),
            ConstantArgument("shifts", self.shifts.astype(np.int8), alignment=1),
        )

    def output_parameters(self) -> dict[str, int]:
        """Return the kernel parameters that say how accumulators become int8."""
        return {
            "output_zero_point": self.output_zero_point,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }


def accumulator_bounds(weight: I8, bias: I32, channel_axis: int) -> I64:
    """Return |bias| + 255 sum |w| of each output channel, which no accumulator passes."""
    taps = np.abs(_channel_rows(weight.astype(np.int64), channel_axis)).sum(axis=1)
    bounds: I64 = np.abs(bias.astype(np.int64)) + ACTIVATION_SPAN * taps
    return bounds


def weight_sums(weight: I8, channel_axis: int) -> I64:
    """Return the sum of the weights of each output channel."""
    rows = _channel_rows(weight.astype(np.int64), channel_axis)
    sums: I64 = rows.sum(axis=1)
    return sums


def quantize_weighted(
    weight: F32, bias: F32, activation: Activation, channel_axis: int, context: QuantizeContext
) -> WeightedFields:
    """Quantize weights per output channel, the bias, and the multipliers to the output format.

    A channel of zeros has scale 1. Where |q_b| + 255 sum |q_w| would pass int32 (spec section 1)
    the channel's scale is enlarged until it does not.

    Args:
        weight: Finite float32, any rank.
        bias: Finite float32 [out_channels].
        activation: Fused activation.
        channel_axis: Axis of ``weight`` that is the output channel.
        context: Formats of the first operand and of the result.

    Raises:
        ModelError: A bias is so large that its weight scale would pass float32.
    """
    rows = _channel_rows(weight.astype(np.float64), channel_axis)
    source, result = context.inputs[0], context.output
    scales = np.array(
        [
            _channel_scale(row, float(offset), source.scale, context.node)
            for row, offset in zip(rows, bias, strict=True)
        ],
        dtype=np.float32,
    )
    double_scales = scales.astype(np.float64)
    multipliers, shifts = quantize_multipliers(source.scale * double_scales / result.scale)
    shape = [1] * weight.ndim
    shape[channel_axis] = -1
    minimum, maximum = activation_limits(activation, result)
    return WeightedFields(
        weight=_quantize_row(weight.astype(np.float64), double_scales.reshape(shape)),
        bias=round_half_away(bias / (source.scale * double_scales)).astype(np.int32),
        weight_scales=scales,
        multipliers=multipliers,
        shifts=shifts,
        input_zero_point=source.zero_point,
        output_zero_point=result.zero_point,
        activation=activation,
        minimum=minimum,
        maximum=maximum,
    )


def _channel_rows(weight: npt.NDArray[_Number], channel_axis: int) -> npt.NDArray[_Number]:
    moved = np.moveaxis(weight, channel_axis, 0)
    return moved.reshape(len(moved), -1)


def _quantize_row(weight: npt.NDArray[np.float64], scale: npt.NDArray[np.float64] | float) -> I8:
    return np.clip(round_half_away(weight / scale), -WEIGHT_MAX, WEIGHT_MAX).astype(np.int8)


def _channel_scale(
    row: npt.NDArray[np.float64], bias: float, input_scale: float, node: str
) -> float:
    scale = float(np.float32(np.abs(row).max(initial=0.0) / WEIGHT_MAX))
    # Below float32's normal range the quotients lose all precision: such weights count as zero.
    if scale < _SMALLEST_SCALE:
        scale = 1.0
    while (bound := _accumulator_bound(row, bias, input_scale, scale)) >= 2.0**31:
        # The bound shrinks about in proportion to the scale; a little more ends the loop.
        scale *= bound / 2.0**31 * 1.001
        if scale > _LARGEST_SCALE:
            raise _bias_too_large(node)
        scale = float(np.float32(scale))
    return scale


def _accumulator_bound(
    row: npt.NDArray[np.float64], bias: float, input_scale: float, scale: float
) -> float:
    """Return |q_b| + 255 sum |q_w|, the largest accumulator that any input can give."""
    taps = int(np.abs(_quantize_row(row, scale).astype(np.int64)).sum())
    return abs(bias) / (input_scale * scale) + 0.5 + ACTIVATION_SPAN * taps


def _bias_too_large(node: str) -> ModelError:
    return ModelError(
        f"node '{node}': a bias is too large for int32 at the scale of the layer's input",
        "check the layer's bias and that the calibration data are scaled as in training",
        node,
    )
