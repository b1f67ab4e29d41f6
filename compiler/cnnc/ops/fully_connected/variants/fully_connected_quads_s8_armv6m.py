"""Fully connected layer for Thumb-1: four channels share each value; weights are unsigned bytes.

With w' = w + 128:  sum w x = sum w' x - 128 sum x, and the second sum is one for all channels.
"""

import numpy as np
import numpy.typing as npt

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.codegen.packing.thumb_scaling import thumb_scaling
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I8
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

KERNEL = "fully_connected_quads_s8_armv6m"
_QUAD = 4
_OFFSET = 128
_WORD_BYTES = 4


def _lower(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse sums that cannot be scaled."""
    scaling = thumb_scaling(op, site)
    if isinstance(scaling, Refusal):
        return scaling
    rows, depth = site.inputs[0]
    channels = len(op.weight)
    padded = -(-depth // _QUAD) * _QUAD
    parameters = {
        "rows": rows,
        "input_channels": depth,
        "padded_channels": padded,
        "output_channels": channels,
        "minimum": op.minimum,
        "maximum": op.maximum,
        "sign_unit": scaling.sign_unit,
        "wide": int(scaling.wide),
    }
    arguments = (
        InputArgument(0),
        ConstantArgument("weights", packed_weights(op.weight)),
        ConstantArgument("channels", scaling.channel_data),
        OutputArgument(),
        ScratchArgument(),
    )
    quads = -(-channels // _QUAD)
    has_multiply_add = "armv7m" in site.instruction_sets
    per_product = 2 if has_multiply_add else 3
    per_quad = padded * (_QUAD * per_product + 0.5) + 28
    per_output = 48 if scaling.wide else 40
    if has_multiply_add:
        per_output = 31
    return Lowering(
        calls=(KernelCall(KERNEL, "fully_connected", parameters, arguments),),
        scratch_bytes=_WORD_BYTES * padded,
        instructions=round(rows * (quads * per_quad + channels * per_output + 7 * depth + 120)),
    )


def packed_weights(weight: I8) -> npt.NDArray[np.uint8]:
    """Return [channels / 4][taps / 4][channel][tap] of w + 128; what is not there is 0 + 128.

    Args:
        weight: [out_channels][taps].
    """
    channels, depth = weight.shape
    padded = np.zeros((-(-channels // _QUAD) * _QUAD, -(-depth // _QUAD) * _QUAD), np.int16)
    padded[:channels, :depth] = weight
    blocks = (padded + _OFFSET).reshape(len(padded) // _QUAD, _QUAD, -1, _QUAD)
    return np.ascontiguousarray(blocks.transpose(0, 2, 1, 3)).reshape(-1).astype(np.uint8)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantFullyConnected,
    instruction_set="armv6m",
    summary="Four channels share each value; weights are unsigned, for loads of constant offset.",
    lower=_lower,
)
