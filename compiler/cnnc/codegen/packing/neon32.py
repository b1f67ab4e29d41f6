"""Weights and constants of ``runtime/cnnc_rows_neon32.h``, and what its kernels cost."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnc.codegen.kernel import ConstantArgument
from cnnc.codegen.packing.neon_chains import chains_fit
from cnnc.codegen.packing.neon_scaling import scaling_parameters
from cnnc.ir.types import I8, I32, I64
from cnnc.ops._blocks import row_blocks
from cnnc.ops._requantize import QuantWeightedOp

BLOCK = 4
"""Output channels that are summed together."""
CHUNK = 32
"""Products of a channel that one turn of the loop takes."""
OVER_READ = CHUNK - 1
"""Bytes behind the last row that may be read, and multiplied by zero."""
_SCRATCH = 3 * 2**11
"""Patches that are gathered at once: so many make a call's own instructions count little."""
_FIRST_CACHE = 2**14
"""Rows that stay in a first-level data cache, half of BCM2836's, while all weights go by."""
_SECOND_CACHE = 2**17
"""The same for the second level, a quarter of BCM2836's and BCM2837's: where the weights are so
large that reading them often costs more than rows that are farther away."""
_WEIGHTS_PER_ROWS = 4
_LANES = 8
_ONE_BY_ONE = 18
_END = {0: 20, 8: 16, 16: 17}
"""Steps as in cnnc_rows_neon32.h."""
_NARROW_ROWS = 64
_PART = 2**18


