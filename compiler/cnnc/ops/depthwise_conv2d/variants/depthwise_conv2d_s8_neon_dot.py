"""Depthwise convolution on AArch64 with dot products: three taps of a column in one product."""

import numpy as np

from cnnc.codegen.kernel import (
    Argument,
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
    geometry,
)
from cnnc.codegen.packing import neon_dot
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I8, I32, I64
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d

_KERNEL = "depthwise_conv2d_s8_neon_dot"
_BLOCK = 16
_NARROW = 8
"""Channels of which two neighbours are computed together."""
_PAIR, _LINE, _COLUMN_OF_PAIR, _COLUMN = 80, 49, 12, 11
"""Instructions of a pixel of two lines of output, of one, and of one more column of the image."""
_LINE_START = 40


def _lower(op: QuantDepthwiseConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse other windows, few channels and scales that need 32 bits."""
    scaling = neon_dot.scaling(op, site)
    reason = _reason(op, site, scaling)
    if reason:
        return Refusal(reason)
    window = op.window
    batch, rows, cols, channels = geometry(site.inputs[0])
    _, output_rows, output_cols, _ = geometry(site.output)
    at_once = neon_dot.lines_at_once(window, site, op.weight.size)
    # Two output lines share the columns of the image.
    at_once -= at_once % 2 if 1 < at_once < output_rows else 0
    lines = neon_dot.Lines.of(window, site, at_once)
    if not lines.padded_cols:
        at_once = output_rows
    blocks = _blocks(channels)
    parameters = {
        "batch": batch,
        "input_rows": rows,
        "input_cols": cols,
        "channels": channels,
        "output_rows": output_rows,
        "output_cols": output_cols,
        "stride_rows": window.stride_rows,
        "stride_cols": window.stride_cols,
        "pad_top": window.pad_top,
        "pad_left": window.pad_left,
        "input_zero_point": op.input_zero_point,
        "scaling": scaling,
        **op.output_parameters(),
        "padded_cols": lines.padded_cols,
        "lines_at_once": at_once,
    }
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        ConstantArgument("weights", _weights(op.weight, blocks), 64),
        ConstantArgument("channels", _channels(op, blocks), 64),
        OutputArgument(),
        ScratchArgument(),
    )
    computing = len(blocks) * _block_instructions(op, output_rows, output_cols, at_once)
    return Lowering(
        calls=(KernelCall(_KERNEL, "depthwise_conv2d", parameters, arguments),),
        scratch_bytes=lines.copied_bytes + neon_dot.SLACK_BYTES,
        instructions=lines.instructions + batch * computing,
        over_read_bytes=neon_dot.over_read_bytes(cols * channels) if lines.padded_cols else 0,
    )


def _reason(op: QuantDepthwiseConv2d, site: LoweringSite, scaling: int) -> str:
    """Return why the kernel cannot compute a layer, or nothing."""
    window = op.window
    is_narrow = len(op.bias) == _NARROW
    has_pairs = window.stride_cols == 1 and site.output[2] % 2 == 0
    reasons = {
        "a channel has several filters": op.multiplier > 1,
        "the kernel is not 3x3": (window.kernel_rows, window.kernel_cols) != (3, 3),
        "it is dilated": (window.dilation_rows, window.dilation_cols) != (1, 1),
        "the column stride is more than 2": window.stride_cols > 2,
        "it has fewer than 16 channels, and not 8": len(op.bias) < _BLOCK and not is_narrow,
        "it has 8 channels and columns that are no pairs": is_narrow and not has_pairs,
        "a multiplier is 1/2 or more, or scaled sums pass 16 bits": scaling == neon_dot.SUMS,
    }
    return next((reason for reason, applies in reasons.items() if applies), "")


def _blocks(channels: int) -> list[I64]:
    """Return the channels of each block; the last one may overlap with its neighbour."""
    if channels == _NARROW:
        return [np.arange(_BLOCK) % _NARROW]
    begins = (min(begin, channels - _BLOCK) for begin in range(0, channels, _BLOCK))
    return [np.arange(begin, begin + _BLOCK) for begin in begins]


def _weights(weight: I8, blocks: list[I64]) -> I8:
    """Return [row][col][channel] as [block][line of output][col][channel][4]."""
    lines = np.zeros((2, 3, weight.shape[2], 4), np.int8)
    by_channel = weight.transpose(1, 2, 0)
    lines[0, :, :, :3] = by_channel
    lines[1, :, :, 1:] = by_channel
    return np.concatenate([lines[:, :, block].reshape(-1) for block in blocks])


def _channels(op: QuantDepthwiseConv2d, blocks: list[I64]) -> I32:
    """Return [block][bias, multiplier, shift][channel]."""
    constants = neon_dot.constants_of_channels(op)
    return np.concatenate([constants[:, block].reshape(-1) for block in blocks])


def _block_instructions(op: QuantDepthwiseConv2d, rows: int, cols: int, at_once: int) -> int:
    """Return what a block of channels of all lines takes."""
    is_narrow = len(op.bias) == _NARROW
    steps = cols // 2 if is_narrow else cols
    more = int(is_narrow or op.window.stride_cols == 2)
    pairs = rows // 2 if op.window.stride_rows == 1 else 0
    of_pair = steps * (_PAIR + more * _COLUMN_OF_PAIR) + _LINE_START
    of_line = steps * (_LINE + more * _COLUMN) + _LINE_START
    return 110 * -(-rows // at_once) + pairs * of_pair + (rows - 2 * pairs) * of_line


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantDepthwiseConv2d,
    instruction_set="neon_dot",
    summary="3x3, column stride 1 or 2, 8 or at least 16 channels: three taps in one product.",
    lower=_lower,
)
