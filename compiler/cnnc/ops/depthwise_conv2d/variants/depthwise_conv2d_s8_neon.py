"""Depthwise convolution with NEON: sixteen channels of an output at a time."""

import math
from dataclasses import dataclass

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
from cnnc.codegen.packing.neon_scaling import scaling_parameters
from cnnc.codegen.packing.tap_chains import NINE, TapChains, nine_taps, pairs
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I8, I32, AnyArray
from cnnc.ops.depthwise_conv2d.areas import Areas, choose_areas, shape_parameters
from cnnc.ops.depthwise_conv2d.lanes import WIDE, Blocks, choose_blocks, rounded
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d

_KERNEL = "depthwise_conv2d_s8_neon"
_OFFSET_BYTES = 4
_MOST_TAPS = 2**16 - 1


def _lower(op: QuantDepthwiseConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse channel multipliers."""
    if op.multiplier > 1:
        return Refusal("a channel has several filters")
    if op.weight[:, :, 0].size > _MOST_TAPS:
        return Refusal(f"it has more than {_MOST_TAPS} taps")
    channels = op.weight.shape[2]
    blocks = choose_blocks(op.window, site, has_narrow=True)
    areas = choose_areas(op.window, site, copy_all=blocks.pixels > 1 or channels < WIDE)
    constants = _constants(op, blocks)
    offsets_bytes = rounded(_OFFSET_BYTES * constants.slots)
    parameters = {
        "batch": site.output[0],
        **shape_parameters(op, site),
        **op.output_parameters(),
        **scaling_parameters(op),
        **areas.parameters(),
        "wide_blocks": blocks.wide,
        "narrow_blocks": blocks.narrow,
        "stored": min(WIDE, channels * blocks.pixels),
        "pixels": blocks.pixels,
        "slots": constants.slots,
        "kinds": constants.kinds,
        "offsets_bytes": offsets_bytes,
    }
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        ConstantArgument("weights", constants.weights, 16),
        ConstantArgument("channels", constants.channels, 16),
        ConstantArgument("taps", constants.taps, 2),
        OutputArgument(),
        ScratchArgument(),
    )
    return Lowering(
        calls=(KernelCall(_KERNEL, "depthwise_conv2d", parameters, arguments),),
        scratch_bytes=offsets_bytes + areas.lines_bytes + WIDE,
        instructions=_instructions(op, site, blocks, areas),
    )


@dataclass(frozen=True, eq=False)
class _Constants:
    """Arrays in the order of the blocks.

    Attributes:
        weights: [block][slot][lane].
        channels: [block][bias, multiplier, shift][lane].
        taps: [block][chains, slots' taps].
        slots: Of every block.
        kinds: Bit n is set where a block has nine taps in n chains, bit 0 for taps in pairs.
    """

    weights: I8
    channels: I32
    taps: AnyArray
    slots: int
    kinds: int


def _constants(op: QuantDepthwiseConv2d, blocks: Blocks) -> _Constants:
    weight = op.weight.reshape(-1, op.weight.shape[2])
    lanes = blocks.lanes()
    chains = _chains([weight[:, block] for block in lanes])
    slots = len(chains[0].taps)
    # Slots that only fill up read the first tap.
    padded = np.concatenate([weight, np.zeros((1, weight.shape[1]), np.int8)])
    numbers = [
        np.stack([argument.array.astype(np.int32) for argument in op.channel_arguments(2)])[
            :, block
        ]
        for block in lanes
    ]
    taps = [
        [chain.chains, *(tap if tap < len(weight) else 0 for tap in chain.taps)] for chain in chains
    ]
    packed = [
        padded[np.array(chain.taps)][:, block].reshape(-1)
        for chain, block in zip(chains, lanes, strict=True)
    ]
    return _Constants(
        weights=np.concatenate(packed),
        channels=np.concatenate([block.reshape(-1) for block in numbers]),
        taps=np.array(taps, np.uint16).reshape(-1),
        slots=slots,
        kinds=int(np.bitwise_or.reduce([1 << chain.chains for chain in chains])),
    )


def _chains(blocks: list[I8]) -> list[TapChains]:
    """Return the chains of each block's taps, with the same number of slots."""
    if len(blocks[0]) == NINE:
        nine = [nine_taps(block) for block in blocks]
        found = [chains for chains in nine if chains is not None]
        if len(found) == len(blocks):
            return found
    two_by_two = [pairs(block) for block in blocks]
    slots = max(len(chains.taps) for chains in two_by_two)
    nothing = len(blocks[0])
    return [
        TapChains(0, (*chains.taps, *[nothing] * (slots - len(chains.taps))))
        for chains in two_by_two
    ]


def _instructions(
    op: QuantDepthwiseConv2d, site: LoweringSite, blocks: Blocks, areas: Areas
) -> int:
    """Estimate what an image takes on AArch64; about a fifth more elsewhere."""
    taps = op.weight[:, :, 0].size
    batch, rows, cols, _ = site.output
    steps = rows * -(-cols // blocks.pixels)
    wide = 40 + (3 * taps if taps == NINE else 8 * taps)
    narrow = 26 + (2 * taps if taps == NINE else 7 * taps)
    work = steps * (blocks.wide * wide + blocks.narrow * narrow)
    starts = areas.parts * (blocks.wide + blocks.narrow) * 90
    return batch * math.ceil(work + starts + areas.copied_bytes / WIDE) + 200


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantDepthwiseConv2d,
    instruction_set="neon",
    summary="Any kernel, sixteen channels at a time, taps that fit added up in 16 bits.",
    lower=_lower,
)
