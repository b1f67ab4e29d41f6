"""Convolution with Helium: patches of four pixels at a time, from a ring of padded rows."""

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
from cnnc.codegen.packing.mve_image import image_ring
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.conv2d.quant_op import QuantConv2d

_PATCHES_BYTES = 1024
"""Patches that are gathered before they are computed, if a panel has not more."""


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse groups, dilated columns, tall kernels and inexact scaling."""
    window = op.window
    if op.groups > 1:
        return Refusal("it has groups")
    ring = image_ring(window, site.inputs[0])
    if isinstance(ring, Refusal):
        return ring
    constants = mve.convolution_constants(op, site)
    if isinstance(constants, Refusal):
        return constants
    batch, output_rows, output_cols, channels = geometry(site.output)
    row_bytes = window.kernel_cols * site.inputs[0][3]
    depth = window.kernel_rows * row_bytes
    patch_stride = mve.rounded(depth)
    pixels = batch * output_rows * output_cols
    capacity = min(
        mve.QUAD * max(1, _PATCHES_BYTES // (mve.QUAD * patch_stride)),
        mve.QUAD * -(-pixels // mve.QUAD),
    )
    parameters = {
        "batch": batch,
        "output_rows": output_rows,
        "output_cols": output_cols,
        "output_channels": channels,
        "kernel_rows": window.kernel_rows,
        "kernel_row_bytes": row_bytes,
        "dilation_rows": window.dilation_rows,
        "stride_rows": window.stride_rows,
        "col_step": window.stride_cols * site.inputs[0][3],
        "input_zero_point": op.input_zero_point,
        **ring.parameters(),
        **op.output_parameters(),
        "patches_offset": ring.bytes,
        "patch_stride": patch_stride,
        "capacity": capacity,
    }
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        *constants,
        OutputArgument(),
        ScratchArgument(),
    )
    call = KernelCall("conv2d_s8_mve", "conv2d", parameters, arguments)
    by_row = 6 if row_bytes <= mve.STEP else 7 + 3 * mve.steps(row_bytes)
    gather = mve.QUAD * (8 + window.kernel_rows * by_row + 140 // capacity)
    return Lowering(
        calls=(call,),
        scratch_bytes=ring.bytes + capacity * patch_stride + mve.panel_bytes(depth),
        instructions=batch * ring.instructions(window, output_rows)
        + mve.panels(pixels) * mve.panel_instructions(channels, depth)
        + -(-pixels // mve.QUAD) * gather,
    )


VARIANT = KernelVariant(
    kernel="conv2d_s8_mve",
    op=QuantConv2d,
    instruction_set="mve",
    summary="Any kernel without groups and dilated columns, four pixels times two channels.",
    lower=_lower,
)
