"""Weights and constants of ``runtime/cnnc_rows_neon32.h``, and what its kernels cost."""

from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import ConstantArgument
from cnnc.codegen.packing.neon_chains import chains_fit
from cnnc.codegen.packing.neon_scaling import scaling_parameters
from cnnc.ir.channels import Mask
from cnnc.ir.types import I8, I32, I64
from cnnc.ops._blocks import row_blocks
from cnnc.ops._requantize import QuantWeightedOp

BLOCK = 4
"""Output channels that are summed together."""
CHUNK = 32
"""Products of a channel that one turn of the loop takes."""
OVER_READ = CHUNK - 1
"""Bytes behind the last row that may be read, and multiplied by zero."""
CACHED_BYTES = 16384
"""Rows that stay in the first-level data cache, half of the smallest one (Cortex-A7: 8 to 64 kB,
32 in BCM2836), while all weights go by."""
_LANES = 8
_FLAGS = 31
_NARROW_ROWS = 64
_PART = 2**18


@dataclass(frozen=True, eq=False)
class PackedRows:
    """A layer's weights for rows of values.

    Attributes:
        arguments: Weights and constants.
        chunks: Turns of the loop.
        tail: Products behind them, 0, 8 or 16.
        pairs_overflow: Whether two products may pass 16 bits.
        careful: Share of the chunks whose chains of four may.
        blocks: Of four output channels.
    """

    arguments: tuple[ConstantArgument, ConstantArgument]
    chunks: int
    tail: int
    pairs_overflow: bool
    careful: float
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
            "pairs_overflow": int(self.pairs_overflow),
        }

    def instructions(self, rows: int) -> int:
        """Estimate what all results of some rows take, which are computed in one go."""
        one = rows == 1
        chunk = (27 if one else 48) + self.careful * (6 if one else 12)
        tail = {0: 0, 8: 11 if one else 20, 16: 18 if one else 32}[self.tail]
        tile = round(self.chunks * chunk + tail)
        if one:
            return self.blocks * (tile + 30) + 110
        return self.blocks * ((rows + 1) // 2 * (tile + 42) + 30) + 130


def packed_rows(op: QuantWeightedOp, weight: I8) -> PackedRows:
    """Return a layer's constants in the order of the kernels.

    Args:
        op: The layer; its channels are not in groups.
        weight: [out][depth], each row in the order of its values.
    """
    channels = block_channels(len(weight))
    chunks, tail = _split(weight.shape[1])
    overflow = not _pairs_fit(weight)
    if overflow and tail > _LANES:
        chunks, tail = chunks + 1, 0
    weights = np.zeros((len(channels), BLOCK * (CHUNK * chunks + tail)), np.int8)
    flags = np.zeros((len(channels), chunks), np.bool_)
    for part in row_blocks(len(channels), weights.shape[1], _PART):
        blocks = _padded(weight, channels[part], CHUNK * chunks + tail)
        whole = blocks[:, :, : CHUNK * chunks].reshape(len(blocks), BLOCK, chunks, CHUNK)
        flags[part] = chains_fit(whole.reshape(*whole.shape[:3], 4, _LANES)).all(axis=1)
        rest = blocks[:, :, CHUNK * chunks :].reshape(len(blocks), -1)
        ordered = whole.transpose(0, 2, 1, 3).reshape(len(blocks), -1)
        weights[part] = np.concatenate([ordered, rest], axis=1)
    return PackedRows(
        arguments=(
            ConstantArgument("weights", weights.reshape(-1), alignment=16),
            ConstantArgument("channels", _constants(op, channels, flags), alignment=16),
        ),
        chunks=chunks,
        tail=tail,
        pairs_overflow=overflow,
        careful=1.0 - float(flags.mean()) if flags.size else 0.0,
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


def rows_at_once(rows: int, row_bytes: int, channels: int) -> int:
    """Return how many rows a call takes: even numbers, as they are computed two by two.

    Args:
        rows: All of them.
        row_bytes: Bytes of one.
        channels: Of the output.
    """
    most = max(2, CACHED_BYTES // row_bytes)
    if channels < BLOCK:
        most = min(most, _NARROW_ROWS)
    if rows <= most:
        return rows
    parts = -(-rows // most)
    return -(-rows // (2 * parts)) * 2


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


def whole_lanes(bytes_: int) -> int:
    """Return the next multiple of what a vector of bytes holds."""
    return -(-bytes_ // _LANES) * _LANES


def _split(depth: int) -> tuple[int, int]:
    """Return chunks and tail: what makes more than half a chunk is a whole one."""
    chunks, rest = divmod(depth, CHUNK)
    tail = whole_lanes(rest)
    return (chunks + 1, 0) if tail > CHUNK // 2 else (chunks, tail)


def _pairs_fit(weight: I8) -> bool:
    """Return whether any two products of a channel fit: weights of -128 may pass 16 bits."""
    lowest = np.iinfo(np.int8).min
    if not (weight == lowest).any():
        return True
    columns = -(-weight.shape[1] // (2 * _LANES)) * 2 * _LANES
    padded = np.zeros((len(weight), columns), np.int8)
    padded[:, : weight.shape[1]] = weight
    return bool(chains_fit(padded.reshape(len(weight), -1, 2, _LANES)).all())


def _padded(weight: I8, channels: I64, depth: int) -> I8:
    """Return [blocks][4][depth], zeros where there are no weights."""
    padded = np.zeros((*channels.shape, depth), np.int8)
    known = channels < len(weight)
    padded[known, : weight.shape[1]] = weight[channels[known]]
    return padded


def _constants(op: QuantWeightedOp, channels: I64, flags: Mask) -> I32:
    """Return [block][bias 4][multiplier 4][shift 4][words]."""
    numbers = []
    for argument in op.channel_arguments(op.channel_axis):
        wide = np.zeros(max(len(argument.array), BLOCK), np.int32)
        wide[: len(argument.array)] = argument.array
        numbers.append(wide[channels])
    constants: I32 = np.concatenate([*numbers, _words(flags)], axis=1).reshape(-1)
    return constants


def _words(flags: Mask) -> I32:
    """Return the flags of each block's chunks, 31 to a word from the highest bit, then a 1."""
    blocks, chunks = flags.shape
    words = []
    for first in range(0, max(chunks, 1), _FLAGS):
        some = flags[:, first : first + _FLAGS]
        bits = np.concatenate([some, np.ones((blocks, 1), np.bool_)], axis=1)
        places = np.uint32(1) << np.arange(31, 31 - bits.shape[1], -1, dtype=np.uint32)
        words.append((bits * places).sum(axis=1, dtype=np.uint32))
    signed: I32 = np.stack(words, axis=1).view(np.int32)
    return signed
