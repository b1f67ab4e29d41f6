"""Pointwise convolution with Helium: four pixels times two channels, 16 products at a time."""

from cnnc.codegen.kernel import (
    Argument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
    geometry,
)
from cnnc.codegen.packing import mve
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.conv2d.quant_op import QuantConv2d


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse more than one tap, groups, padding and inexact scaling."""
    window = op.window
    if window.kernel_rows * window.kernel_cols * op.groups > 1 or window.has_padding:
        return Refusal("it is not a 1x1 convolution without groups and padding")
    constants = mve.convolution_constants(op, site)
    if isinstance(constants, Refusal):
        return constants
    _, rows, cols, depth = geometry(site.inputs[0])
    batch, output_rows, output_cols, channels = geometry(site.output)
    if max(window.stride_rows, window.stride_cols) == 1:
        lines = (1, 1, batch * output_rows * output_cols)
    elif window.stride_rows * output_rows == rows and window.stride_cols * output_cols == cols:
        lines = (1, batch * output_rows, output_cols)
    else:
        lines = (batch, output_rows, output_cols)
    parameters = {
        "images": lines[0],
        "image_step": rows * cols * depth,
        "lines": lines[1],
        "line_step": window.stride_rows * cols * depth,
        "pixels": lines[2],
        "pixel_step": window.stride_cols * depth,
        "input_channels": depth,
        "output_channels": channels,
        **op.output_parameters(),
    }
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        *constants,
        OutputArgument(),
        ScratchArgument(),
    )
    call = KernelCall("conv2d_1x1_s8_mve", "conv2d", parameters, arguments)
    count = lines[0] * lines[1]
    panels = count * mve.panels(lines[2])
    return Lowering(
        calls=(call,),
        scratch_bytes=mve.panel_bytes(depth),
        instructions=panels * mve.panel_instructions(channels, depth) + 140 * count,
    )


VARIANT = KernelVariant(
    kernel="conv2d_1x1_s8_mve",
    op=QuantConv2d,
    instruction_set="mve",
    summary="1x1 convolution, four pixels times two channels.",
    lower=_lower,
)
