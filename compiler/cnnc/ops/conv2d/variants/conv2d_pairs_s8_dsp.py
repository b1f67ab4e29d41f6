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
from cnnc.ir.types import I8, I64, Window, elements
from cnnc.ops._requantize import QuantWeightedOp, weight_sums
from cnnc.ops.conv2d.quant_op import QuantConv2d

PIXELS = 3
"""Output pixels that are computed at a time."""
_COPY_SHARE = 4
"""A padded copy of the image may be as large as this part of the result."""


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


def pairs_instructions(pixels: int, channels: int, runs: Runs, packed: PackedPairs) -> int:
    """Estimate what one image costs: sums, results, expansion and calls."""
    groups, pairs = -(-pixels // PIXELS), -(-channels // 2)
    block = 17 * runs.depth // 4 + runs.depth // 32 + (29 if packed.sign is None else 55)
    expansion = 11 * runs.depth // 4 + 8 * runs.kernel_rows + 20 * runs.rest_bytes
    return groups * (pairs * block + expansion + 50) + 250


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    if op.groups > 1:
        return Refusal(f"it has {op.groups} groups")
    if len(op.weight) < 2:
        return Refusal("it has a single output channel")
    batch, _, _, channels = geometry(site.inputs[0])
    _, output_rows, output_cols, output_channels = geometry(site.output)
    runs = Runs.of(op.window, channels)
    packed = pack_layer(op, runs.order(op.weight), site)
    if isinstance(packed, str):
        return Refusal(packed)
    place = _place_image(op.window, site)
    parameters = {
        **pixel_parameters(runs, output_rows * output_cols, output_channels),
        **({} if _is_pointwise(op.window) else _image_parameters(op.window, site)),
        "batch": batch,
        "input_zero_point": op.input_zero_point,
        **place.parameters,
    }
    pixels = batch * output_rows * output_cols
    borders = place.copy_bytes or (runs.border_bytes if op.window.has_padding else 0)
    return Lowering(
        calls=(pairs_call(parameters, packed, (op.minimum, op.maximum)),),
        scratch_bytes=runs.scratch_bytes + borders,
        instructions=pairs_instructions(pixels, output_channels, runs, packed),
    )


def _is_pointwise(window: Window) -> bool:
    """Whether pixel by pixel the result lies like the image, so that all can be one row."""
    steps = (window.kernel_rows, window.kernel_cols, window.stride_rows, window.stride_cols)
    return steps == (1, 1, 1, 1) and not window.has_padding


def _image_parameters(window: Window, site: LoweringSite) -> dict[str, int]:
    """Return the geometry of an image with rows."""
    _, rows, cols, _ = geometry(site.inputs[0])
    _, output_rows, output_cols, _ = geometry(site.output)
    return {
        "input_rows": rows,
        "input_cols": cols,
        "output_rows": output_rows,
        "output_cols": output_cols,
        "stride_rows": window.stride_rows,
        "stride_cols": window.stride_cols,
        "dilation_rows": window.dilation_rows,
        "dilation_cols": window.dilation_cols,
    }


@dataclass(frozen=True)
class _Place:
    """Which image the kernel reads.

    Attributes:
        parameters: Fields of the kernel's struct.
        copy_bytes: Size of a padded copy; 0 if it reads the operand itself.
    """

    parameters: dict[str, int]
    copy_bytes: int


def _place_image(window: Window, site: LoweringSite) -> _Place:
    """Pad an image that is small beside the result, so that no pixel is at a border."""
    _, rows, cols, channels = geometry(site.inputs[0])
    padded_rows = rows + window.pad_top + window.pad_bottom
    padded_cols = cols + window.pad_left + window.pad_right
    copy_bytes = padded_rows * padded_cols * channels
    if not window.has_padding:
        return _Place({}, 0)
    if copy_bytes * _COPY_SHARE > elements(site.output):
        pads = {"pad_top": window.pad_top, "pad_left": window.pad_left, "pads": 1}
        return _Place(pads, 0)
    copy = {
        "input_rows": padded_rows,
        "input_cols": padded_cols,
        "copy_rows": rows,
        "copy_cols": cols,
        "copy_top": window.pad_top,
        "copy_left": window.pad_left,
    }
    return _Place(copy, padded_depth(copy_bytes))


VARIANT = KernelVariant(
    kernel="conv2d_pairs_s8_dsp",
    op=QuantConv2d,
    instruction_set="dsp",
    summary="Three pixels times pairs of output channels whose weights share halfwords.",
    lower=_lower,
)
