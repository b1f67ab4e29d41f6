"""Exact integer Winograd convolution F(t x t, 3x3): filters, constants, proofs, cost.

With a filter g and a patch d of (t + 2) x (t + 2) pixels, F(t x t, 3x3) (Lavin and Gray,
arXiv 1509.09308, section 4) is A^T ((G g G^T) . (B^T d B)) A. Scaling the rows of G to integers
gives a multiple of the accumulator. All sums are taken modulo 2^32, so that only the multiple that
is scaled to int8 has to fit int32; the transformed filters and pixels have to fit int16. They do:
the magnitudes in a filter row add up to at most 7, |w| is at most 128, and 7 * 7 * 128 = 6272; of
pixels d in 0..255, a row of B^T with positive and negative entries that add up to p and -n, twice
gives at most 255 (p p' + n n') and 255 (p n' + n p'): 68 * 255 = 17340 for t = 4, less for t = 2.
"""

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
    geometry,
)
from cnnc.codegen.variants import Refusal
from cnnc.ir.types import I32, I64, AnyArray, Rounding
from cnnc.ops._requantize import accumulator_bounds, weight_sums
from cnnc.ops.conv2d import QuantConv2d

BLOCK = 4
"""Output channels that are computed together, and input channels of a chunk."""
CHUNK_ORDER = (0, 2, 1, 3)
"""Channels of a chunk in the order of the halves of two words: SXTB16 takes every other byte."""
_ROUND_PAIRS = 16
"""Pairs of input channels that winograd_products takes in one round of its loop."""