@dataclass(frozen=True, eq=False)
class PackedRows:
    """A layer's weights for rows of values.

    Attributes:
        arguments: Weights and constants.
        chunks: Turns of the loop.
        tail: Products behind them, 0, 8 or 16.
        longer: Share of the chunks' channels whose chains of four may pass 16 bits.
        blocks: Of four output channels.
    """

    arguments: tuple[ConstantArgument, ConstantArgument]
    chunks: int
    tail: int
    longer: float
    blocks: int

    @property
    def depth(self) -> int:
        """Products of a channel, zero weights included."""
        return CHUNK * self.chunks + self.tail

    def parameters(self) -> dict[str, int]:
        """Return the kernels' parameters that say how weights lie."""
        return {
            "depth": self.depth,
            "chunks": self.chunks,
            "tail": self.tail,
        }

    def instructions(self, rows: int) -> int:
        """Estimate what all results of some rows take, which are computed in one go."""
        one = rows == 1
        chunk = (27 if one else 48) + self.longer * (4 if one else 8)
        tail = {0: 0, 8: 11 if one else 20, 16: 18 if one else 32}[self.tail]
        tile = round(self.chunks * chunk + tail)
        if one:
            return self.blocks * (tile + 30) + 75
        return self.blocks * ((rows + 1) // 2 * (tile + 37) + 32) + 85


def packed_rows(op: QuantWeightedOp, weight: I8) -> PackedRows:
    """Return a layer's constants in the order of the kernels.

    Args:
        op: The layer; its channels are not in groups.
        weight: [out][depth], each row in the order of its values.
    """
    channels = block_channels(len(weight))
    chunks, tail = _split(weight.shape[1])
    if tail > _LANES and not _pairs_fit(weight[:, CHUNK * chunks :]):
        chunks, tail = chunks + 1, 0
    weights = np.zeros((len(channels), BLOCK * (CHUNK * chunks + tail)), np.int8)
    steps = np.zeros((len(channels), whole(chunks + 1, 4)), np.uint8)
    steps[:, chunks] = _END[tail]
    longer = 0
    for part in row_blocks(len(channels), weights.shape[1], _PART):
        blocks = _padded(weight, channels[part], CHUNK * chunks + tail)
        body = blocks[:, :, : CHUNK * chunks].reshape(len(blocks), BLOCK, chunks, CHUNK)
        body = body.transpose(0, 2, 1, 3)
        steps[part, :chunks] = _steps(body)
        longer += int(np.unpackbits(steps[part, :chunks]).sum())
        rest = blocks[:, :, CHUNK * chunks :].reshape(len(blocks), -1)
        weights[part] = np.concatenate([body.reshape(len(blocks), -1), rest], axis=1)
    return PackedRows(
        arguments=(
            ConstantArgument("weights", weights.reshape(-1), alignment=16),
            ConstantArgument("channels", _constants(op, channels, steps), alignment=16),
        ),
        chunks=chunks,
        tail=tail,
        longer=longer / max(1, len(channels) * chunks * BLOCK),
        blocks=len(channels),
    )


def block_channels(count: int) -> I64:
    """Return the channels of each block, [blocks][4]; ``count`` and more for missing ones."""
    if count < BLOCK:
        return np.arange(BLOCK).reshape(1, BLOCK)
    firsts = np.minimum(np.arange(0, count, BLOCK), count - BLOCK)
    blocks: I64 = firsts[:, np.newaxis] + np.arange(BLOCK)
    return blocks


def scale_kind(op: QuantWeightedOp) -> int:
    """Return ``scale`` of ``struct cnnc_rows_neon32``."""
    scaling = scaling_parameters(op)
    if scaling["has_left_shift"] or (scaling["sees_negative"] and scaling["has_shift_of_zero"]):
        return 2
    return scaling["sees_negative"]


def rows_at_once(rows: int, row_bytes: int, weight: I8) -> int:
    """Return how many rows that lie in memory a call takes: even numbers, for two by two.

    Args:
        rows: All of them.
        row_bytes: Bytes of one.
        weight: [out][...].
    """
    most = _most_rows(row_bytes, weight, _FIRST_CACHE)
    if rows <= most:
        return rows
    calls = -(-rows // most)
    return whole(-(-rows // calls), 2)


def patches_at_once(lines: int, cols: int, row_bytes: int, weight: I8) -> int:
    """Return how many patches are gathered for a call: whole lines of the output if they fit.

    Args:
        lines: Of all outputs.
        cols: Pixels of one.
        row_bytes: Bytes of a patch.
        weight: [out][...].
    """
    most = _most_rows(row_bytes, weight, _SCRATCH)
    if cols > most:
        calls = -(-cols // most)
        return min(lines * cols, whole(-(-cols // calls), 2))
    some = most // cols
    if some > 1 and some * cols % 2:
        some -= 1
    return cols * min(lines, some)


def _most_rows(row_bytes: int, weight: I8, least_bytes: int) -> int:
    cached = min(max(weight.size // _WEIGHTS_PER_ROWS, least_bytes), _SECOND_CACHE)
    most = max(2, cached // row_bytes)
    return min(most, _NARROW_ROWS) if len(weight) < BLOCK else most


def all_instructions(packed: PackedRows, rows: int, at_once: int) -> int:
    """Estimate what all results take.

    Args:
        packed: The weights.
        rows: All of them.
        at_once: Those of one call.
    """
    calls, rest = divmod(rows, at_once)
    last = packed.instructions(rest) if rest else 0
    return calls * packed.instructions(at_once) + last


def whole(number: int, unit: int = _LANES) -> int:
    """Return the next multiple of a unit, of a vector's bytes by default."""
    return -(-number // unit) * unit


def _split(depth: int) -> tuple[int, int]:
    """Return chunks and tail: what makes more than half a chunk is a whole one."""
    chunks, rest = divmod(depth, CHUNK)
    tail = whole(rest)
    return (chunks + 1, 0) if tail > CHUNK // 2 else (chunks, tail)


def _pairs_fit(tail: I8) -> bool:
    """Return whether the products of a tail of 16 fit two by two: weights of -128 may not."""
    padded = np.zeros((len(tail), 2 * _LANES), np.int8)
    padded[:, : tail.shape[1]] = tail
    return bool(chains_fit(padded.reshape(len(tail), 2, _LANES)).all())


def _steps(body: I8) -> npt.NDArray[np.uint8]:
    """Return how each chunk of [blocks][chunks][4][32] is summed."""
    longer = ~chains_fit(body.reshape(*body.shape[:3], 4, _LANES))
    pairs = chains_fit(body.reshape(*body.shape[:3], 2, 2, _LANES)).all(axis=(2, 3))
    masks = (longer * (1 << np.arange(BLOCK))).sum(axis=2)
    return np.where(pairs, masks, _ONE_BY_ONE).astype(np.uint8)


def _padded(weight: I8, channels: I64, depth: int) -> I8:
    """Return [blocks][4][depth], zeros where there are no weights."""
    padded = np.zeros((*channels.shape, depth), np.int8)
    known = channels < len(weight)
    padded[known, : weight.shape[1]] = weight[channels[known]]
    return padded


def _constants(op: QuantWeightedOp, channels: I64, steps: npt.NDArray[np.uint8]) -> I32:
    """Return [block][bias 4][multiplier 4][shift 4][steps]."""
    numbers = []
    for argument in op.channel_arguments(op.channel_axis):
        wide = np.zeros(max(len(argument.array), BLOCK), np.int32)
        wide[: len(argument.array)] = argument.array
        numbers.append(wide[channels])
    constants: I32 = np.concatenate([*numbers, steps.view("<i4")], axis=1).reshape(-1)
    return constants
