"""Depthwise by any taps on Armv6: four channels at a time, two taps an instruction."""

from dataclasses import replace

import numpy as np

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.codegen.packing.armv6simd import pack_blocks
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d

_CHANNELS = 4
_MAXIMUM_TAPS = 64
"""As many pointers are on the kernel's stack."""


def _lower(op: QuantDepthwiseConv2d, site: LoweringSite) -> Lowering | Refusal:
    batch, _, _, channels = site.inputs[0]
    taps = op.window.kernel_rows * op.window.kernel_cols
    if op.multiplier != 1:
        return Refusal(f"there are {op.multiplier} filters per channel")
    if channels < _CHANNELS:
        return Refusal(f"there are fewer than {_CHANNELS} channels")
    if taps > _MAXIMUM_TAPS:
        return Refusal(f"there are more than {_MAXIMUM_TAPS} taps")
    ordered = np.pad(op.weight.reshape(taps, channels).T, ((0, 0), (0, taps % 2)))
    blocks = pack_blocks(op, ordered, _CHANNELS, site, in_fours=False)
    if isinstance(blocks, str):
        return Refusal(blocks)
    (call,) = op.lower(site).calls
    parameters = {k: v for k, v in call.parameters.items() if k != "output_zero_point"}
    changed = replace(
        call,
        kernel=VARIANT.kernel,
        parameters={**parameters, "exact": int(blocks.exact)},
        arguments=(
            InputArgument(0),
            ConstantArgument("blocks", blocks.words),
            OutputArgument(),
            ScratchArgument(),
        ),
    )
    pixels = batch * site.output[1] * site.output[2]
    four = 17 * -(-taps // 2) + (46 if blocks.exact else 27)
    clamp = 2 * channels if op.minimum > -128 or op.maximum < 127 else 0
    pixel = 60 + 15 * taps + -(-channels // _CHANNELS) * four + clamp
    return Lowering(calls=(changed,), scratch_bytes=channels, instructions=pixels * pixel)


VARIANT = KernelVariant(
    kernel="depthwise_conv2d_words_s8_armv6simd",
    op=QuantDepthwiseConv2d,
    instruction_set="armv6simd",
    summary="Any window and activation, four channels at a time, two taps an instruction.",
    lower=_lower,
)
