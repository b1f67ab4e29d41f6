"""What all layers with weights share: int8 weights per output channel, bias, multipliers.

With real weights w, bias b, input (s_in, z_in) and output (s_out, z_out), per output channel c:

    s_w[c] = f32(max |w_c| / 127)             q_w = clamp(round(w / s_w[c]), -127, 127)
    q_b[c] = round(b[c] / (s_in s_w[c]))      M[c] = s_in s_w[c] / s_out = m[c] 2^(shift[c] - 31)
    acc = q_b[c] + sum q_w (q_in - z_in)      y = clamp(MBQM(acc, m[c], shift[c]) + z_out)

Source: spec sections 1, 2.4, 2.5, 3 and 4.1. Products and quotients are double, rounding is half
away from zero.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypedDict, TypeVar

import numpy as np
import numpy.typing as npt

from cnnc.codegen.kernel import ConstantArgument
from cnnc.errors import ModelError
from cnnc.ir.channels import ChannelBounds, ChannelSite, Mask
from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32, I8, I32, I64, Activation, Shape
from cnnc.ops._blocks import absolute_sums, row_blocks
from cnnc.ops._weighted_channels import weighted_bounds
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import (
    Arithmetic,
    activation_limits,
    quantize_multipliers,
    round_half_away,
)

WEIGHT_MAX = 127
"""Weights are symmetric: -128 would let a pair of products pass int16 x 2 in fast kernels."""
BLOCK_ELEMENTS = 2**18
"""Weights that are quantized together, whole channels; bounds the float64 copies."""
SUM_ELEMENTS = 2**16
"""Accumulators that are requantized together."""
ACTIVATION_SPAN = 255
"""Largest |q - zero_point|."""
_HARMLESS = 2.0**30
"""An accumulator that is far enough from the limits of int32."""
_BIAS_STEPS = 2.0**20
"""What the bias of a channel without weights is made of, about: no format resolves a part of it."""
_SMALLEST_SCALE = float(np.finfo(np.float32).tiny)
_LARGEST_SCALE = float(np.finfo(np.float32).max)
_Number = TypeVar("_Number", np.float32, np.int8)


class ChannelFields(TypedDict):
    """The fields of ``QuantWeightedOp`` that hold one number per output channel."""

    bias: I32
    weight_scales: F32
    multipliers: I32
    shifts: I32


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

    @abstractmethod
    def grouped_weight(self) -> I8:
        """Return the weights as [groups][out_channels / groups][taps][in_channels / groups]."""

    @abstractmethod
    def border_patterns(self, operand: Shape) -> I64:
        """Return each set of taps that some result sees inside the operand, [patterns][taps]."""

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the requantized extremes of the accumulators, borders included."""
        return weighted_bounds(self, site)

    def requantize(self, sums: npt.NDArray[np.generic], arithmetic: Arithmetic) -> I8:
        """Return int8 for sums of products, bias not yet added; last axis is the channel.

        Args:
            sums: Exact integers of any type, [...][out_channels].
            arithmetic: How accumulators are rounded.
        """
        rows = sums.reshape(-1, len(self.bias))
        result = np.empty(rows.shape, np.int8)
        # int64 copies of some rows only: a CPU's cache holds them.
        for part in row_blocks(len(rows), len(self.bias), SUM_ELEMENTS):
            result[part] = arithmetic.requantize(
                rows[part].astype(np.int64) + self.bias,
                self.multipliers,
                self.shifts,
                self.output_zero_point,
                (self.minimum, self.maximum),
            )
        return result.reshape(sums.shape)

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

    def fields_of_channels(self, outputs: Mask) -> ChannelFields:
        """Return the fields that hold one number per output channel, for some channels."""
        return ChannelFields(
            bias=self.bias[outputs],
            weight_scales=self.weight_scales[outputs],
            multipliers=self.multipliers[outputs],
            shifts=self.shifts[outputs],
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
    rows = _channel_rows(weight, channel_axis)
    bounds: I64 = np.abs(bias.astype(np.int64)) + ACTIVATION_SPAN * absolute_sums(rows)
    return bounds


def weight_sums(weight: I8, channel_axis: int) -> I64:
    """Return the sum of the weights of each output channel."""
    sums: I64 = _channel_rows(weight, channel_axis).sum(axis=1, dtype=np.int64)
    return sums


def quantize_weighted(
    weight: F32,
    bias: F32,
    activation: Activation,
    channel_axis: int,
    context: QuantizeContext,
    weight_scale: F32 | None = None,
) -> WeightedFields:
    """Quantize weights per output channel, the bias, and the multipliers to the output format.

    A channel of zeros has scale 1, or one at which its bias is about 2^20 steps. Where
    |q_b| + 255 sum |q_w| would pass int32 (spec section 1) the channel's scale is enlarged until it
    does not.

    Args:
        weight: Finite float32, any rank.
        bias: Finite float32 [out_channels].
        activation: Fused activation.
        channel_axis: Axis of ``weight`` that is the output channel.
        context: Formats of the first operand and of the result.
        weight_scale: float32 [out_channels], the model's own scales; its weights may then be -128.

    Raises:
        ModelError: A bias is so large that its weight scale would pass float32.
    """
    rows = _channel_rows(weight, channel_axis)
    source, result = context.inputs[0], context.output
    limit = WEIGHT_MAX if weight_scale is None else WEIGHT_MAX + 1
    starts = [None] * len(rows) if weight_scale is None else [float(s) for s in weight_scale]
    finder = _ScaleFinder(source.scale, limit, context.node)
    integers, scales = _quantize_rows(rows, bias, starts, finder)
    double_scales = scales.astype(np.float64)
    multipliers, shifts = quantize_multipliers(source.scale * double_scales / result.scale)
    minimum, maximum = activation_limits(activation, result)
    return WeightedFields(
        weight=_original_order(integers, weight.shape, channel_axis),
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


def _original_order(rows: I8, shape: Shape, channel_axis: int) -> I8:
    """Undo ``_channel_rows``."""
    axis = channel_axis % len(shape)
    moved = rows.reshape(shape[axis], *shape[:axis], *shape[axis + 1 :])
    return np.ascontiguousarray(np.moveaxis(moved, 0, axis))


def _quantize_rows(
    rows: F32, bias: F32, starts: Sequence[float | None], finder: "_ScaleFinder"
) -> tuple[I8, F32]:
    """Return int8 [channels][weights] and the scale of each channel."""
    integers = np.empty(rows.shape, np.int8)
    scales = np.empty(len(rows), np.float32)
    # float64 copies of some channels only: all weights may be hundreds of megabytes.
    for part in row_blocks(len(rows), rows.shape[1], BLOCK_ELEMENTS):
        wide = rows[part].astype(np.float64)
        channels = zip(wide, bias[part], starts[part], strict=True)
        scales[part] = [finder.find(row, float(b), start) for row, b, start in channels]
        integers[part] = finder.integers(wide, scales[part, np.newaxis].astype(np.float64))
    return integers, scales


@dataclass(frozen=True)
class _ScaleFinder:
    """Chooses the scale of the weights of a channel.

    Attributes:
        input_scale: Of the layer's operand.
        limit: Largest magnitude of a weight, 127 or 128; 128 of positive ones is clamped.
        node: For messages.
    """

    input_scale: float
    limit: int
    node: str

    def integers(
        self, weight: npt.NDArray[np.float64], scale: npt.NDArray[np.float64] | float
    ) -> I8:
        """Return the weights at a scale."""
        rounded = round_half_away(weight / scale)
        return np.clip(rounded, -self.limit, WEIGHT_MAX).astype(np.int8)

    def find(self, row: npt.NDArray[np.float64], bias: float, start: float | None) -> float:
        """Return the given scale, or the largest weight's over 127; more if int32 needs it."""
        scale = start or float(np.float32(np.abs(row).max(initial=0.0) / WEIGHT_MAX))
        # Below float32's normal range the quotients lose all precision: such weights count as zero.
        if scale < _SMALLEST_SCALE:
            scale = self._scale_of_bias(bias)
        while (bound := self._accumulator_bound(row, bias, scale)) >= 2.0**31:
            # The bound shrinks about in proportion to the scale; a little more ends the loop.
            scale *= bound / 2.0**31 * 1.001
            if scale > _LARGEST_SCALE:
                raise _bias_too_large(self.node)
            scale = float(np.float32(scale))
        return scale

    def _scale_of_bias(self, bias: float) -> float:
        """Return the scale of a channel of zeros: 1, or less where the bias needs more digits."""
        scale = float(np.float32(abs(bias) / (self.input_scale * _BIAS_STEPS)))
        return scale if _SMALLEST_SCALE <= scale < 1.0 else 1.0

    def _accumulator_bound(self, row: npt.NDArray[np.float64], bias: float, scale: float) -> float:
        """Return |q_b| + 255 sum |q_w|, the largest accumulator that any input can give.

        Where even the largest weights cannot reach 2^30 that limit is returned: it is enough.
        """
        most = abs(bias) / (self.input_scale * scale) + ACTIVATION_SPAN * self.limit * len(row)
        if most < _HARMLESS:
            return _HARMLESS
        taps = int(np.abs(self.integers(row, scale), dtype=np.int16).sum(dtype=np.int64))
        return abs(bias) / (self.input_scale * scale) + 0.5 + ACTIVATION_SPAN * taps


def scaled_weight_scale(weight_scale: F32 | None, factor: F32) -> F32 | None:
    """Return the scale of weights that were multiplied by a factor per output channel.

    Args:
        weight_scale: ``WeightedOp.weight_scale``.
        factor: [out_channels].

    Returns:
        [out_channels]; 0 where the factor is: the scale is then chosen from the bias.
    """
    if weight_scale is None:
        return None
    scaled = weight_scale.astype(np.float64) * np.abs(factor.astype(np.float64))
    rounded: F32 = scaled.astype(np.float32)
    return rounded


def _bias_too_large(node: str) -> ModelError:
    return ModelError(
        f"node '{node}': a bias is too large for int32 at the scale of the layer's input",
        "check the layer's bias and that the calibration data are scaled as in training",
        node,
    )