@dataclass(frozen=True)
class Winograd:
    """A transform F(tile x tile, 3x3) and the kernel that computes it.

    Attributes:
        kernel: Name of the kernel.
        tile: Results along each axis of a tile, t.
        filter_rows: Integer rows of G, (t + 2) x 3.
        bias_factor: Multiple of the bias that is added to the sum of position (1, 1).
        scale_bits: k; the sums that are scaled to int8 are 2^k times the accumulators.
        pixel_offset: Added to the pixels before they are transformed.
        data_instructions: For the pixels of a pair of tiles and four input channels.
        output_instructions: For the results of a tile and one output channel.
    """

    kernel: str
    tile: int
    filter_rows: tuple[tuple[int, int, int], ...]
    bias_factor: int
    scale_bits: int
    pixel_offset: int
    data_instructions: int
    output_instructions: int

    @property
    def positions(self) -> int:
        """Return the number of products for each pair of channels."""
        return (self.tile + 2) ** 2

    def transform_filters(self, weight: AnyArray) -> I64:
        """Return G g G^T, int64 [position][out][in], of filters [out][3][3][in]."""
        rows = np.array(self.filter_rows, np.int64)
        transformed = np.einsum("ia,jb,oabc->ijoc", rows, rows, weight.astype(np.int64))
        by_position: I64 = transformed.reshape(self.positions, len(weight), -1)
        return by_position

    def lower(self, op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
        """Return the call of the kernel, or why it cannot compute the layer."""
        refusal = _shape_refusal(op)
        if refusal is not None:
            return refusal
        filters = self.transform_filters(op.weight)
        channels = self._channel_constants(op, site.rounding)
        if isinstance(channels, Refusal):
            return channels
        batch, rows, cols, depth = geometry(site.inputs[0])
        _, output_rows, output_cols, outputs = geometry(site.output)
        parameters = {
            "batch": batch,
            "input_rows": rows,
            "input_cols": cols,
            "input_channels": depth,
            "output_rows": output_rows,
            "output_cols": output_cols,
            "output_channels": outputs,
            "pad_top": op.window.pad_top,
            "pad_left": op.window.pad_left,
            "input_zero_point": op.input_zero_point,
            "ties_away": int(_rounds_ties_away(op, site.rounding)),
            "minimum": op.minimum,
            "maximum": op.maximum,
        }
        arguments = (
            InputArgument(0),
            ConstantArgument("weights", pack_filters(filters)),
            ConstantArgument("channels", channels),
            OutputArgument(),
            ScratchArgument(),
        )
        return Lowering(
            calls=(KernelCall(self.kernel, "conv2d", parameters, arguments),),
            scratch_bytes=self._scratch_bytes(depth, outputs),
            instructions=self._instructions(op, site),
        )

    def _channel_constants(self, op: QuantConv2d, rounding: Rounding) -> I32 | Refusal:
        """Return [out_channels, rounded up][bias, multiplier, offset, shift].

        With x = 2^k acc, n = -shift and floors that nest (spec 2.1 to 2.3), the scaled accumulator
        plus the zero point is (floor(x m / 2^32) + offset) >> (n + k - 1), where
        offset = (2^n + 1) 2^(k - 2) + z_out 2^(n + k - 1) in double rounding, and without the 1 in
        single rounding; n = 0 is the same in both.
        """
        k = self.scale_bits
        exponents = np.where(op.multipliers == 0, 1, -op.shifts.astype(np.int64))
        ties_away = _rounds_ties_away(op, rounding)
        if (exponents < int(ties_away)).any():
            return Refusal("an output channel's multiplier is 1/2 or more")
        bits = exponents + k - 1
        # The high word is below 2^30, so that it may be added to this.
        if (bits > 22).any():
            return Refusal("an output channel's multiplier is too small")
        if (accumulator_bounds(op.weight, op.bias, 0) >= 2 ** (31 - k)).any():
            return Refusal(f"an accumulator may pass 2^{31 - k}")
        half_step = np.where((exponents > 0) & (rounding == "double"), 2 ** (k - 2), 0)
        offsets = half_step + 2 ** (bits - 1) + op.output_zero_point * 2**bits
        zero_point = op.input_zero_point + self.pixel_offset
        folded = op.bias - zero_point * weight_sums(op.weight, 0)
        columns = (folded * self.bias_factor, op.multipliers.astype(np.int64), offsets, bits)
        table = np.zeros((_rounded_up(len(op.weight)), BLOCK), np.int64)
        table[: len(op.weight)] = np.stack(columns, axis=1)
        return table.astype(np.uint32).view(np.int32)

    def _scratch_bytes(self, depth: int, outputs: int) -> int:
        chunks = _rounded_up(depth) // BLOCK
        pixels = (self.tile + 2) * (self.tile * 2 + 2) * chunks * BLOCK
        results = self.tile * self.tile * 2 * outputs
        patch = _rounded_up(max(pixels, results))
        return self.positions * (32 + chunks * 16) + patch

    def _instructions(self, op: QuantConv2d, site: LoweringSite) -> int:
        """Estimate one inference; the constants are counts of executed instructions."""
        batch, rows, cols, outputs = geometry(site.output)
        chunks = _rounded_up(geometry(site.inputs[0])[3]) // BLOCK
        pairs = -(-rows // self.tile) * -(-cols // (self.tile * 2))
        rounds = (2 * chunks - 2) // _ROUND_PAIRS
        position = 22 * chunks + 7 + (4 * rounds + 6 if rounds else 0)
        products = (self.positions * position + 60) * (_rounded_up(outputs) // BLOCK)
        ties = 2 * self.tile**2 if _rounds_ties_away(op, site.rounding) else 0
        results = 2 * outputs * (self.output_instructions + ties)
        gathered = self._gathered_pairs(op, site) * self._gather_instructions(site)
        data = self.data_instructions * chunks
        return batch * (pairs * (data + products + results + 200) + gathered)

    def _gathered_pairs(self, op: QuantConv2d, site: LoweringSite) -> int:
        """Return how many pairs of tiles are copied: those at borders, or all."""
        _, input_rows, input_cols, depth = geometry(site.inputs[0])
        _, rows, cols, _ = geometry(site.output)
        down = range(-op.window.pad_top, rows - op.window.pad_top, self.tile)
        across = range(-op.window.pad_left, cols - op.window.pad_left, self.tile * 2)
        if depth % BLOCK:
            return len(down) * len(across)
        inner_down = sum(0 <= row <= input_rows - self.tile - 2 for row in down)
        inner_across = sum(0 <= col <= input_cols - self.tile * 2 - 2 for col in across)
        return len(down) * len(across) - inner_down * inner_across

    def _gather_instructions(self, site: LoweringSite) -> int:
        depth = geometry(site.inputs[0])[3]
        pixels = (self.tile + 2) * (self.tile * 2 + 2)
        words = _rounded_up(depth) // BLOCK
        return 80 * (self.tile + 2) + pixels * (6 * words + 6 if depth % BLOCK else 3 * words)


def pack_filters(filters: I64) -> AnyArray:
    """Return int16 [block of outputs][position][chunk][pair][output][2] of [position][out][in]."""
    positions, outputs, depth = filters.shape
    blocks, chunks = _rounded_up(outputs) // BLOCK, _rounded_up(depth) // BLOCK
    padded = np.zeros((positions, blocks * BLOCK, chunks * BLOCK), np.int16)
    padded[:, :outputs, :depth] = filters
    ordered = padded.reshape(positions, blocks, BLOCK, chunks, BLOCK)[..., list(CHUNK_ORDER)]
    halves = ordered.reshape(positions, blocks, BLOCK, chunks, 2, 2)
    return np.ascontiguousarray(halves.transpose(1, 0, 3, 4, 2, 5))


def _rounded_up(channels: int) -> int:
    return -(-channels // BLOCK) * BLOCK


def _rounds_ties_away(op: QuantConv2d, rounding: Rounding) -> bool:
    """Say whether the rounding of negative results needs a step of its own.

    Where the clamp's lower limit is the zero point or above, all of them give that limit.
    """
    return rounding == "double" and op.minimum < op.output_zero_point


def _shape_refusal(op: QuantConv2d) -> Refusal | None:
    window = op.window
    if (window.kernel_rows, window.kernel_cols) != (3, 3):
        return Refusal(f"the kernel is {window.kernel_rows}x{window.kernel_cols}")
    if (window.stride_rows, window.stride_cols) != (1, 1):
        return Refusal(f"the stride is {window.stride_rows}x{window.stride_cols}")
    if (window.dilation_rows, window.dilation_cols) != (1, 1):
        return Refusal(f"the dilation is {window.dilation_rows}x{window.dilation_cols}")
    if op.groups != 1:
        return Refusal(f"there are {op.groups} groups")
    return None
