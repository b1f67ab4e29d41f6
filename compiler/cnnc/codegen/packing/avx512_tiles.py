"""Tiles of rows and channels for AVX-512 VNNI: their sizes and the order of their weights.

See ``runtime/cnnc_tiles_avx512vnni.h``. A tile of r rows and v vectors of 16 channels takes r v
instructions that multiply for each four products of a sum, one per cycle. What else it takes is
hidden behind them while there are enough of them: v loads of weights and r of values, and the
4 cycles until a sum may be added to again. Tiles of a layer are all of one height, so that little
is computed twice where the last one overlaps.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
    geometry,
)
from cnnc.codegen.packing.avx512_scaling import CHANNELS, channel_blocks
from cnnc.ir.types import I8, I64
from cnnc.ops._requantize import QuantWeightedOp, weight_sums
from cnnc.ops.conv2d.quant_op import QuantConv2d
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

QUAD = 4
"""Products that one instruction adds to a sum."""
_FLIP = 128
"""What is added to values, so that they are unsigned."""
_MOST_SUMS = 24
_MOST_ROWS = 12
_LATENCY = 4
_CACHE_BYTES = 24 * 1024
"""Of the first cache, for a block's weights."""
_SMALL_CHUNK, _LARGE_CHUNK = 12 * 1024, 128 * 1024
"""Bytes of values that are copied at once: they stay in the first or second cache until all
channels are computed."""
_LINE_ALIGNMENT = 16


@dataclass(frozen=True)
class Tiles:
    """How a layer is cut up.

    Attributes:
        rows: Of a tile.
        vectors: Of a tile, fewer in the last block of channels.
        cycles: About how long one inference takes.
    """

    rows: int
    vectors: int
    cycles: int

    def parameters(self) -> dict[str, int]:
        """Return the kernels' parameters."""
        return {"tile_rows": self.rows, "tile_vectors": self.vectors}


