"""Tiles of rows and channels for AVX-512 VNNI: their sizes and the order of their weights.

See ``runtime/cnnc_tiles_avx512vnni.h``. A tile of r rows and v vectors of 16 channels takes r v
instructions that multiply for each four products of a sum, one per cycle. What else it takes is
hidden behind them while there are enough of them: v loads of weights and r of values, and the
4 cycles until a sum may be added to again. Tiles of a layer are all of one height, so that little
is computed twice where the last one overlaps.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.codegen.packing.avx512_scaling import CHANNELS, channel_blocks
from cnnc.ir.types import I8, I64
from cnnc.ops._requantize import QuantWeightedOp, weight_sums

QUAD = 4
"""Products that one instruction adds to a sum."""
_FLIP = 128
"""What is added to values, so that they are unsigned."""
_MOST_SUMS = 24
_MOST_ROWS = 12
_LATENCY = 4
_CACHE_BYTES = 24 * 1024
"""Of the first cache, for a block's weights."""
_SMALL_CHUNK, _LARGE_CHUNK = 12 * 1024, 256 * 1024
"""Bytes of rows that are made at once: they stay in the first or second cache until all channels
are computed."""


@dataclass(frozen=True)
class Tiles:
    """How a layer is cut up.

    Attributes:
        rows: Of a tile.
        vectors: Of a tile, fewer in the last block of channels.
        chunk_rows: Rows that are made at once, a multiple of those of a tile.
        scratch_bytes: For them.
        instructions: Estimate for one inference.
    """

    rows: int
    vectors: int
    chunk_rows: int
    scratch_bytes: int
    instructions: int

    def parameters(self) -> dict[str, int]:
        """Return the kernels' parameters."""
        return {
            "tile_rows": self.rows,
            "tile_vectors": self.vectors,
            "chunk_rows": self.chunk_rows,
        }


@dataclass(frozen=True)
class _Layer:
    rows: int
    quads: int
    channels: int

    def cycles(self, rows: int, vectors: int) -> int:
        """Return about how long tiles of a size take."""
        tiles = -(-self.rows // rows)
        return tiles * sum(self._tile_cycles(rows, v) for v in _blocks(self.channels, vectors))

    def _tile_cycles(self, rows: int, vectors: int) -> int:
        weight_bytes = vectors * CHANNELS * QUAD * self.quads
        # Weights that are not in the first cache come from the second at half the speed.
        far = self.rows == rows or weight_bytes > _CACHE_BYTES
        loads = vectors * (2 if far else 1) + rows // 2
        return self.quads * max(rows * vectors, loads, _LATENCY) + 4 * rows * vectors + 20


def plan_tiles(rows: int, depth: int, channels: int) -> Tiles:
    """Choose the tiles of a layer.

    Args:
        rows: Output pixels, or rows of a matrix.
        depth: Products of a sum.
        channels: Of the output.
    """
    quads = -(-depth // QUAD)
    layer = _Layer(rows, quads, channels)
    sizes = [
        (height, vectors)
        for vectors in (1, 2, 4)
        for height in range(1, min(rows, _MOST_ROWS, _MOST_SUMS // vectors) + 1)
    ]
    height, vectors = min(sizes, key=lambda size: (layer.cycles(*size), -size[0]))
    row_bytes = QUAD * quads
    is_small = channels * row_bytes <= _CACHE_BYTES
    wanted = (_SMALL_CHUNK if is_small else _LARGE_CHUNK) // row_bytes
    chunk = max(1, min(wanted, rows) // height) * height
    return Tiles(
        rows=height,
        vectors=vectors,
        chunk_rows=chunk,
        scratch_bytes=chunk * row_bytes,
        instructions=2 * layer.cycles(height, vectors) + rows * (20 + row_bytes // 16),
    )


def tiles_lowering(
    call: KernelCall, kernel: str, op: QuantWeightedOp, site: LoweringSite, rows: int
) -> Lowering:
    """Return the lowering of a layer by tiles.

    Args:
        call: Of the plain kernel, whose parameters are the new one's first.
        kernel: Name of the new one.
        op: Without groups; output channels first in its weights.
        site: Where it is; its rounding counts.
        rows: Output pixels, or rows of a matrix.
    """
    weights = op.weight.reshape(len(op.weight), -1)
    tiles = plan_tiles(rows, weights.shape[1], len(weights))
    order = channel_order(len(weights), tiles.vectors)
    sums = weight_sums(op.weight, op.channel_axis)
    blocks = channel_blocks(
        op, op.bias - (op.input_zero_point + _FLIP) * sums, site.rounding, order
    )
    parameters = {
        **call.parameters,
        "is_real": int(blocks.is_real),
        **tiles.parameters(),
    }
    parameters.pop("groups", None)
    arguments = (
        InputArgument(0),
        ConstantArgument("weights", tile_weights(weights, tiles.vectors), alignment=64),
        blocks.argument,
        OutputArgument(),
        ScratchArgument(),
    )
    return Lowering(
        calls=(KernelCall(kernel, call.folder, parameters, arguments),),
        scratch_bytes=tiles.scratch_bytes,
        instructions=tiles.instructions,
    )


def channel_order(channels: int, vectors: int) -> I64:
    """Return the channel of each place, block by block, -1 where there is none.

    Args:
        channels: Of the output.
        vectors: Of a tile.
    """
    parts: list[I64] = []
    first = 0
    for count in _blocks(channels, vectors):
        place = np.arange(CHANNELS * count, dtype=np.int64)
        vector, lane, element = place // CHANNELS, place % CHANNELS // 4, place % 4
        parts.append(first + lane * 4 * count + vector * 4 + element)
        first += CHANNELS * count
    order = np.concatenate(parts)
    return np.where(order < channels, order, -1)


def tile_weights(weights: I8, vectors: int) -> I8:
    """Return weights [out][depth] as [block][quad][16 channels of each vector][4].

    Args:
        weights: int8.
        vectors: Of a tile.
    """
    channels, depth = weights.shape
    quads = -(-depth // QUAD)
    wide = np.zeros((channels + 1, QUAD * quads), np.int8)
    wide[:channels, :depth] = weights
    placed = wide[channel_order(channels, vectors)].reshape(-1, quads, QUAD)
    parts, first = [], 0
    for count in _blocks(channels, vectors):
        block = placed[first : first + CHANNELS * count]
        parts.append(block.transpose(1, 0, 2).reshape(-1))
        first += CHANNELS * count
    return np.concatenate(parts)


def _blocks(channels: int, vectors: int) -> Iterator[int]:
    """Yield how many vectors each block of channels has, as the kernel counts them."""
    left = channels
    while left > 0:
        count = vectors
        if left < CHANNELS * vectors:
            count = 1 if left <= CHANNELS else min(vectors, 2 if left <= 2 * CHANNELS else vectors)
        yield count
        left -= CHANNELS * count
