"""Tiles of rows and channels for AVX2 and AVX-512 VNNI: their sizes and the order of their weights.

See ``runtime/cnnc_tiles_avx512vnni.h``. A tile of r rows and v vectors of channels takes r v
instructions that multiply for each four (AVX2: two) products of a sum, one per cycle. What else it
takes is hidden behind them while there are enough of them: v loads of weights and r of values, and
the 4 cycles until a sum may be added to again. Tiles of a layer are all of one height, so that
little is computed twice where the last one overlaps.
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
from cnnc.codegen.packing.avx512_scaling import channel_blocks
from cnnc.ir.types import I8, I64
from cnnc.ops._requantize import QuantWeightedOp, weight_sums
from cnnc.ops.conv2d.quant_op import QuantConv2d
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

_FLIP = 128
"""What is added to values for AVX-512 VNNI, so that they are unsigned."""
_SHORT, _SHORT_POSITIVE = 2, 3
"""How sums are scaled, ``is_real`` of ``runtime/cnnc_tiles_avx512vnni.h``."""
_LATENCY = 4
_CACHE_BYTES = 24 * 1024
"""Of the first cache, for a block's weights."""
_SMALL_CHUNK, _LARGE_CHUNK = 12 * 1024, 128 * 1024
"""Bytes of values that are copied at once: they stay in the first or second cache until all
channels are computed."""
_LINE_ALIGNMENT = 16


@dataclass(frozen=True)
class TileSet:
    """What tiles there are for an instruction set.

    Attributes:
        lanes: Channels of a vector.
        together: Products that one step adds to a sum.
        vectors: Of a tile, its possible numbers.
        most_sums: Vectors of sums in registers.
        most_rows: Of a tile.
        value_bytes: Of a copied value.
        multiplications: Instructions of a step for each vector of sums.
        is_flipped: Values are copied as x + 128, and sums may be scaled by real numbers.
    """

    lanes: int
    together: int
    vectors: tuple[int, ...]
    most_sums: int
    most_rows: int
    value_bytes: int
    multiplications: int
    is_flipped: bool

    def blocks(self, channels: int, vectors: int) -> Iterator[int]:
        """Yield how many vectors each block of channels has, as the kernels count them."""
        left = channels
        while left > 0:
            fitting = (v for v in self.vectors if v >= vectors or left <= self.lanes * v)
            count = min(fitting)
            yield count
            left -= self.lanes * count


