"""FullyConnected on Armv7E-M: pairs of output channels that share halfwords."""

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
from cnnc.codegen.packing.channel_pairs import PackedPairs, pack_row_pairs, padded_depth
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I8
from cnnc.ops._requantize import weight_sums
from cnnc.ops.conv2d.variants.conv2d_pairs_s8_dsp import (
    Runs,
    pack_layer,
    pairs_call,
    pairs_instructions,
    pixel_parameters,
    requantization,
)
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

_UNIT_INPUTS = 8
_BLOCK_CHANNELS = 4


def _lower(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    channels = len(op.weight)
    if channels < 2:
        return Refusal("it has a single output channel")
    if site.inputs[0][0] > 1 or channels < _BLOCK_CHANNELS:
        return _lower_as_pixels(op, site)
    return _lower_row(op, site)


def _lower_row(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    channels, inputs = op.weight.shape
    depth = padded_depth(inputs, _UNIT_INPUTS)
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
        instructions=-(-channels // _BLOCK_CHANNELS) * block + 10 * depth // 8 + 90,
    )


def _row_call(op: QuantFullyConnected, packed: PackedPairs) -> KernelCall:
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


def _lower_as_pixels(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    """Compute rows as the pixels of a 1x1 convolution."""
    rows, depth = site.inputs[0]
    channels = len(op.weight)
    runs = Runs(kernel_rows=1, per_row=1, taps=1, channels=depth)
    packed = pack_layer(op, runs.order(op.weight), site)
    if isinstance(packed, str):
        return Refusal(packed)
    parameters = pixel_parameters(runs, rows, channels)
    return Lowering(
        calls=(pairs_call(parameters, packed, (op.minimum, op.maximum)),),
        scratch_bytes=runs.scratch_bytes,
        instructions=pairs_instructions(rows, channels, runs, packed),
    )


VARIANT = KernelVariant(
    kernel="fully_connected_pairs_s8_dsp",
    op=QuantFullyConnected,
    instruction_set="dsp",
    summary="Pairs of output channels whose weights share halfwords; several rows as pixels.",
    lower=_lower,
)
