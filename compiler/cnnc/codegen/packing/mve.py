"""Constants of the Helium kernels: how accumulators are scaled, and weights in panel order.

A kernel scales by VQRDMULH twice: R = round(x * m / 2^31), then round(R * d / 2^31) with the
divider d = 2^(31 - n) + 1 for a shift of -n. That is RDBPOT(R, n) of spec 2.2: in
R d / 2^31 + 1/2 = (R / 2^n + 1/2) + R / 2^31 the first term is a multiple of 2^-n, so that while
0 <= R < 2^(31 - n) or -2^(31 - n) <= R < 0 the second moves the floor only of a negative number
that is a tie, which goes away from zero. Beyond, the error is at most 1, and for n <= 11 the result
has passed int8 by then. Where all negative results clamp to one value, d = 2^(31 - n) is exact for
every n, as it is in single rounding, where R is rounded down (VQDMULH): floors nest.
"""

from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import ConstantArgument, LoweringSite
from cnnc.codegen.variants import Refusal
from cnnc.ir.types import I8, I32, I64
from cnnc.ops._requantize import QuantWeightedOp, accumulator_bounds, weight_sums
from cnnc.ops.conv2d.quant_op import QuantConv2d

STEP = 16
"""Products that one VMLADAV adds up."""
QUAD = 4
BLOCK = 8
"""Output channels of a fully connected layer that are summed together."""
_LARGEST_SIGNED_SHIFT = 11
_WIDEST_PIXEL = 2**16 // QUAD - 1
"""Channels for which the offsets of four pixels have 16 bits."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """Constants of each output channel, int32 [out_channels].

    Attributes:
        bias: With the zero point of the input folded in.
        multipliers: m, 0 or 2^30..2^31 - 1.
        dividers: d.
    """

    bias: I32
    multipliers: I32
    dividers: I32

    def take(self, channels: I64) -> "Scaling":
        """Return the constants of some channels, in the order given."""
        return Scaling(self.bias[channels], self.multipliers[channels], self.dividers[channels])


def folded_scaling(op: QuantWeightedOp, site: LoweringSite) -> Scaling | Refusal:
    """Return the constants for the two multiplications, or why they would not be exact.

    Args:
        op: Layer with weights.
        site: Where it is; the rounding matters.
    """
    folded = op.bias - op.input_zero_point * weight_sums(op.weight, op.channel_axis)
    bias: I32 = folded.astype(np.int32)
    shifts = np.where(op.multipliers == 0, -1, op.shifts).astype(np.int64)
    right = -shifts
    if (right < 0).any():
        return Refusal("a multiplier is 1 or more")
    dividers = np.where(right == 0, 2**31 - 1, 2 ** (31 - np.maximum(right, 1)))
    if site.rounding == "single":
        if (right == 0).any():
            return Refusal("a multiplier is 1/2 or more and is rounded once")
        return Scaling(bias, op.multipliers, dividers.astype(np.int32))
    if op.minimum < op.output_zero_point:
        bounds = accumulator_bounds(op.weight, op.bias, op.channel_axis)
        scaled = (bounds * op.multipliers.astype(np.int64) >> 31) + 1
        exact = (right <= _LARGEST_SIGNED_SHIFT) | (scaled <= 2 ** (31 - right))
        if not exact.all():
            return Refusal("negative results of a channel with a small multiplier may be ties")
        dividers = dividers + (right > 0)
    return Scaling(bias, op.multipliers, dividers.astype(np.int32))


def convolution_constants(
    op: QuantConv2d, site: LoweringSite
) -> tuple[ConstantArgument, ConstantArgument] | Refusal:
    """Return weights and channels of a convolution without groups for the panel kernels.

    Refuses inexact scaling and more channels than the scatter stores reach.
    """
    if len(op.weight) % QUAD and len(op.weight) > _WIDEST_PIXEL:
        return Refusal(f"{len(op.weight)} output channels are out of the scatter store's reach")
    constants = folded_scaling(op, site)
    if isinstance(constants, Refusal):
        return constants
    weights = panel_weights(op.weight.reshape(len(op.weight), -1))
    return (
        ConstantArgument("weights", weights),
        ConstantArgument("channels", panel_channels(constants)),
    )


def panel_order(channels: int) -> I64:
    """Return the channels in the order of the panel kernels' pairs, [pairs][2].

    By fours (0, 2), (1, 3) if their number is a multiple of 4, else two by two, a last odd one
    twice.
    """
    if channels % QUAD == 0:
        fours = np.arange(channels).reshape(-1, 2, 2)
        return np.ascontiguousarray(fours.transpose(0, 2, 1)).reshape(-1, 2)
    pairs = np.arange(channels + channels % 2).reshape(-1, 2)
    return np.minimum(pairs, channels - 1)


def panel_weights(weight: I8) -> I8:
    """Return weights [out][depth] as [pair][step][2][first depth or 16], see cnnc_mve_panel.h."""
    pairs = weight[panel_order(len(weight))]
    first = first_depth(weight.shape[1])
    later = pairs[:, :, first:].reshape(len(pairs), 2, -1, STEP).transpose(0, 2, 1, 3)
    steps = [pairs[:, :, :first].reshape(len(pairs), -1), later.reshape(len(pairs), -1)]
    packed: I8 = np.concatenate(steps, axis=1).reshape(-1)
    missing = STEP - first if weight.shape[1] < STEP else 0
    return np.concatenate([packed, np.zeros(missing, np.int8)])


def panel_channels(constants: Scaling) -> I32:
    """Return [pair][bias, bias, multiplier, multiplier, divider, divider]."""
    pairs = constants.take(panel_order(len(constants.bias)))
    return np.concatenate([pairs.bias, pairs.multipliers, pairs.dividers], axis=1).reshape(-1)


def slide_weights(weight: I8) -> I8:
    """Return [out][row][3][in] as [pair][row][in / 16][3][2][16], see cnnc_mve_slide.h."""
    _, rows, cols, _ = weight.shape
    pairs = weight[panel_order(len(weight))].reshape(
        -1, 2, rows, cols, weight.shape[3] // STEP, STEP
    )
    return np.ascontiguousarray(pairs.transpose(0, 2, 4, 3, 1, 5)).reshape(-1)


def first_depth(depth: int) -> int:
    """Return how deep the first step is, 1..16; later ones are 16 deep."""
    return (depth - 1) % STEP + 1


def steps(depth: int) -> int:
    """Return how many steps a sum of products takes."""
    return -(-depth // STEP)


def rounded(bytes_: int) -> int:
    """Return the next multiple of a vector's 16 bytes."""
    return STEP * steps(bytes_)


