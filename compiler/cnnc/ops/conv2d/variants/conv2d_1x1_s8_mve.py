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
    pixels = batch * output_rows * output_cols
    row_bytes = cols * depth
    last_row = (output_rows - 1) * window.stride_rows
    last_col = (output_cols - 1) * window.stride_cols
    parameters = {
        "output_pixels": pixels,
        "output_rows": output_rows,
        "output_cols": output_cols,
        "input_channels": depth,
        "output_channels": channels,
        "col_step": window.stride_cols * depth,
        "row_step": window.stride_rows * row_bytes - last_col * depth,
        "image_step": (rows - last_row) * row_bytes - last_col * depth,
        **op.output_parameters(),
    }
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        *constants,
        OutputArgument(),
        ScratchArgument(),
    )
    call = KernelCall("conv2d_1x1_s8_mve", "conv2d", parameters, arguments)
    panels = -(-pixels // mve.QUAD)
    return Lowering(
        calls=(call,),
        scratch_bytes=mve.panel_bytes(depth),
        instructions=panels * (mve.panel_instructions(channels, depth) + 60),
    )


VARIANT = KernelVariant(
    kernel="conv2d_1x1_s8_mve",
    op=QuantConv2d,
    instruction_set="mve",
    summary="1x1 convolution, four pixels times two channels.",
    lower=_lower,
)
