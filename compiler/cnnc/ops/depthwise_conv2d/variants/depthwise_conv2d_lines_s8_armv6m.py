"""Depthwise convolution for Thumb-1: strips of four outputs from a channel's expanded plane."""

import math
from dataclasses import dataclass

import numpy as np

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
from cnnc.codegen.packing.thumb_scaling import thumb_scaling
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I32, Window
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d

KERNEL = "depthwise_conv2d_lines_s8_armv6m"
_STRIP = 4
_WORD_BYTES = 4
_UNROLLED_TAPS = 9


@dataclass(frozen=True)
class _Axis:
    """One axis of the image and of the window.

    Attributes:
        size: Of the image.
        output_size: Of the result.
        step: Bytes from one element of the image to the next.
        output_step: The same of the result.
        kernel: Taps.
        stride: Of the window.
        dilation: Of the window.
        pad: Before the image.
    """

    size: int
    output_size: int
    step: int
    output_step: int
    kernel: int
    stride: int
    dilation: int
    pad: int

    @property
    def phase_size(self) -> int:
        """Return the elements of a phase: every ``stride``-th of those that windows reach."""
        reach = (self.output_size - 1) * self.stride + (self.kernel - 1) * self.dilation + 1
        return -(-reach // self.stride)

    @property
    def strips(self) -> int:
        """Return the strips that a line along this axis has."""
        return -(-self.output_size // _STRIP)


def _lower(op: QuantDepthwiseConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse several filters per channel and sums that cannot be scaled."""
    if op.multiplier > 1:
        return Refusal("it has several filters per channel")
    scaling = thumb_scaling(op, site)
    if isinstance(scaling, Refusal):
        return scaling
    rows, cols = _axes(op.window, site)
    across, along = min(((rows, cols), (cols, rows)), key=_line_cost)
    batch, _, _, channels = geometry(site.inputs[0])
    taps = op.window.kernel_rows * op.window.kernel_cols
    plane_words = across.stride * along.stride * across.phase_size * along.phase_size + _STRIP
    parameters = {
        "batch": batch,
        "input_bytes": math.prod(site.inputs[0][1:]),
        "output_bytes": math.prod(site.output[1:]),
        "channels": channels,
        "taps": taps,
        "input_lines": across.size,
        "input_line_length": along.size,
        "input_line_step": across.step,
        "input_step": along.step,
        "output_lines": across.output_size,
        "output_line_length": along.output_size,
        "output_line_step": across.output_step,
        "output_step": along.output_step,
        "line_stride": across.stride,
        "stride": along.stride,
        "line_pad": across.pad,
        "pad": along.pad,
        "phase_lines": across.phase_size,
        "phase_pitch": along.phase_size,
        "plane_words": plane_words,
        "input_zero_point": op.input_zero_point,
        "minimum": op.minimum,
        "maximum": op.maximum,
        "sign_unit": scaling.sign_unit,
        "wide": int(scaling.wide),
    }
    offsets = _tap_offsets(across, along, rows_first=across is rows)
    arguments = (
        InputArgument(0),
        ConstantArgument("weights", op.weight),
        ConstantArgument("channels", scaling.channel_data),
        ConstantArgument("offsets", offsets),
        OutputArgument(),
        ScratchArgument(),
    )
    strips = across.output_size * along.strips
    has_multiply_add = "armv7m" in site.instruction_sets
    general = scaling.is_general(op, has_multiply_add=has_multiply_add)
    per_output, per_tap = (25 if general else 20), 11
    if has_multiply_add:
        per_output, per_tap = (16 if general else 8), 7
    per_strip = 30 + per_tap * taps + 3 * -(-taps // _UNROLLED_TAPS)
    expand = across.stride * along.stride * across.phase_size * (30 + 4 * along.phase_size)
    per_channel = strips * per_strip + per_output * math.prod(site.output[1:3]) + expand
    return Lowering(
        calls=(KernelCall(KERNEL, "depthwise_conv2d", parameters, arguments),),
        scratch_bytes=_WORD_BYTES * (2 * taps + plane_words),
        in_place=(0,) if site.inputs[0] == site.output else (),
        instructions=batch * channels * (per_channel + 200 + 8 * taps) + 3 * plane_words,
    )


def _line_cost(axes: tuple[_Axis, _Axis]) -> tuple[int, int]:
    """Return strips, and as many of these, lines to expand, if lines lie along the second axis."""
    across, along = axes
    return across.output_size * along.strips, across.stride * along.stride * across.phase_size


def _axes(window: Window, site: LoweringSite) -> tuple[_Axis, _Axis]:
    """Return rows and columns."""
    _, rows, cols, channels = geometry(site.inputs[0])
    _, output_rows, output_cols, _ = geometry(site.output)
    return (
        _Axis(
            size=rows,
            output_size=output_rows,
            step=cols * channels,
            output_step=output_cols * channels,
            kernel=window.kernel_rows,
            stride=window.stride_rows,
            dilation=window.dilation_rows,
            pad=window.pad_top,
        ),
        _Axis(
            size=cols,
            output_size=output_cols,
            step=channels,
            output_step=channels,
            kernel=window.kernel_cols,
            stride=window.stride_cols,
            dilation=window.dilation_cols,
            pad=window.pad_left,
        ),
    )


def _tap_offsets(across: _Axis, along: _Axis, *, rows_first: bool) -> I32:
    """Return where each tap of the first output is in the plane, in bytes, in the weights' order.

    A tap at element e of the padded axis is in phase e mod stride, there at e div stride.
    """
    line_phase, line = np.divmod(np.arange(across.kernel) * across.dilation, across.stride)[::-1]
    phase, element = np.divmod(np.arange(along.kernel) * along.dilation, along.stride)[::-1]
    phases = line_phase[:, np.newaxis] * along.stride + phase
    lines = phases * across.phase_size + line[:, np.newaxis]
    offsets = _WORD_BYTES * (lines * along.phase_size + element)
    ordered = offsets if rows_first else offsets.T
    return np.ascontiguousarray(ordered).reshape(-1).astype(np.int32)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantDepthwiseConv2d,
    instruction_set="armv6m",
    summary="One channel at a time, expanded to words; four outputs of a line share each weight.",
    lower=_lower,
)