def panel_bytes(depth: int) -> int:
    """Return the scratch memory of a panel of four pixels."""
    return QUAD * STEP * steps(depth)


def panels(pixels: int) -> int:
    """Return how many panels a line of pixels takes; fewer than four take one each."""
    return pixels if pixels < QUAD else -(-pixels // QUAD)


def panel_instructions(channels: int, depth: int) -> int:
    """Return what one panel takes, its packing included."""
    later = steps(depth) - 1
    ragged = 3 if depth % STEP else 0
    pairs = -(-channels // 2)
    by_pair = 14 + 14 * later + 13 + ragged
    if channels % QUAD:
        return pairs * (by_pair + 12) + 60 + 9 * later
    if later == 0:
        return pairs * 28 + 30
    deep = 7 + 2 * (later // 8) if later > 8 else 0
    return pairs * (by_pair + deep + 6) + 45 + 9 * later


def row_weights(weight: I8) -> I8:
    """Return weights [out][depth] as [block][step][8][depth % 16 or 16] of cnnc_mve_rows.h."""
    outputs, depth = weight.shape
    missing = -outputs % BLOCK
    blocks = np.concatenate([weight, np.zeros((missing, depth), np.int8)]).reshape(-1, BLOCK, depth)
    first = depth % STEP
    later = blocks[:, :, first:].reshape(len(blocks), BLOCK, -1, STEP).transpose(0, 2, 1, 3)
    parts = [blocks[:, :, :first].reshape(len(blocks), -1), later.reshape(len(blocks), -1)]
    over = np.zeros(STEP - first if depth < STEP else 0, np.int8)
    packed: I8 = np.concatenate([np.concatenate(parts, axis=1).reshape(-1), over])
    return packed


def row_channels(constants: Scaling) -> I32:
    """Return [block] biases, multipliers and dividers of eight channels, even ones first."""
    outputs = len(constants.bias)
    blocks = np.arange(outputs + -outputs % BLOCK).reshape(-1, BLOCK // 2, 2).transpose(0, 2, 1)
    taken = constants.take(np.minimum(blocks, outputs - 1).reshape(-1, BLOCK))
    return np.concatenate([taken.bias, taken.multipliers, taken.dividers], axis=1).reshape(-1)
