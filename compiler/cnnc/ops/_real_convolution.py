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
from cnnc.ir.types import AnyWindow, Shape, WindowAxis
from cnnc.ops._real_sums import limits, weight_blocks

_NAMES = ("planes", "rows", "cols")
_PADS = ("pad_front", "pad_top", "pad_left")


def volume(shape: Shape) -> tuple[int, ...]:
    """Return (batch, planes, rows, cols, channels) of an image, one plane where it is 2-D."""
    return shape if len(shape) == 5 else (shape[0], 1, *shape[1:])


def volume_parameters(window: AnyWindow, source: Shape, result: Shape) -> dict[str, int]:
    """Return the parameters that say how a window slides over planes, rows and columns.

    Args:
        window: Of two or three axes.
        source: Shape of the image.
        result: Shape of the result.
    """
    batch, *extents, channels = volume(source)
    _, *outputs, output_channels = volume(result)
    axes = window.axes if len(window.axes) == 3 else (WindowAxis(1), *window.axes)
    parameters = {"batch": batch, "input_channels": channels, "output_channels": output_channels}
    for name, pad, axis, extent, output in zip(_NAMES, _PADS, axes, extents, outputs, strict=True):
        parameters |= {
            f"input_{name}": extent,
            f"output_{name}": output,
            f"kernel_{name}": axis.kernel,
            f"stride_{name}": axis.stride,
            f"dilation_{name}": axis.dilation,
            pad: axis.pad_before,
        }
    return parameters


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
