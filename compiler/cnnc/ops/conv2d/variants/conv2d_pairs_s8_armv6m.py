"""Convolution for Thumb-1: two pixels in a word, eight pixels at a time."""

import math

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
    geometry,
)
from cnnc.codegen.packing import thumb_pairs
from cnnc.codegen.packing.thumb_scaling import ThumbScaling, thumb_scaling
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I64
from cnnc.ops.conv2d.quant_op import QuantConv2d

KERNEL = "conv2d_pairs_s8_armv6m"
_PARTIAL_BYTES = 16
"""Four packed sums."""


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse groups, a single pixel and sums that cannot be scaled."""
    _, output_rows, output_cols, _ = geometry(site.output)
    if op.groups > 1:
        return Refusal("it has groups")
    if output_rows * output_cols < 2:
        return Refusal("the result is a single pixel")
    scaling = thumb_scaling(op, site)
    if isinstance(scaling, Refusal):
        return scaling
    weight = op.weight.reshape(len(op.weight), -1)
    runs = thumb_pairs.run_counts(weight)
    depth = weight.shape[1]
    partials = 4 * thumb_pairs.WORDS * depth
    patches = partials + _PARTIAL_BYTES * int(runs.max())
    table = patches + 2 * depth
    parameters = {
        **_geometry_parameters(op, site),
        "minimum": op.minimum,
        "maximum": op.maximum,
        "sign_unit": scaling.sign_unit,
        "wide": int(scaling.wide),
        "partials_offset": partials,
        "patches_offset": patches,
        "runs_offset": table,
    }
    arguments = (
        InputArgument(0),
        ConstantArgument("weights", thumb_pairs.interleaved(weight)),
        ConstantArgument("channels", scaling.channel_data),
        OutputArgument(),
        ScratchArgument(),
    )
    return Lowering(
        calls=(KernelCall(KERNEL, "conv2d", parameters, arguments),),
        scratch_bytes=table + int(runs.sum()),
        in_place=(0,) if _takes_over_its_input(op, site) else (),
        instructions=_instructions(op, site, scaling, runs),
    )


def _takes_over_its_input(op: QuantConv2d, site: LoweringSite) -> bool:
    """Return whether no block reads a pixel whose place has its result already.

    A last block of one pixel would be computed together with the pixel before it.
    """
    pointwise = op.window.kernel_rows * op.window.kernel_cols == 1 and not op.window.has_padding
    pixels = math.prod(site.output[1:3])
    return pointwise and site.inputs[0] == site.output and pixels % thumb_pairs.PIXELS != 1


def _geometry_parameters(op: QuantConv2d, site: LoweringSite) -> dict[str, int]:
    batch, rows, cols, channels = geometry(site.inputs[0])
    _, output_rows, output_cols, output_channels = geometry(site.output)
    window = op.window
    return {
        "batch": batch,
        "input_rows": rows,
        "input_cols": cols,
        "input_channels": channels,
        "output_rows": output_rows,
        "output_cols": output_cols,
        "output_channels": output_channels,
        "kernel_rows": window.kernel_rows,
        "kernel_cols": window.kernel_cols,
        "stride_rows": window.stride_rows,
        "stride_cols": window.stride_cols,
        "dilation_rows": window.dilation_rows,
        "dilation_cols": window.dilation_cols,
        "pad_top": window.pad_top,
        "pad_left": window.pad_left,
        "input_zero_point": op.input_zero_point,
    }


def _instructions(op: QuantConv2d, site: LoweringSite, scaling: ThumbScaling, runs: I64) -> int:
    depth = math.prod(op.weight.shape[1:])
    batch, rows, cols, _ = geometry(site.output)
    blocks, rest = divmod(rows * cols, thumb_pairs.PIXELS)
    pairs = [thumb_pairs.WORDS] * blocks + ([math.ceil(rest / 2)] if rest else [])
    has_multiply_add = "armv7m" in site.instruction_sets
    work = {
        count: thumb_pairs.channel_instructions(
            runs,
            depth,
            count,
            general=scaling.is_general(op, has_multiply_add=has_multiply_add),
            has_multiply_add=has_multiply_add,
        )
        for count in set(pairs)
    }
    groups = len(list(thumb_pairs.channel_groups(len(op.weight))))
    expand = 7 * depth + 20 * op.window.kernel_rows + 150
    per_image = sum(work[count] + expand * count + 130 * groups for count in pairs)
    return batch * per_image + 13 * op.weight.size


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantConv2d,
    instruction_set="armv6m",
    summary="Two pixels share a multiplication, in runs of taps whose sums stay apart.",
    lower=_lower,
)
