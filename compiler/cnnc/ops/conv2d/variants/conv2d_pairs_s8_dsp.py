"""Conv2d on Armv7E-M: three pixels times pairs of output channels that share halfwords."""

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
from cnnc.codegen.packing.channel_pairs import (
    PackedPairs,
    accumulator_range,
    pack_pairs,
    padded_depth,
)
from cnnc.codegen.packing.requantize_dsp import Requantization
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I8, I64, Window
from cnnc.ops._requantize import QuantWeightedOp, weight_sums
from cnnc.ops.conv2d.quant_op import QuantConv2d

PIXELS = 3
"""Output pixels that are computed at a time."""


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

    def scratch_bytes(self, *, pads: bool) -> int:
        """Return the working memory: expanded inputs, rests, and runs for borders."""
        runs = 4 * padded_depth(self.bytes) if pads else 0
        return PIXELS * 2 * self.depth + PIXELS * self.rest_bytes + runs


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


def pairs_instructions(pixels: int, channels: int, runs: Runs, packed: PackedPairs) -> int:
    """Estimate what one image costs: sums, results, expansion and calls."""
    groups, pairs = -(-pixels // PIXELS), -(-channels // 2)
    block = 17 * runs.depth // 4 + runs.depth // 16 + (36 if packed.sign is None else 58)
    expansion = 11 * runs.depth // 4 + 6 * runs.kernel_rows + 12 * runs.rest_bytes
    return groups * (pairs * block + expansion + 130)


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    if op.groups > 1:
        return Refusal(f"it has {op.groups} groups")
    if len(op.weight) < 2:
        return Refusal("it has a single output channel")
    batch, rows, cols, channels = geometry(site.inputs[0])
    _, output_rows, output_cols, output_channels = geometry(site.output)
    window = op.window
    runs = Runs.of(window, channels)
    packed = pack_layer(op, runs.order(op.weight), site)
    if isinstance(packed, str):
        return Refusal(packed)
    parameters = {
        "batch": batch,
        "input_rows": rows,
        "input_cols": cols,
        "input_channels": channels,
        "output_rows": output_rows,
        "output_cols": output_cols,
        "output_channels": output_channels,
        "kernel_rows": window.kernel_rows,
        "stride_rows": window.stride_rows,
        "stride_cols": window.stride_cols,
        "dilation_rows": window.dilation_rows,
        "dilation_cols": window.dilation_cols,
        "pad_top": window.pad_top,
        "pad_left": window.pad_left,
        "pads": int(window.has_padding),
        "runs_per_row": runs.per_row,
        "taps_per_run": runs.taps,
        "depth": runs.depth,
        "input_zero_point": op.input_zero_point,
    }
    pixels = batch * output_rows * output_cols
    return Lowering(
        calls=(pairs_call(parameters, packed, (op.minimum, op.maximum)),),
        scratch_bytes=runs.scratch_bytes(pads=window.has_padding),
        instructions=pairs_instructions(pixels, output_channels, runs, packed),
    )


VARIANT = KernelVariant(
    kernel="conv2d_pairs_s8_dsp",
    op=QuantConv2d,
    instruction_set="dsp",
    summary="Three pixels times pairs of output channels whose weights share halfwords.",
    lower=_lower,
)
