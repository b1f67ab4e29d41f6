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
_UNROLLED = 16
"""Pieces of a patch that are copied without a loop."""


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the cheaper way; refuse groups."""
    if op.groups > 1:
        return Refusal("it has groups")
    found = as_rows(op, site)
    if found is not None:
        return ROWS.lower(found.op, found.site)
    is_dense = op.window.dilation_cols == 1 or op.window.kernel_cols == 1
    ways = [_gathered(op, site), *([_in_lines(op, site)] if is_dense else [])]
    return _lowering(op, site, min(ways, key=lambda way: way.instructions))


@dataclass(frozen=True)
class _Way:
    """How pixels become rows.

    Attributes:
        segments: Pieces of memory of each.
        piece_bytes: What is read of the image at a time.
        parameters: Fields of the kernel that say it.
        scratch_bytes: Working memory.
        instructions: Of the layer.
    """

    segments: int
    piece_bytes: int
    parameters: dict[str, int]
    scratch_bytes: int
    instructions: int


def _in_lines(op: QuantConv2d, site: LoweringSite) -> _Way:
    window = op.window
    batch, output_rows, output_cols, channels = geometry(site.output)
    depth = site.inputs[0][3]
    at_once = neon_dot.lines_at_once(window, site, op.weight.size)
    lines = neon_dot.Lines.of(window, site, at_once)
    if not lines.padded_cols:
        at_once = output_rows
    by_line = neon_dot.line_instructions(
        channels, output_cols, window.kernel_rows, window.kernel_cols * depth
    )
    parameters = {
        "padded_cols": lines.padded_cols,
        "lines_at_once": at_once,
        "patch_bytes": 0,
        "patches_offset": 0,
    }
    return _Way(
        window.kernel_rows,
        window.kernel_cols * depth,
        parameters,
        lines.copied_bytes + neon_dot.SLACK_BYTES,
        lines.instructions + batch * output_rows * by_line,
    )


def _gathered(op: QuantConv2d, site: LoweringSite) -> _Way:
    window = op.window
    depth = site.inputs[0][3]
    batch, output_rows, output_cols, channels = geometry(site.output)
    line_bytes = window.kernel_cols * depth
    patch_bytes = neon_dot.QUAD * neon_dot.quads(window.kernel_rows * line_bytes)
    room = neon_dot.copied_bytes(op.weight.size)
    at_once = min(output_rows, max(room // (patch_bytes * output_cols), 1))
    lines = neon_dot.Lines.of(window, site, at_once)
    pieces = window.kernel_rows * (1 if window.dilation_cols == 1 else window.kernel_cols)
    by_piece = 2 * -(-window.kernel_rows * line_bytes // pieces // neon_dot.VECTOR)
    gathering = pieces * by_piece + 4 + (8 * pieces if pieces > _UNROLLED else 0)
    by_band = neon_dot.line_instructions(channels, at_once * output_cols, 1, patch_bytes)
    offset = lines.copied_bytes + neon_dot.SLACK_BYTES
    parameters = {
        "padded_cols": lines.padded_cols,
        "lines_at_once": at_once,
        "patch_bytes": patch_bytes,
        "patches_offset": offset,
    }
    return _Way(
        1,
        window.kernel_rows * line_bytes // pieces,
        parameters,
        offset + at_once * output_cols * patch_bytes + neon_dot.SLACK_BYTES,
        lines.instructions
        + batch * output_rows * output_cols * gathering
        + batch * -(-output_rows // at_once) * by_band,
    )


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
    is_copied = way.parameters["padded_cols"] > 0
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
        over_read_bytes=neon_dot.over_read_bytes(cols * depth if is_copied else way.piece_bytes),
    )


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantConv2d,
    instruction_set="neon_dot",
    summary="Any window without groups, four pixels times 16 output channels.",
    lower=_lower,
)
