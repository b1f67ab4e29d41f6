"""Conv2d on Armv7E-M: three pixels times pairs of output channels that share halfwords."""

from dataclasses import dataclass

from cnnc.codegen.kernel import Lowering, LoweringSite, geometry
from cnnc.codegen.packing.channel_pairs import padded_depth
from cnnc.codegen.packing.pair_layers import (
    PIXELS,
    ROW_CHANNELS,
    PixelCount,
    Runs,
    pack_layer,
    pairs_call,
    pairs_instructions,
    pixel_parameters,
    row_lowering,
)
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import Window, elements
from cnnc.ops.conv2d.as_rows import as_rows
from cnnc.ops.conv2d.quant_op import QuantConv2d

_COPY_SHARE = 4
"""A padded copy of the image may be as large as this part of the result."""


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    if op.groups > 1:
        return Refusal(f"it has {op.groups} groups")
    if len(op.weight) < 2:
        return Refusal("it has a single output channel")
    rows = as_rows(op, site)
    if rows is not None and rows.count == 1 and len(op.weight) >= ROW_CHANNELS:
        return row_lowering(rows.op, rows.site)
    return _lower_image(op, site)


def _lower_image(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
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
    gathered = 0 if place.copy_bytes else _gathered(op.window, runs, site)
    count = PixelCount(batch, output_rows * output_cols, gathered)
    borders = place.copy_bytes or (runs.border_bytes if op.window.has_padding else 0)
    return Lowering(
        calls=(pairs_call(parameters, packed, (op.minimum, op.maximum)),),
        scratch_bytes=runs.scratch_bytes + borders,
        instructions=pairs_instructions(count, output_channels, runs, packed),
    )


def _gathered(window: Window, runs: Runs, site: LoweringSite) -> int:
    """Return how many groups of an image's pixels are gathered run by run."""
    _, rows, cols, _ = geometry(site.inputs[0])
    _, output_rows, output_cols, _ = geometry(site.output)
    in_row = -(-output_cols // PIXELS)
    if runs.per_row > 1:
        return output_rows * in_row
    height = (window.kernel_rows - 1) * window.dilation_rows + 1
    above, below = _outside(window.pad_top, window.stride_rows, height, rows, output_rows)
    left, right = _outside(
        window.pad_left, window.stride_cols, window.kernel_cols, cols, output_cols
    )
    outer = min(above + below, output_rows)
    sides = -(-left // PIXELS) + -(-right // PIXELS)
    return outer * in_row + (output_rows - outer) * min(sides, in_row)


def _outside(pad: int, stride: int, extent: int, size: int, outputs: int) -> tuple[int, int]:
    """Return how many outputs along an axis have taps before and behind the image."""
    before = min(-(-pad // stride), outputs)
    last_inside = (size - extent + pad) // stride
    return before, max(outputs - 1 - last_inside, 0)


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
