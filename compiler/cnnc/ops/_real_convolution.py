"""The call of the kernel for convolutions on real numbers, of two or three axes."""

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.ir.op import WeightedOp
from cnnc.ir.types import AnyWindow
from cnnc.ops._real_sums import limits, weight_blocks
from cnnc.ops._volume import volume_parameters


def lower_real_convolution(
    op: WeightedOp, window: AnyWindow, groups: int, site: LoweringSite
) -> Lowering:
    """Return the call for an op with weights [out][...taps][in / groups]."""
    call = KernelCall(
        kernel="conv3d_f32",
        folder="conv3d",
        parameters={**volume_parameters(window, site.inputs[0], site.output), "groups": groups},
        reals=limits(op.activation),
        arguments=(
            InputArgument(0),
            weight_blocks(op.weight, groups),
            ConstantArgument("bias", op.bias),
            OutputArgument(),
        ),
    )
    return Lowering(calls=(call,))
