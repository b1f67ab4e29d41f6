"""Fully connected layer on AArch64 with dot products: four rows times 16 output channels."""

from cnnc.codegen.kernel import (
    Argument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.packing import neon_dot
from cnnc.codegen.variants import KernelVariant
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

_KERNEL = "fully_connected_s8_neon_dot"


def _lower(op: QuantFullyConnected, site: LoweringSite) -> Lowering:
    rows, depth = site.inputs[0]
    channels = len(op.weight)
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        *neon_dot.channel_constants(op, op.weight.reshape(channels, 1, depth)),
        OutputArgument(),
    )
    parameters = {
        "rows": rows,
        "input_channels": depth,
        "output_channels": channels,
        **neon_dot.layer_parameters(op, site),
    }
    return Lowering(
        calls=(KernelCall(_KERNEL, "fully_connected", parameters, arguments),),
        instructions=neon_dot.line_instructions(channels, rows, 1, depth),
        over_read_bytes=neon_dot.over_read_bytes(depth),
    )


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantFullyConnected,
    instruction_set="neon_dot",
    summary="Four rows times 16 output channels, any number of both.",
    lower=_lower,
)
