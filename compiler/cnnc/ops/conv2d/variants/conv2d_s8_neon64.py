"""Convolution on AArch64 without dot products: any window, rows in place where there is one tap."""

import math

from cnnc.codegen.kernel import (
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
    geometry,
)
from cnnc.codegen.packing import neon64_rows
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.conv2d.as_rows import as_rows
from cnnc.ops.conv2d.quant_op import QuantConv2d
from cnnc.ops.fully_connected.variants.fully_connected_s8_neon64 import lower_rows

_KERNEL = "conv2d_s8_neon64"


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    if op.groups > 1:
        return Refusal("it has groups")
    found = as_rows(op, site)
    if found is not None:
        return lower_rows(found.op, found.site)
    batch, rows, cols, channels = geometry(site.output)
    pixels = batch * rows * cols
    row_bytes = neon64_rows.round_up_to_group(math.prod(op.weight.shape[1:]))
    tile = neon64_rows.tile_rows(op.weight, row_bytes, pixels)
    packed = neon64_rows.pack_rows(op, site)
    parameters = {
        **op.general_call(site).parameters,
        "scaling": neon64_rows.scaling_kind(op, site),
        "row_bytes": row_bytes,
        "tile_pixels": tile,
    }
    del parameters["groups"]
    arguments = (InputArgument(0), *packed.arguments, OutputArgument(), ScratchArgument())
    line_bytes = op.weight.shape[2] * op.weight.shape[3]
    gathering = pixels * (op.window.kernel_rows * (line_bytes // 8 + 4) + 8)
    return Lowering(
        calls=(KernelCall(_KERNEL, "conv2d", parameters, arguments),),
        scratch_bytes=tile * row_bytes + neon64_rows.result_bytes(channels, tile),
        instructions=packed.instructions(pixels, tile) + gathering,
    )


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantConv2d,
    instruction_set="neon64",
    summary="Any window; chains of products of 16 bits as long as the weights allow.",
    lower=_lower,
)
