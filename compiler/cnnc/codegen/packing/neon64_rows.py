"""Constants of rows times channels for AArch64 without dot products: runtime/cnnc_rows_neon64.h."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnc.codegen.kernel import ConstantArgument, LoweringSite
from cnnc.codegen.packing.neon64_steps import BLOCK, GROUP, RUN_COST, STEPS, cheapest_steps
from cnnc.codegen.packing.neon_scaling import scaling_parameters
from cnnc.ir.types import I8, I32, I64
from cnnc.ops._requantize import QuantWeightedOp

OVER_READ_BYTES = 15
"""How far the last values of a row are read beyond its end."""
_VECTOR = 16
_LONGEST_RUN = 2**15
_PIXEL_PAIR_COST = 40
"""Instructions for two rows and eight channels, without the products."""
_SINGLE_ROW_COST = 28
_BLOCK_COST = 14
_CALL_COST = 60
_KEPT_WAYS = {
    (0,): (1, 66),
    (1,): (2, 90),
    (2,): (3, 110),
    (1, 0): (4, 126),
    (3,): (5, 122),
    (1, 1): (6, 138),
}
"""Steps of a row whose weights stay in registers -> the way, instructions for two rows."""
_TILE_BYTES = ((2**14, 2**12), (2**17, 2**14))
"""Weights at most, and how many bytes of rows are multiplied with all channels before the next.

Beside 16 kB of weights half of a first cache is left, and more rows at once gain nothing: 4 kB keep
the arena small. 128 kB are what a small second cache holds beside values.
"""
_LARGE_TILE_BYTES = 2**16
"""The same where weights come from far away, so that they are read less often."""


@dataclass(frozen=True, eq=False)
class PackedRows:
    """Constants of rows times channels.

    Attributes:
        arguments: Weights, runs and channels.
        pair_cost: Instructions for two rows and all channels.
        single_cost: Instructions for one row.
        blocks: How many blocks of channels there are.
    """

    arguments: tuple[ConstantArgument, ConstantArgument, ConstantArgument]
    pair_cost: int
    single_cost: int
    blocks: int

    def instructions(self, rows: int, tile: int) -> int:
        """Return an estimate for a number of rows, so many of which are multiplied together."""
        products = rows // 2 * self.pair_cost + rows % 2 * self.single_cost
        return products + -(-rows // tile) * (_CALL_COST + self.blocks * _BLOCK_COST)


def pack_rows(op: QuantWeightedOp, site: LoweringSite) -> PackedRows:
    """Return the constants of a layer that multiplies rows of values.

    Args:
        op: Its weights are [out][...], in the order of a row's values.
        site: Where it is; the rounding matters.
    """
    order = _channel_order(len(op.weight))
    groups = _grouped(op.weight.reshape(len(op.weight), -1), order)
    kinds = cheapest_steps(groups)
    blocks = [_Block.of(*block) for block in zip(groups, kinds, strict=True)]
    arguments = (
        ConstantArgument("weights", _step_weights(groups, kinds), 16),
        ConstantArgument("runs", np.concatenate([block.runs for block in blocks])),
        ConstantArgument("channels", _channels(op, order, site), 16),
    )
    return PackedRows(
        arguments,
        sum(block.pair_cost for block in blocks),
        sum(block.single_cost for block in blocks),
        len(blocks),
    )


@dataclass(frozen=True, eq=False)
class _Block:
    """How the sums of eight channels are computed.

    Attributes:
        runs: As in runtime/cnnc_rows_neon64.h.
        pair_cost: Instructions for two rows.
        single_cost: Instructions for one row.
    """

    runs: I32
    pair_cost: int
    single_cost: int

    @classmethod
    def of(cls, groups: I8, kinds: npt.NDArray[np.int8]) -> "_Block":
        """Return the block of some weights.

        Args:
            groups: [8][groups][8].
            kinds: Of the step that begins at each group, -1 where none does.
        """
        taken = kinds[kinds >= 0]
        runs = _runs(taken)
        starts = RUN_COST * (len(runs) - 1)
        pair_cost = sum(STEPS[kind].cost for kind in taken) + starts + _PIXEL_PAIR_COST
        single_cost = sum(STEPS[kind].single_cost for kind in taken) + starts + _SINGLE_ROW_COST
        way, kept_cost = _KEPT_WAYS.get(tuple(taken.tolist()), (0, pair_cost))
        if way == 1 and _has_least_neighbours(groups):
            way, kept_cost = 0, pair_cost
        entry = np.array([4 * way], np.int32)
        return cls(np.concatenate([entry, runs]), kept_cost, single_cost)


def _has_least_neighbours(groups: I8) -> bool:
    """Return whether two products that are added up in int16 may pass it."""
    least = groups == -128
    return bool((least[..., ::2] & least[..., 1::2]).any())


def scaling_kind(op: QuantWeightedOp, site: LoweringSite) -> int:
    """Return the field ``scaling`` of ``struct cnnc_rows_layer_neon64``."""
    scaling = scaling_parameters(op)
    if site.rounding == "single":
        return 3
    if scaling["has_left_shift"]:
        return 2
    if (op.output_zero_point, op.minimum, op.maximum) == (-128, -128, 127):
        return 0
    return 2 if scaling["sees_negative"] and scaling["has_shift_of_zero"] else 1


def tile_rows(weight: I8, row_bytes: int, rows: int) -> int:
    """Return how many rows are multiplied with all channels before the next ones.

    Args:
        weight: Of the layer.
        row_bytes: Of one row of values, more than 0.
        rows: How many there are.
    """
    near = (tile for most, tile in _TILE_BYTES if weight.size <= most)
    tile_bytes = next(near, _LARGE_TILE_BYTES)
    most = max(2, tile_bytes // row_bytes)
    tiles = -(-rows // most)
    even = -(-rows // tiles)
    return min(rows, even + even % 2)


def result_bytes(channels: int, rows: int) -> int:
    """Return the scratch memory for results: a tile's rows if they are shorter than a block."""
    return BLOCK * (rows if channels < BLOCK else 1)


