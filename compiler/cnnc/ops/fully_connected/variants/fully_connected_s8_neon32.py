"""Fully connected layer on Armv7-A with NEON: any number of rows, inputs and outputs."""

from cnnc.codegen.kernel import (
    Argument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.packing import neon32
from cnnc.codegen.variants import KernelVariant
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

KERNEL = "fully_connected_s8_neon32"


def lower_rows(op: QuantFullyConnected, site: LoweringSite) -> Lowering:
    """Return the call for a layer of any shape.

    Args:
        op: The layer.
        site: Where it is.
    """
    rows, depth = site.inputs[0]
    packed = neon32.packed_rows(op, op.weight)
    at_once = neon32.rows_at_once(rows, depth, op.weight)
    parameters = {
        "rows": rows,
        "input_channels": depth,
        "output_channels": len(op.weight),
        "scale": neon32.scale_kind(op),
        "rows_at_once": at_once,
        **packed.parameters(),
        **op.output_parameters(),
    }
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        *packed.arguments,
        OutputArgument(),
    )
    return Lowering(
        calls=(KernelCall(KERNEL, "fully_connected", parameters, arguments),),
        instructions=neon32.all_instructions(packed, rows, at_once),
        over_read_bytes=neon32.OVER_READ,
    )


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantFullyConnected,
    instruction_set="neon32",
    summary="Two rows times four output channels, 32 products of each at a time.",
    lower=lower_rows,
)
