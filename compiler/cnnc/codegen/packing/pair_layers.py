"""Layers whose output channels share halfwords in pairs: how inputs lie, calls, estimates."""

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
from cnnc.codegen.packing.channel_pairs import (
    PackedPairs,
    accumulator_range,
    pack_pairs,
    pack_row_pairs,
    padded_depth,
)
from cnnc.codegen.packing.requantize_dsp import Requantization
from cnnc.codegen.variants import Refusal
from cnnc.ir.types import I8, I64, Window
from cnnc.ops._requantize import QuantWeightedOp, weight_sums

PIXELS = 3
"""Output pixels that are computed at a time."""
ROW_CHANNELS = 4
"""Output channels that are computed at a time for a single row."""
_ROW_INPUTS = 8


@dataclass(frozen=True)
class Runs:
    """How the inputs of one output pixel lie in the image.

    Attributes:
        kernel_rows: Kernel rows.
        per_row: Runs in a kernel row: one, or one a tap where taps are apart.
        taps: Pixels of a run, side by side in memory.
        channels: Bytes of a pixel.
    """

    kernel_rows: int
    per_row: int
    taps: int
    channels: int

    @classmethod
    def of(cls, window: Window, channels: int) -> "Runs":
        """Return the runs of a window over an image with that many channels."""
        apart = window.dilation_cols > 1 and window.kernel_cols > 1
        per_row, taps = (window.kernel_cols, 1) if apart else (1, window.kernel_cols)
        return cls(window.kernel_rows, per_row, taps, channels)

    @property
    def count(self) -> int:
        """Runs of an output pixel."""
        return self.kernel_rows * self.per_row

    @property
    def bytes(self) -> int:
        """Bytes of a run."""
        return self.taps * self.channels

    @property
    def rest_bytes(self) -> int:
        """Bytes of all runs behind their whole words, rounded up to a word."""
        return padded_depth(self.bytes % 4 * self.count)

    @property
    def depth(self) -> int:
        """Inputs of an output pixel, those without weight included."""
        return self.bytes // 4 * 4 * self.count + self.rest_bytes

    def order(self, weight: I8) -> I8:
        """Return weights in the order of expanded inputs: words of all runs, then their rests.

        Args:
            weight: [out][kernel_row][kernel_col][in].

        Returns:
            [out][depth].
        """
        runs = weight.reshape(len(weight), self.count, self.bytes)
        whole = self.bytes // 4 * 4
        ordered = np.zeros((len(weight), self.depth), np.int8)
        ordered[:, : self.count * whole] = runs[:, :, :whole].reshape(len(weight), -1)
        rest = runs[:, :, whole:].reshape(len(weight), -1)
        ordered[:, self.count * whole :][:, : rest.shape[1]] = rest
        return ordered

    @property
    def border_bytes(self) -> int:
        """Working memory for pixels whose taps lie outside the image."""
        return 4 * padded_depth(self.bytes)

    @property
    def scratch_bytes(self) -> int:
        """Working memory for expanded inputs and rests."""
        return PIXELS * 2 * self.depth + PIXELS * self.rest_bytes


def pack_layer(op: QuantWeightedOp, ordered: I8, site: LoweringSite) -> PackedPairs | str:
    """Return a layer's packed weights and constants, or why they cannot be paired.

    Args:
        op: The layer; its channel axis is 0.
        ordered: Its weights in the order of expanded inputs, [out][depth].
        site: Where it is.
    """
    bias = (op.bias - op.input_zero_point * weight_sums(op.weight, 0)).astype(np.int64)
    return pack_pairs(ordered, requantization(op, ordered, bias, site), bias)


def requantization(
    op: QuantWeightedOp, ordered: I8, bias: I64, site: LoweringSite
) -> Requantization:
    """Return how a layer's accumulators become int8, with their bounds."""
    low, high = accumulator_range(ordered, bias)
    return Requantization(
        multipliers=op.multipliers.astype(np.int64),
        shifts=op.shifts.astype(np.int64),
        zero_point=op.output_zero_point,
        minimum=op.minimum,
        maximum=op.maximum,
        rounding=site.rounding,
        low=low,
        high=high,
    )


