"""Depthwise convolution with AVX2: two taps of eight channels in an instruction."""

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
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I64, AnyArray
from cnnc.ops.depthwise_conv2d.areas import choose_areas, shape_parameters
from cnnc.ops.depthwise_conv2d.lanes import WIDE, Blocks, choose_blocks, rounded
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d

_KERNEL = "depthwise_conv2d_s8_avx2"
_PAIR = 2
_ORDER = np.array([*range(4), *range(8, 12), *range(4, 8), *range(12, 16)])
"""Channels in the order in which unpacking 16-bit numbers leaves them."""
_OFFSET_BYTES = 4
_OVER_READ_BYTES = 48
"""Behind copied lines: a vector of pixels that do not exist, and the next one."""


def _lower(op: QuantDepthwiseConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse channel multipliers."""
    if op.multiplier > 1:
        return Refusal("a channel has several filters")
    channels = op.weight.shape[2]
    blocks = choose_blocks(op.window, site)
    areas = choose_areas(op.window, site, copy_all=blocks.pixels > 1 or channels < WIDE)
    weights = _weights(op, blocks)
    pairs = weights.shape[1]
    order = np.concatenate([lanes[_ORDER] for lanes in blocks.lanes()])
    numbers = np.stack([part.array.astype(np.int32) for part in op.channel_arguments(2)])
    constants = numbers[:, order].reshape(3, -1, WIDE).transpose(1, 0, 2)
    offsets_bytes = rounded(_OFFSET_BYTES * _PAIR * pairs)
    parameters = {
        "batch": site.output[0],
        **shape_parameters(op, site),
        **op.output_parameters(),
        **areas.parameters(),
        "blocks": blocks.wide,
        "pixels": blocks.pixels,
        "pairs": pairs,
        "offsets_bytes": offsets_bytes,
    }
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        ConstantArgument("weights", np.ascontiguousarray(weights).reshape(-1), 32),
        ConstantArgument("channels", np.ascontiguousarray(constants).reshape(-1), 32),
        OutputArgument(),
        ScratchArgument(),
    )
    batch, rows, cols, _ = site.output
    work = rows * -(-cols // blocks.pixels) * blocks.wide * (8 * pairs + 45)
    return Lowering(
        calls=(KernelCall(_KERNEL, "depthwise_conv2d", parameters, arguments),),
        scratch_bytes=offsets_bytes + areas.lines_bytes + _OVER_READ_BYTES,
        instructions=batch * math.ceil(work + areas.copied_bytes / WIDE) + 100,
    )


def _weights(op: QuantDepthwiseConv2d, blocks: Blocks) -> AnyArray:
    """Return [block][pair][lane][2 taps], taps row by row."""
    taps = op.weight.reshape(-1, op.weight.shape[2]).astype(np.int16)
    missing = np.zeros((len(taps) % _PAIR, taps.shape[1]), np.int16)
    padded = np.concatenate([taps, missing]).reshape(-1, _PAIR, taps.shape[1])
    lanes: I64 = np.stack(blocks.lanes())[:, _ORDER]
    return padded[:, :, lanes].transpose(2, 0, 3, 1)


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantDepthwiseConv2d,
    instruction_set="avx2",
    summary="Any kernel, two taps of eight channels in an instruction.",
    lower=_lower,
)