def round_up_to_group(depth: int) -> int:
    """Return the next multiple of a group's values."""
    return -(-depth // GROUP) * GROUP


def _channel_order(channels: int) -> I64:
    """Return [blocks][8] channels; the last block overlaps, -1 where there are too few."""
    if channels < BLOCK:
        return np.where(np.arange(BLOCK) < channels, np.arange(BLOCK), -1)[np.newaxis]
    first = np.minimum(np.arange(0, channels, BLOCK), channels - BLOCK)
    order: I64 = first[:, np.newaxis] + np.arange(BLOCK)
    return order


def _grouped(weight: I8, order: I64) -> I8:
    """Return weights [out][depth] as [blocks][8][groups][8], zeros where there are none."""
    channels, depth = weight.shape
    padded = np.zeros((channels + 1, round_up_to_group(depth)), np.int8)
    padded[:channels, :depth] = weight
    return padded[order].reshape(*order.shape, -1, GROUP)


def _step_weights(groups: I8, kinds: npt.NDArray[np.int8]) -> I8:
    """Return the weights in the order of the steps."""
    blocks, _, count, _ = groups.shape
    packed = np.zeros((blocks, count, BLOCK * GROUP), np.int8)
    for kind, step in enumerate(STEPS):
        block, first = np.nonzero(kinds == kind)
        span = first[:, np.newaxis] + np.arange(step.groups)
        taken = groups[block[:, np.newaxis], :, span].transpose(0, 2, 1, 3)
        ordered = _by_pairs(taken).reshape(*span.shape, BLOCK * GROUP)
        packed[block[:, np.newaxis], span] = ordered
    return packed.reshape(-1)


def _by_pairs(taken: I8) -> I8:
    """Return [steps][8][groups][8] by pairs of channels: whole vectors of each, then the rest."""
    steps, _, count, _ = taken.shape
    pairs = taken.reshape(steps, BLOCK // 2, 2, count * GROUP)
    whole = count * GROUP // _VECTOR * _VECTOR
    rest = count * GROUP - whole
    vectors = pairs[..., :whole].reshape(steps, BLOCK // 2, 2 * whole)
    return np.concatenate(
        [vectors, pairs[..., whole:].reshape(steps, BLOCK // 2, 2 * rest)], axis=2
    )


def _runs(kinds: npt.NDArray[np.int8]) -> I32:
    """Return a block's steps as runs of equal ones, -1 behind the last."""
    changes = np.nonzero(np.diff(kinds))[0] + 1
    runs = []
    for run in np.split(kinds, changes):
        for start in range(0, len(run), _LONGEST_RUN):
            number = min(len(run) - start, _LONGEST_RUN)
            runs.append((number - 1) * 2**16 + 4 * int(run[0]))
    return np.array([*runs, -1], np.int32)


def _channels(op: QuantWeightedOp, order: I64, site: LoweringSite) -> I32:
    """Return each block's biases with three zeros behind each, multipliers and shifts."""
    bias, multipliers, shifts = (argument.array for argument in op.channel_arguments(0))
    less = 31 if site.rounding == "single" else 0
    packed = np.zeros((len(order), 6, BLOCK), np.int32)
    wide = np.zeros((len(order), BLOCK, 4), np.int32)
    is_channel = order >= 0
    wide[:, :, 0] = np.where(is_channel, bias[order], 0)
    packed[:, :4] = wide.reshape(len(order), 4, BLOCK)
    packed[:, 4] = np.where(is_channel, multipliers[order], 0)
    packed[:, 5] = np.where(is_channel, shifts[order].astype(np.int32), -1) - less
    return packed.reshape(-1)
