"""Convolutions and rows times weights on Armv6: their calls, and what they cost."""

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
from cnnc.codegen.packing.armv6simd import Blocks, Runs, pack_blocks
from cnnc.codegen.variants import Refusal
from cnnc.ir.types import I8, Window
from cnnc.ops._requantize import QuantWeightedOp

PANEL_BYTES = 8192
"""Expanded pixels that stay in half of the data cache."""
PAIR = 2
"""Channels of a block for pixels."""
ROW_CHANNELS = 4
"""Channels of a block for a single row."""
ROW_INPUTS = 8
"""Inputs of a row that are multiplied at a time."""
_PIXEL = Window(kernel_rows=1, kernel_cols=1)


def image_lowering(
    op: QuantWeightedOp, window: Window, weight: I8, site: LoweringSite
) -> Lowering | Refusal:
    """Return how a convolution without groups is computed, or why it is not.

    Args:
        op: The layer.
        window: Its window.
        weight: [out][kernel_row][kernel_col][in].
        site: Where it is.
    """
    batch, rows, cols, channels = geometry(site.inputs[0])
    runs = Runs.of(window, channels)
    blocks = pack_blocks(op, runs.order(weight), PAIR, site)
    if isinstance(blocks, str):
        return Refusal(blocks)
    if window.has_padding:
        rows += window.pad_top + window.pad_bottom
        cols += window.pad_left + window.pad_right
    pixels = site.output[1] * site.output[2]
    panel = _panel_pixels(pixels, runs.depth)
    copy_bytes = rows * cols * channels if window.has_padding else 0
    parameters = {
        "batch": batch,
        "input_rows": rows,
        "input_cols": cols,
        "input_channels": channels,
        "output_rows": site.output[1],
        "output_cols": site.output[2],
        "output_channels": len(weight),
        "stride_rows": window.stride_rows,
        "stride_cols": window.stride_cols,
        "kernel_rows": runs.kernel_rows,
        "row_stride": window.dilation_rows * cols * channels,
        "runs_per_row": runs.per_row,
        "run_stride": window.dilation_cols * channels,
        "run_words": runs.words,
        **_copy(window, site),
        "input_zero_point": op.input_zero_point,
        "depth": runs.depth,
        "panel_pixels": panel,
        "exact": int(blocks.exact),
        "minimum": op.minimum,
        "maximum": op.maximum,
    }
    return Lowering(
        calls=(_call("conv2d_s8_armv6simd", "conv2d", parameters, blocks),),
        scratch_bytes=2 * panel * runs.depth + (copy_bytes + 4 if copy_bytes else 0),
        instructions=batch * _image_instructions(op, runs, pixels, copy_bytes, blocks) + 200,
        over_read_bytes=4,
    )


def rows_lowering(op: QuantWeightedOp, site: LoweringSite) -> Lowering | Refusal:
    """Return how rows times weights are computed, or why they are not.

    Args:
        op: The layer; weight [out][in].
        site: Where it is; its operand is [rows][in].
    """
    rows, inputs = site.inputs[0]
    outputs = len(op.weight)
    if rows > 1:
        pixels = LoweringSite(
            inputs=((1, 1, rows, inputs),),
            output=(1, 1, rows, outputs),
            instruction_sets=site.instruction_sets,
            rounding=site.rounding,
        )
        return image_lowering(op, _PIXEL, op.weight.reshape(outputs, 1, 1, inputs), pixels)
    depth = -(-inputs // ROW_INPUTS) * ROW_INPUTS
    blocks = pack_blocks(op, np.pad(op.weight, ((0, 0), (0, depth - inputs))), ROW_CHANNELS, site)
    if isinstance(blocks, str):
        return Refusal(blocks)
    parameters = {
        "output_channels": outputs,
        "depth": depth,
        "exact": int(blocks.exact),
        "minimum": op.minimum,
        "maximum": op.maximum,
    }
    block = 21 * depth // 8 + depth // 16 + (37 if blocks.exact else 22)
    clamp = _clamps(op) * 2 * outputs
    return Lowering(
        calls=(_call("fully_connected_s8_armv6simd", "fully_connected", parameters, blocks),),
        scratch_bytes=2 * depth,
        instructions=-(-outputs // ROW_CHANNELS) * block + 9 * depth // 8 + clamp + 100,
        over_read_bytes=ROW_INPUTS,
    )


def _panel_pixels(pixels: int, depth: int) -> int:
    """Return how many pixels are expanded together: an even number."""
    most = max(PANEL_BYTES // (4 * depth), 1)
    return 2 * min(most, -(-pixels // 2))


def _copy(window: Window, site: LoweringSite) -> dict[str, int]:
    """Return where the image lies inside a padded copy, if there is one."""
    if not window.has_padding:
        return dict.fromkeys(("copy_rows", "copy_cols", "copy_top", "copy_left"), 0)
    _, rows, cols, _ = geometry(site.inputs[0])
    return {
        "copy_rows": rows,
        "copy_cols": cols,
        "copy_top": window.pad_top,
        "copy_left": window.pad_left,
    }


def _call(kernel: str, folder: str, parameters: dict[str, int], blocks: Blocks) -> KernelCall:
    return KernelCall(
        kernel,
        folder,
        parameters,
        (
            InputArgument(0),
            ConstantArgument("blocks", blocks.words),
            OutputArgument(),
            ScratchArgument(),
        ),
    )


def _clamps(op: QuantWeightedOp) -> bool:
    return op.minimum > -128 or op.maximum < 127


def _image_instructions(
    op: QuantWeightedOp, runs: Runs, pixels: int, copy_bytes: int, blocks: Blocks
) -> int:
    """Estimate one image: products, results, expansion, the padded copy and clamps."""
    outputs = len(op.weight)
    pairs = -(-pixels // 2)
    turns = 5 * (runs.depth // 64) if runs.depth > 68 else 0
    tile = 10 * runs.depth // 4 + turns + (30 if blocks.exact else 17)
    expansion = 15 * runs.depth // 8 + 10 * runs.kernel_rows * runs.per_row + 40
    clamp = _clamps(op) * 2 * pixels * outputs
    return pairs * (-(-outputs // 2) * tile + expansion) + copy_bytes // 2 + clamp
