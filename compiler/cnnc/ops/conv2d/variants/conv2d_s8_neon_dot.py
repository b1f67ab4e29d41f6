"""Convolution on AArch64 with dot products: four pixels of a line times 16 output channels.

Lines of the kernel are read from the image where it lies or, with padding, from a copy of some of
its lines. Where they are short, or their taps apart, pixels are gathered as rows.
"""

from dataclasses import dataclass

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
from cnnc.codegen.packing import neon_dot
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.conv2d.as_rows import as_rows
from cnnc.ops.conv2d.quant_op import QuantConv2d
from cnnc.ops.fully_connected.variants.fully_connected_s8_neon_dot import VARIANT as ROWS

_KERNEL = "conv2d_s8_neon_dot"
_COPIED_BYTES = 32768
"""Of the image or of patches at a time, if one line or tile is not more: they stay in the cache."""
_SLACK_BYTES = 64
"""Copies are rounded up to vectors."""


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the cheaper way; refuse groups."""
    if op.groups > 1:
        return Refusal("it has groups")
    found = as_rows(op, site)
    if found is not None:
        return ROWS.lower(found.op, found.site)
    ways = [_patches(op, site)]
    if op.window.dilation_cols == 1 or op.window.kernel_cols == 1:
        ways.append(_lines(op, site))
    return _lowering(op, site, min(ways, key=lambda way: way.instructions))


@dataclass(frozen=True)
class _Way:
    """How pixels become rows.

    Attributes:
        segments: Pieces of memory of each.
        parameters: Fields of the kernel that say it.
        scratch_bytes: Working memory.
        instructions: Of the layer.
    """

    segments: int
    parameters: dict[str, int]
    scratch_bytes: int
    instructions: int


def _lines(op: QuantConv2d, site: LoweringSite) -> _Way:
    window = op.window
    batch, rows, cols, depth = geometry(site.inputs[0])
    _, output_rows, output_cols, channels = geometry(site.output)
    span_rows = (output_rows - 1) * window.stride_rows + window.span_rows
    span_cols = (output_cols - 1) * window.stride_cols + window.span_cols
    by_line = neon_dot.line_instructions(
        channels, output_cols, window.kernel_rows, window.kernel_cols * depth
    )
    in_place = not (window.pad_top or window.pad_left or span_rows > rows or span_cols > cols)
    at_once = output_rows
    copied = 0
    instructions = batch * output_rows * by_line
    if not in_place:
        line_bytes = span_cols * depth
        room = _COPIED_BYTES // line_bytes - window.span_rows
        at_once = min(output_rows, max(room, 0) // window.stride_rows + 1)
        copied = ((at_once - 1) * window.stride_rows + window.span_rows) * line_bytes
        instructions += batch * -(-output_rows // at_once) * (copied // 12 + 200)
    parameters = {
        "patch_bytes": 0,
        "patches": 0,
        "padded_cols": 0 if in_place else span_cols,
        "lines_at_once": at_once,
    }
    return _Way(window.kernel_rows, parameters, copied + _SLACK_BYTES, instructions)


def _patches(op: QuantConv2d, site: LoweringSite) -> _Way:
    window = op.window
    depth = site.inputs[0][3]
    batch, output_rows, output_cols, channels = geometry(site.output)
    line_bytes = window.kernel_cols * depth
    patch_bytes = neon_dot.QUAD * neon_dot.quads(window.kernel_rows * line_bytes)
    pixels = batch * output_rows * output_cols
    tile = neon_dot.TILE
    at_once = min(pixels, max(_COPIED_BYTES // patch_bytes // tile * tile, tile))
    pieces = window.kernel_rows * (1 if window.dilation_cols == 1 else window.kernel_cols)
    gathering = pieces * 10 + window.kernel_rows * line_bytes // 8 + 15
    by_line = neon_dot.line_instructions(channels, at_once, 1, patch_bytes)
    parameters = {
        "patch_bytes": patch_bytes,
        "patches": at_once,
        "padded_cols": 0,
        "lines_at_once": 0,
    }
    instructions = pixels * gathering + -(-pixels // at_once) * by_line
    return _Way(1, parameters, at_once * patch_bytes + _SLACK_BYTES, instructions)


def _lowering(op: QuantConv2d, site: LoweringSite, way: _Way) -> Lowering:
    window = op.window
    batch, rows, cols, depth = geometry(site.inputs[0])
    _, output_rows, output_cols, channels = geometry(site.output)
    parameters = {
        "batch": batch,
        "input_rows": rows,
        "input_cols": cols,
        "input_channels": depth,
        "output_rows": output_rows,
        "output_cols": output_cols,
        "output_channels": channels,
        "kernel_rows": window.kernel_rows,
        "kernel_cols": window.kernel_cols,
        "stride_rows": window.stride_rows,
        "stride_cols": window.stride_cols,
        "dilation_rows": window.dilation_rows,
        "dilation_cols": window.dilation_cols,
        "pad_top": window.pad_top,
        "pad_left": window.pad_left,
        "input_zero_point": op.input_zero_point,
        **neon_dot.layer_parameters(op, site),
        **way.parameters,
    }
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        *neon_dot.channel_constants(op, op.weight.reshape(channels, way.segments, -1)),
        OutputArgument(),
        ScratchArgument(),
    )
    return Lowering(
        calls=(KernelCall(_KERNEL, "conv2d", parameters, arguments),),
        scratch_bytes=way.scratch_bytes,
        instructions=way.instructions,
        over_read_bytes=neon_dot.OVER_READ_BYTES,
    )


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantConv2d,
    instruction_set="neon_dot",
    summary="Any window without groups, four pixels times 16 output channels.",
    lower=_lower,
)
