"""Fully connected layer with Helium: eight output channels, 16 products at a time."""

from cnnc.codegen.kernel import (
    Argument,
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.packing import mve
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected


def _lower(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse inexact scaling."""
    constants = mve.folded_scaling(op, site)
    if isinstance(constants, Refusal):
        return constants
    rows, depth = site.inputs[0]
    outputs = len(op.weight)
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        ConstantArgument("weights", mve.row_weights(op.weight)),
        ConstantArgument("channels", mve.row_channels(constants)),
        OutputArgument(),
    )
    parameters = {
        "rows": rows,
        "input_channels": depth,
        "output_channels": outputs,
        **op.output_parameters(),
    }
    call = KernelCall("fully_connected_s8_mve", "fully_connected", parameters, arguments)
    later, first = divmod(depth, mve.STEP)
    block = 31 + (28 if first else 0) + 17 * later + later // 2 * 2 + later % 2
    blocks = -(-outputs // mve.BLOCK)
    return Lowering(calls=(call,), instructions=rows * (blocks * block + 35) + 30)


VARIANT = KernelVariant(
    kernel="fully_connected_s8_mve",
    op=QuantFullyConnected,
    instruction_set="mve",
    summary="Eight output channels at a time.",
    lower=_lower,
)