@dataclass(frozen=True)
class _Layer:
    lines: int
    rows: int
    quads: int
    channels: int

    def cycles(self, rows: int, vectors: int) -> int:
        """Return about how long tiles of a size take."""
        tiles = self.lines * -(-self.rows // rows)
        return tiles * sum(
            self._tile_cycles(rows, v, tiles) for v in _blocks(self.channels, vectors)
        )

    def _tile_cycles(self, rows: int, vectors: int, tiles: int) -> int:
        weight_bytes = vectors * CHANNELS * QUAD * self.quads
        # Weights that are not in the first cache come from the second at half the speed.
        is_far = tiles == 1 or weight_bytes > _CACHE_BYTES
        loads = vectors * (2 if is_far else 1) + rows // 2
        return self.quads * max(rows * vectors, loads, _LATENCY) + 4 * rows * vectors + 20


def plan_tiles(lines: int, rows: int, quads: int, channels: int) -> Tiles:
    """Choose the tiles of a layer.

    Args:
        lines: Runs of rows that tiles do not cross.
        rows: Of a line: output pixels, or rows of a matrix.
        quads: Products of a sum, in fours.
        channels: Of the output.
    """
    layer = _Layer(lines, rows, quads, channels)
    sizes = [
        (height, vectors)
        for vectors in (1, 2, 4)
        for height in range(1, min(rows, _MOST_ROWS, _MOST_SUMS // vectors) + 1)
    ]
    height, vectors = min(sizes, key=lambda size: (layer.cycles(*size), -size[0]))
    return Tiles(height, vectors, layer.cycles(height, vectors))


def rows_lowering(op: QuantFullyConnected, site: LoweringSite, kernel: str) -> Lowering:
    """Return the lowering of rows times weights.

    Args:
        op: The layer.
        site: Where it is.
        kernel: Name of the kernel for rows.
    """
    rows, depth = site.inputs[0]
    quads = -(-depth // QUAD)
    tiles = plan_tiles(1, rows, quads, len(op.weight))
    wanted = _bytes_at_once(op) // (QUAD * quads)
    chunk = max(1, min(wanted, rows) // tiles.rows) * tiles.rows
    (call,) = op.lower(site).calls
    parameters = {**call.parameters, "chunk_rows": chunk}
    return _lowering(
        KernelCall(kernel, call.folder, parameters, ()),
        op,
        site,
        _Packing(padded_runs(op.weight, depth), tiles, chunk * QUAD * quads),
    )


def lines_lowering(op: QuantConv2d, site: LoweringSite, kernel: str) -> Lowering:
    """Return the lowering of a convolution without groups over copied lines.

    Args:
        op: The convolution.
        site: Where it is.
        kernel: Name of the kernel for lines.
    """
    window, depth = op.window, op.weight.shape[3]
    batch, rows, cols, channels = geometry(site.output)
    is_apart = window.dilation_cols > 1 and window.kernel_cols > 1
    weights = padded_runs(op.weight, depth if is_apart else window.kernel_cols * depth)
    tiles = plan_tiles(batch * rows, cols, weights.shape[1] // QUAD, channels)
    seen_cols = (cols - 1) * window.stride_cols + (window.kernel_cols - 1) * window.dilation_cols
    line_bytes = -(-(seen_cols + 1) * depth // _LINE_ALIGNMENT) * _LINE_ALIGNMENT
    reach = (window.kernel_rows - 1) * window.dilation_rows + 1
    wanted = (_bytes_at_once(op) // line_bytes - reach) // window.stride_rows + 1
    band = min(max(wanted, 1), rows)
    lines = (band - 1) * window.stride_rows + reach
    call = op.general_call(site)
    parameters = {**call.parameters, "band_rows": band}
    del parameters["groups"]
    return _lowering(
        KernelCall(kernel, call.folder, parameters, ()),
        op,
        site,
        _Packing(weights, tiles, lines * line_bytes + _LINE_ALIGNMENT),
    )


@dataclass(frozen=True, eq=False)
class _Packing:
    """Weights [out][depth], a multiple of 4 deep, and what they are multiplied with."""

    weights: I8
    tiles: Tiles
    scratch_bytes: int


def _lowering(
    call: KernelCall, op: QuantWeightedOp, site: LoweringSite, packing: _Packing
) -> Lowering:
    """Return the lowering of a call that has no arguments yet."""
    tiles = packing.tiles
    sums = weight_sums(op.weight, op.channel_axis)
    bias = op.bias - (op.input_zero_point + _FLIP) * sums
    order = channel_order(len(packing.weights), tiles.vectors)
    blocks = channel_blocks(op, bias, site.rounding, order)
    arguments = (
        InputArgument(0),
        ConstantArgument("weights", tile_weights(packing.weights, tiles.vectors), alignment=64),
        blocks.argument,
        OutputArgument(),
        ScratchArgument(),
    )
    parameters = {**call.parameters, **tiles.parameters(), "is_real": int(blocks.is_real)}
    copied = math.prod(site.inputs[0]) // 16
    return Lowering(
        calls=(replace(call, parameters=parameters, arguments=arguments),),
        scratch_bytes=packing.scratch_bytes,
        instructions=2 * tiles.cycles + copied + 100,
    )


def _bytes_at_once(op: QuantWeightedOp) -> int:
    return _SMALL_CHUNK if op.weight.size <= _CACHE_BYTES else _LARGE_CHUNK


def padded_runs(weight: I8, run: int) -> I8:
    """Return weights [out][...] as [out][runs of some products, each rounded up to 4].

    Args:
        weight: int8, output channels first.
        run: Products that lie in one run of memory.
    """
    runs = weight.reshape(len(weight), -1, run)
    wide = np.pad(runs, ((0, 0), (0, 0), (0, -run % QUAD)))
    return wide.reshape(len(weight), -1)


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
        weights: int8, a multiple of 4 deep.
        vectors: Of a tile.
    """
    channels, depth = weights.shape
    none = np.zeros((1, depth), np.int8)
    order = channel_order(channels, vectors)
    placed = np.concatenate([weights, none])[order].reshape(-1, depth // QUAD, QUAD)
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
