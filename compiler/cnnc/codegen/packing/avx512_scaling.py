"""Constants per channel of the AVX-512 kernels, see ``runtime/cnnc_avx512.h``."""

from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import ConstantArgument
from cnnc.codegen.packing.proven_scale import Rescaling
from cnnc.codegen.packing.real_scale import prove_real_scale
from cnnc.ir.types import I32, I64, Rounding
from cnnc.ops._requantize import QuantWeightedOp, accumulator_bounds
from cnnc.quantize.fixed_point import Arithmetic, wrap_int32

CHANNELS = 16
"""Of a vector: ``CNNC_CHANNELS_AVX512``."""


@dataclass(frozen=True, eq=False)
class ChannelBlocks:
    """Constants in the order of ``cnnc_rescale_block_avx512``.

    Attributes:
        argument: int32 [blocks of 16 channels][bias, multiplier, shift, high, low, offset][16].
        is_real: Whether real numbers give the rule's bytes for all channels.
        is_short: Whether they do without their last bits.
    """

    argument: ConstantArgument
    is_real: bool
    is_short: bool


def channel_blocks(
    op: QuantWeightedOp, bias: I64, rounding: Rounding, order: I64 | None = None
) -> ChannelBlocks:
    """Return the constants of a layer.

    Args:
        op: Layer with weights.
        bias: What the kernel's sums start with, [channels]; they may wrap around.
        rounding: How accumulators are scaled.
        order: Channel of each place, a multiple of 16 of them, negative where there is none; by
            default the channels as they are.
    """
    places = _whole_blocks(len(op.bias)) if order is None else order
    bounds = accumulator_bounds(op.weight, op.bias, op.channel_axis)
    rescaling = Rescaling(
        multipliers=op.multipliers,
        shifts=op.shifts,
        zero_point=op.output_zero_point,
        minimum=op.minimum,
        maximum=op.maximum,
        low=-bounds,
        high=bounds,
        arithmetic=Arithmetic(rounding),
    )
    scale = prove_real_scale(rescaling)
    rows = (
        wrap_int32(bias).astype(np.int32),
        op.multipliers.astype(np.int32),
        op.shifts.astype(np.int32),
        scale.high.view(np.int32),
        scale.low.view(np.int32),
        scale.offset.view(np.int32),
    )
    table = np.stack([_placed(row, places) for row in rows], axis=1)
    argument = ConstantArgument("channels", np.ascontiguousarray(table).reshape(-1), alignment=64)
    is_real = bool(scale.proven.all())
    return ChannelBlocks(argument, is_real, is_real and not scale.low.any())


def _whole_blocks(channels: int) -> I64:
    places = np.arange(-(-channels // CHANNELS) * CHANNELS, dtype=np.int64)
    return np.where(places < channels, places, -1)


def _placed(row: I32, places: I64) -> I32:
    """Return [blocks][16] of a row by place, 0 where there is no channel."""
    values = np.where(places >= 0, row[np.maximum(places, 0)], 0)
    return values.astype(np.int32).reshape(-1, CHANNELS)