def pixel_parameters(runs: Runs, pixels: int, channels: int) -> dict[str, int]:
    """Return the geometry of a convolution without borders whose pixels lie in one row.

    Args:
        runs: Inputs of a pixel.
        pixels: How many.
        channels: Of the result.
    """
    zeros = ("pad_top", "pad_left", "pads", "copy_rows", "copy_cols", "copy_top", "copy_left")
    ones = ("batch", "input_rows", "output_rows", "stride_rows", "stride_cols")
    return {
        **dict.fromkeys(zeros, 0),
        **dict.fromkeys((*ones, "dilation_rows", "dilation_cols"), 1),
        "input_cols": pixels,
        "input_channels": runs.channels,
        "output_cols": pixels,
        "output_channels": channels,
        "kernel_rows": runs.kernel_rows,
        "runs_per_row": runs.per_row,
        "taps_per_run": runs.taps,
        "depth": runs.depth,
        "input_zero_point": 0,
    }


def pairs_call(
    parameters: dict[str, int], packed: PackedPairs, limits: tuple[int, int]
) -> KernelCall:
    """Return the call of the kernel.

    Args:
        parameters: Geometry of the layer.
        packed: Weights and constants.
        limits: Of the result.
    """
    return KernelCall(
        "conv2d_pairs_s8_dsp",
        "conv2d",
        {
            **parameters,
            "sign": -1 if packed.sign is None else packed.sign,
            "minimum": limits[0],
            "maximum": limits[1],
        },
        (
            InputArgument(0),
            ConstantArgument("blocks", packed.words),
            OutputArgument(),
            ScratchArgument(),
        ),
    )


@dataclass(frozen=True)
class PixelCount:
    """How many pixels a layer computes.

    Attributes:
        images: Images, or 1.
        pixels: Of the result of each.
        gathered: Groups of pixels of an image with taps outside it, or whose taps are apart.
    """

    images: int
    pixels: int
    gathered: int = 0

    @property
    def groups(self) -> int:
        """Groups that each image takes; one or two pixels are computed alone."""
        return self.pixels if self.pixels < PIXELS else -(-self.pixels // PIXELS)


def pairs_instructions(count: PixelCount, channels: int, runs: Runs, packed: PackedPairs) -> int:
    """Estimate what a layer costs: sums, results, expansion, gathering and calls."""
    pairs = -(-channels // 2)
    block = 17 * runs.depth // 4 + runs.depth // 32 + (29 if packed.sign is None else 55)
    expansion = 11 * runs.depth // 4 + 8 * runs.kernel_rows + 20 * runs.rest_bytes
    tap = 8 + 3 * (runs.channels // 4) + 4 * (runs.channels % 4)
    gathering = runs.count * (100 + PIXELS * runs.taps * tap)
    image = count.groups * (pairs * block + expansion + 50) + count.gathered * gathering
    return count.images * image + 250


def row_lowering(op: QuantWeightedOp, site: LoweringSite) -> Lowering | Refusal:
    """Return how one row is computed, four channels at a time, or why it is not.

    Args:
        op: The layer; weight [out][in], at least four output channels.
        site: Where it is.
    """
    channels, inputs = op.weight.shape
    depth = padded_depth(inputs, _ROW_INPUTS)
    ordered: I8 = np.zeros((channels, depth), np.int8)
    ordered[:, :inputs] = op.weight
    bias = (op.bias - op.input_zero_point * weight_sums(op.weight, 0)).astype(np.int64)
    packed = pack_row_pairs(ordered, requantization(op, ordered, bias, site), bias)
    if isinstance(packed, str):
        return Refusal(packed)
    block = 27 * depth // 8 + 3 * -(-depth // 32) + 43
    return Lowering(
        calls=(_row_call(op, packed),),
        scratch_bytes=2 * depth,
        instructions=-(-channels // ROW_CHANNELS) * block + 10 * depth // 8 + 90,
    )


def _row_call(op: QuantWeightedOp, packed: PackedPairs) -> KernelCall:
    return KernelCall(
        "fully_connected_pairs_s8_dsp",
        "fully_connected",
        {
            "input_channels": op.weight.shape[1],
            "output_channels": len(op.weight),
            "sign": packed.sign or 0,
            "minimum": op.minimum,
            "maximum": op.maximum,
        },
        (
            InputArgument(0),
            ConstantArgument("blocks", packed.words),
            OutputArgument(),
            ScratchArgument(),
        ),
    )
