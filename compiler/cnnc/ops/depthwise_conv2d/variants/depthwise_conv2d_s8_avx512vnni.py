"""Depthwise convolution with AVX-512 VNNI: four taps of sixteen channels in an instruction."""

import math

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
)
from cnnc.codegen.packing.avx512_scaling import channel_blocks
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I8, I64, INT8_MIN
from cnnc.ops._requantize import weight_sums
from cnnc.ops.depthwise_conv2d.areas import choose_areas, shape_parameters
from cnnc.ops.depthwise_conv2d.lanes import WIDE, Blocks, choose_blocks, rounded
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d

_KERNEL = "depthwise_conv2d_s8_avx512vnni"
_QUAD = 4
_SQUARE = (3, 3)
_OFFSET_BYTES = 4
_LANES = 64
_OVER_READ_BYTES = 128
"""Behind copied lines: a vector of pixels that do not exist, and the next one."""


def _lower(op: QuantDepthwiseConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse channel multipliers."""
    if op.multiplier > 1:
        return Refusal("a channel has several filters")
    channels = op.weight.shape[2]
    is_rolling = _is_rolling(op)
    blocks = _choose_blocks(op, site)
    areas = choose_areas(
        op.window, site, copy_all=blocks.pixels > 1 or channels < blocks.lanes_of_wide
    )
    weights = _rolling_weights(op, blocks) if is_rolling else _quad_weights(op, blocks)
    quads = weights.shape[1]
    sums = weight_sums(op.weight, op.channel_axis)
    scaling = channel_blocks(
        op,
        op.bias + (INT8_MIN - op.input_zero_point) * sums,
        site.rounding,
        np.concatenate([lanes for block in blocks.lanes() for lanes in _vectors(block)]),
    )
    is_in_place = blocks.lanes_of_wide == _LANES and blocks.pixels == 1
    offsets_bytes = 0 if is_rolling else rounded(_OFFSET_BYTES * _QUAD * quads)
    parameters = {
        "batch": site.output[0],
        **shape_parameters(op, site),
        **op.output_parameters(),
        **areas.parameters(),
        "lanes": blocks.lanes_of_wide,
        "blocks": blocks.wide,
        "pixels": blocks.pixels,
        "quads": quads,
        "is_rolling": int(is_rolling),
        "is_real": int(scaling.is_real),
        "is_short": int(scaling.is_short),
        "is_in_place": int(is_in_place),
        "offsets_bytes": offsets_bytes,
    }
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        ConstantArgument("weights", np.ascontiguousarray(weights).reshape(-1), 64),
        scaling.argument,
        OutputArgument(),
        ScratchArgument(),
    )
    lines_bytes = site.inputs[0][2] * channels if is_in_place else areas.lines_bytes
    batch, rows, cols, _ = site.output
    steps = rows * -(-cols // blocks.pixels) * blocks.wide
    work = steps * (8 * quads + 12) * (1 if blocks.lanes_of_wide == WIDE else 2)
    return Lowering(
        calls=(KernelCall(_KERNEL, "depthwise_conv2d", parameters, arguments),),
        scratch_bytes=offsets_bytes + lines_bytes + _OVER_READ_BYTES,
        instructions=batch * math.ceil(work + areas.copied_bytes / WIDE) + 100,
    )


def _choose_blocks(op: QuantDepthwiseConv2d, site: LoweringSite) -> Blocks:
    """Return blocks of 64 bytes where they take fewer steps; they cost about two of 16."""
    narrow = choose_blocks(op.window, site)
    wide = choose_blocks(op.window, site, lanes=_LANES)
    if not _is_rolling(op) or wide.width < _LANES:
        return narrow
    is_cheaper = 2 * wide.wide * narrow.pixels < narrow.wide * wide.pixels
    return wide if is_cheaper else narrow


def _vectors(block: I64) -> I64:
    """Return the channels of a block by vector, [vectors][16]."""
    return block.reshape(4, -1, 4).transpose(1, 0, 2).reshape(-1, WIDE)


def _is_rolling(op: QuantDepthwiseConv2d) -> bool:
    """Return whether columns of taps are quads: 3x3 with strides 1 or 2."""
    window = op.window
    return (
        (window.kernel_rows, window.kernel_cols) == _SQUARE
        and window.dilation_rows == window.dilation_cols == 1
        and window.stride_cols <= 2
    )


def _quad_weights(op: QuantDepthwiseConv2d, blocks: Blocks) -> I8:
    """Return [block][quad][lane][4 taps], taps row by row."""
    taps = op.weight.reshape(-1, op.weight.shape[2])
    missing = -len(taps) % _QUAD
    padded = np.concatenate([taps, np.zeros((missing, taps.shape[1]), np.int8)])
    return _by_lane(padded.reshape(-1, _QUAD, taps.shape[1]), blocks)


def _rolling_weights(op: QuantDepthwiseConv2d, blocks: Blocks) -> I8:
    """Return [block][output row, kernel_col][lane][4 rows] for one or two output rows."""
    columns = op.weight.transpose(1, 0, 2)
    nothing = np.zeros((len(columns), 1, columns.shape[2]), np.int8)
    first = np.concatenate([columns, nothing], axis=1)
    second = np.concatenate([nothing, columns], axis=1)
    rows = [first, second] if op.window.stride_rows == 1 else [first]
    return _by_lane(np.concatenate(rows), blocks)


def _by_lane(weight: I8, blocks: Blocks) -> I8:
    """Return [block][quad][vector][lane][4] of [quad][4][channel]."""
    lanes = np.stack([_vectors(block) for block in blocks.lanes()])
    return np.ascontiguousarray(weight[:, :, lanes].transpose(2, 0, 3, 4, 1))


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantDepthwiseConv2d,
    instruction_set="avx512vnni",
    summary="Any kernel, four taps of sixteen channels at a time; 3x3 by 64 bytes of a row.",
    lower=_lower,
)
