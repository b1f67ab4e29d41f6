"""Convolution three columns wide with Helium: a value is loaded once for all columns it serves."""

from cnnc.codegen.kernel import (
    Argument,
    ConstantArgument,
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

_KERNEL = "conv2d_sliding_s8_mve"
_COLUMNS = 3
_DEPTHS = (16, 32, 64)
_SEGMENTS = 32


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse other shapes than the kernel has code for, and inexact scaling."""
    reason = _refusal(op, site)
    if reason is not None:
        return Refusal(reason)
    window = op.window
    ring = image_ring(window, site.inputs[0])
    if isinstance(ring, Refusal):
        return ring
    constants = mve.folded_scaling(op, site)
    if isinstance(constants, Refusal):
        return constants
    depth = site.inputs[0][3]
    batch, output_rows, output_cols, channels = geometry(site.output)
    parameters = {
        "batch": batch,
        "input_channels": depth,
        "output_rows": output_rows,
        "output_cols": output_cols,
        "output_channels": channels,
        "kernel_rows": window.kernel_rows,
        "dilation_rows": window.dilation_rows,
        "stride_rows": window.stride_rows,
        "stride_cols": window.stride_cols,
        "input_zero_point": op.input_zero_point,
        **ring.parameters(),
        **op.output_parameters(),
    }
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        ConstantArgument("weights", mve.slide_weights(op.weight)),
        ConstantArgument("channels", mve.panel_channels(constants)),
        OutputArgument(),
        ScratchArgument(),
    )
    call = KernelCall(_KERNEL, "conv2d", parameters, arguments)
    segments = window.kernel_rows * depth // mve.STEP
    pair = segments * (36 + 3 * window.stride_cols) + 14
    panels = -(-output_cols // mve.QUAD)
    row = panels * (channels // mve.QUAD * (2 * pair + 13) + 12) + 100 + 10 * segments
    return Lowering(
        calls=(call,),
        scratch_bytes=ring.bytes,
        instructions=batch * (ring.instructions(window, output_rows) + output_rows * row),
    )


def _refusal(op: QuantConv2d, site: LoweringSite) -> str | None:
    window = op.window
    depth = site.inputs[0][3]
    if op.groups > 1 or window.kernel_cols != _COLUMNS:
        return "it is not three columns wide and of one group"
    if depth not in _DEPTHS or window.stride_cols > 2:
        return "it has not 16, 32 or 64 input channels and a column stride of 1 or 2"
    if not 2 <= window.kernel_rows * depth // mve.STEP <= _SEGMENTS:
        return f"it has not 2 to {_SEGMENTS} times 16 input channels in its kernel rows"
    if len(op.weight) % mve.QUAD or site.output[2] < mve.QUAD:
        return "its output channels are no multiple of 4 or its rows are shorter than 4"
    return None


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantConv2d,
    instruction_set="mve",
    summary="Three columns, 16, 32 or 64 input channels: values are loaded once for all columns.",
    lower=_lower,
)