VNNI = TileSet(16, 4, (1, 2, 4), 24, 12, 1, 1, is_flipped=True)
AVX2 = TileSet(8, 2, (1, 2), 12, 6, 2, 2, is_flipped=False)


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
    tile_set: TileSet
    lines: int
    rows: int
    steps: int
    channels: int

    def cycles(self, rows: int, vectors: int) -> int:
        """Return about how long tiles of a size take."""
        tiles = self.lines * -(-self.rows // rows)
        blocks = self.tile_set.blocks(self.channels, vectors)
        return tiles * sum(self._tile_cycles(rows, v, tiles) for v in blocks)

    def _tile_cycles(self, rows: int, vectors: int, tiles: int) -> int:
        tile_set = self.tile_set
        weight_bytes = vectors * tile_set.lanes * tile_set.together * self.steps
        # Weights that are not in the first cache come from the second at half the speed.
        is_far = tiles == 1 or weight_bytes > _CACHE_BYTES
        loads = vectors * (2 if is_far else 1) + rows // 2
        step = max(rows * vectors * tile_set.multiplications, loads, _LATENCY)
        return self.steps * step + 4 * rows * vectors + 20


def plan_tiles(tile_set: TileSet, lines: int, rows: int, steps: int, channels: int) -> Tiles:
    """Choose the tiles of a layer.

    Args:
        tile_set: Those that there are.
        lines: Runs of rows that tiles do not cross.
        rows: Of a line: output pixels, or rows of a matrix.
        steps: Of a sum.
        channels: Of the output.
    """
    layer = _Layer(tile_set, lines, rows, steps, channels)
    sizes = [
        (height, vectors)
        for vectors in tile_set.vectors
        for height in range(1, min(rows, tile_set.most_rows, tile_set.most_sums // vectors) + 1)
    ]
    height, vectors = min(sizes, key=lambda size: (layer.cycles(*size), -size[0]))
    return Tiles(height, vectors, layer.cycles(height, vectors))


def rows_lowering(
    tile_set: TileSet, op: QuantFullyConnected, site: LoweringSite, kernel: str
) -> Lowering:
    """Return the lowering of rows times weights.

    Args:
        tile_set: The tiles that there are.
        op: The layer.
        site: Where it is.
        kernel: Name of the kernel for rows.
    """
    rows, depth = site.inputs[0]
    weights = padded_runs(op.weight, depth, tile_set.together)
    tiles = plan_tiles(tile_set, 1, rows, weights.shape[1] // tile_set.together, len(weights))
    row_bytes = tile_set.value_bytes * weights.shape[1]
    chunk = max(1, min(_bytes_at_once(op) // row_bytes, rows) // tiles.rows) * tiles.rows
    (call,) = op.lower(site).calls
    packing = _Packing(tile_set, weights, tiles, chunk * row_bytes)
    parameters = {**call.parameters, "chunk_rows": chunk}
    return packing.lowering(KernelCall(kernel, call.folder, parameters, ()), op, site)


def lines_lowering(tile_set: TileSet, op: QuantConv2d, site: LoweringSite, kernel: str) -> Lowering:
    """Return the lowering of a convolution without groups over copied lines.

    Args:
        tile_set: The tiles that there are.
        op: The convolution.
        site: Where it is.
        kernel: Name of the kernel for lines.
    """
    window, depth = op.window, op.weight.shape[3]
    batch, rows, cols, channels = geometry(site.output)
    is_apart = window.dilation_cols > 1 and window.kernel_cols > 1
    run = depth if is_apart else window.kernel_cols * depth
    weights = padded_runs(op.weight, run, tile_set.together)
    steps = weights.shape[1] // tile_set.together
    tiles = plan_tiles(tile_set, batch * rows, cols, steps, channels)
    seen_cols = (cols - 1) * window.stride_cols + (window.kernel_cols - 1) * window.dilation_cols
    line = -(-(seen_cols + 1) * depth // _LINE_ALIGNMENT) * _LINE_ALIGNMENT
    reach = (window.kernel_rows - 1) * window.dilation_rows + 1
    fitting = _bytes_at_once(op) // (tile_set.value_bytes * line)
    band = min(max((fitting - reach) // window.stride_rows + 1, 1), rows)
    values = ((band - 1) * window.stride_rows + reach) * line + _LINE_ALIGNMENT
    packing = _Packing(tile_set, weights, tiles, tile_set.value_bytes * values)
    call = op.general_call(site)
    parameters = {**call.parameters, "band_rows": band}
    del parameters["groups"]
    return packing.lowering(KernelCall(kernel, call.folder, parameters, ()), op, site)


@dataclass(frozen=True, eq=False)
class _Packing:
    """Weights [out][depth], a whole number of steps deep, and how they are multiplied."""

    tile_set: TileSet
    weights: I8
    tiles: Tiles
    scratch_bytes: int

    def lowering(self, call: KernelCall, op: QuantWeightedOp, site: LoweringSite) -> Lowering:
        """Return the lowering of a call that has no arguments yet."""
        channels, is_real = self._channels(op, site)
        weights = tile_weights(self.tile_set, self.weights, self.tiles.vectors)
        arguments = (
            InputArgument(0),
            ConstantArgument("weights", weights, alignment=64),
            channels,
            OutputArgument(),
            ScratchArgument(),
        )
        parameters = {**call.parameters, **self.tiles.parameters(), **is_real}
        copied = math.prod(site.inputs[0]) // 16
        return Lowering(
            calls=(replace(call, parameters=parameters, arguments=arguments),),
            scratch_bytes=self.scratch_bytes,
            instructions=2 * self.tiles.cycles + copied + 100,
        )

    def _channels(
        self, op: QuantWeightedOp, site: LoweringSite
    ) -> tuple[ConstantArgument, dict[str, int]]:
        """Return the constants per channel, and whether they are real numbers."""
        sums = weight_sums(op.weight, op.channel_axis)
        order = channel_order(self.tile_set, len(self.weights), self.tiles.vectors)
        if self.tile_set.is_flipped:
            bias = op.bias - (op.input_zero_point + _FLIP) * sums
            blocks = channel_blocks(op, bias, site.rounding, order)
            is_positive = op.minimum >= op.output_zero_point
            short = _SHORT_POSITIVE if is_positive else _SHORT
            return blocks.argument, {"is_real": short if blocks.is_short else int(blocks.is_real)}
        folded = (op.bias - op.input_zero_point * sums).astype(np.int32)
        none = np.zeros((3, 1), np.int32)
        rows = np.stack([folded, op.multipliers.astype(np.int32), op.shifts.astype(np.int32)])
        placed = np.concatenate([rows, none], axis=1)[:, order]
        table = placed.reshape(3, -1, self.tile_set.lanes).transpose(1, 0, 2)
        return ConstantArgument("channels", np.ascontiguousarray(table).reshape(-1)), {}


def _bytes_at_once(op: QuantWeightedOp) -> int:
    return _SMALL_CHUNK if op.weight.size <= _CACHE_BYTES else _LARGE_CHUNK


def padded_runs(weight: I8, run: int, together: int) -> I8:
    """Return weights [out][...] as [out][runs of some products, each a whole number of steps].

    Args:
        weight: int8, output channels first.
        run: Products that lie in one run of memory.
        together: Products of a step.
    """
    runs = weight.reshape(len(weight), -1, run)
    wide = np.pad(runs, ((0, 0), (0, 0), (0, -run % together)))
    return wide.reshape(len(weight), -1)


def channel_order(tile_set: TileSet, channels: int, vectors: int) -> I64:
    """Return the channel of each place, block by block, -1 where there is none.

    Args:
        tile_set: The tiles that there are.
        channels: Of the output.
        vectors: Of a tile.
    """
    parts: list[I64] = []
    first = 0
    for count in tile_set.blocks(channels, vectors):
        place = np.arange(tile_set.lanes * count, dtype=np.int64)
        vector, quad, element = place // tile_set.lanes, place % tile_set.lanes // 4, place % 4
        parts.append(first + quad * 4 * count + vector * 4 + element)
        first += tile_set.lanes * count
    order = np.concatenate(parts)
    return np.where(order < channels, order, -1)


def tile_weights(tile_set: TileSet, weights: I8, vectors: int) -> I8:
    """Return weights [out][depth] as [block][step][channel of each vector][product of a step].

    Args:
        tile_set: The tiles that there are.
        weights: int8, a whole number of steps deep.
        vectors: Of a tile.
    """
    channels, depth = weights.shape
    none = np.zeros((1, depth), np.int8)
    order = channel_order(tile_set, channels, vectors)
    placed = np.concatenate([weights, none])[order]
    placed = placed.reshape(len(order), -1, tile_set.together)
    parts, first = [], 0
    for count in tile_set.blocks(channels, vectors):
        block = placed[first : first + tile_set.lanes * count]
        parts.append(block.transpose(1, 0, 2).reshape(-1))
        first += tile_set.lanes * count
    return np.concatenate(parts)
