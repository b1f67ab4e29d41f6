"""Depthwise convolution with Helium: one channel's patch of 4x4 values at a time."""

from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import (
    Argument,
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.codegen.packing import mve
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import I8
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d

_KERNEL = "depthwise_conv2d_s8_mve"
_PATCH = 4
_SQUARE_KERNEL = 3
_OFFSET_END = 2**16


@dataclass(frozen=True)
class _Axis:
    """One axis of the image; with the other one it may be exchanged.

    Attributes:
        size: Of the operand.
        output: Of the result.
        kernel: Taps.
        stride: Of the window.
        dilation: Of the taps.
        before: Padding.
        step: Bytes from one element of the operand to the next.
        output_step: The same for the result.
    """

    size: int
    output: int
    kernel: int
    stride: int
    dilation: int
    before: int
    step: int
    output_step: int

    @property
    def read(self) -> int:
        """Return the padded elements that some result reads."""
        return (self.output - 1) * self.stride + (self.kernel - 1) * self.dilation + 1


@dataclass(frozen=True)
class _Plan:
    """Rows and columns as the kernel sees them."""

    rows: _Axis
    cols: _Axis
    exchanged: bool
    batch: int
    channels: int

    @property
    def squares(self) -> bool:
        """Return whether four results share a patch."""
        return all(
            axis.kernel <= _SQUARE_KERNEL and axis.stride * axis.dilation == 1
            for axis in (self.rows, self.cols)
        )

    @property
    def steps(self) -> int:
        """Return the steps of eight results for one channel of a band."""
        return -(-self.cols.output // (4 if self.squares else 8))

    @property
    def bands(self) -> int:
        """Return how often four rows are read."""
        return -(-self.rows.output // 2) if self.squares else self.rows.output

    @property
    def lines(self) -> tuple[int, int]:
        """Return how many lines a row is and how many bytes one of them."""
        copied = max(0, min(self.cols.size, self.cols.read - self.cols.before))
        return (copied, self.channels) if self.exchanged else (1, copied * self.channels)

    @property
    def values_bytes(self) -> int:
        """Return the size of four interleaved rows, with what is read and written too far."""
        if self.squares:
            columns = 4 * self.steps + 2
        else:
            last = (8 * self.steps - 1) * self.cols.stride
            columns = last + (_PATCH - 1) * self.cols.dilation + 1
        return _PATCH * self.channels * max(columns, self.cols.read) + 64

    @property
    def scratch_bytes(self) -> int:
        """Return the scratch memory as the kernel divides it."""
        line_bytes = self.lines[1]
        weights = mve.STEP * (self.channels + 2)
        return weights + mve.rounded(line_bytes) + mve.rounded(self.values_bytes)

    @property
    def instructions(self) -> int:
        """Return what the layer takes."""
        lines, line_bytes = self.lines
        load = 100 + lines * (35 + 9 * mve.steps(line_bytes)) + 2 * self.channels // mve.STEP
        step = 32 if self.squares else 38
        band = load + 320 + self.channels * (26 + step * self.steps)
        return self.batch * self.bands * band + 6 * self.channels + 400

    def parameters(self) -> dict[str, int]:
        """Return the kernel's parameters that are about shapes."""
        rows, cols = self.rows, self.cols
        lines, line_bytes = self.lines
        column = _PATCH * self.channels
        copied = line_bytes * lines // self.channels
        return {
            "batch": self.batch,
            "channels": self.channels,
            "image_bytes": rows.size * cols.size * self.channels,
            "input_rows": rows.size,
            "row_step": rows.step,
            "lines": lines,
            "line_bytes": line_bytes,
            "line_step": cols.step,
            "pad_top": rows.before,
            "left_bytes": min(cols.before, cols.read) * column,
            "right_bytes": max(0, cols.read - cols.before - copied) * column,
            "kernel_rows": rows.kernel,
            "kernel_cols": cols.kernel,
            "dilation_rows": rows.dilation,
            "squares": int(self.squares),
            "stride_rows": rows.stride,
            "output_rows": rows.output,
            "output_cols": cols.output,
            "output_row_step": rows.output_step,
            "output_col_step": cols.output_step,
            "output_image_bytes": rows.output * cols.output * self.channels,
            "kernel_column_step": cols.dilation * column,
            "column_step": cols.stride * column,
        }


def _plans(op: QuantDepthwiseConv2d, site: LoweringSite) -> tuple[_Plan, _Plan]:
    """Return the image as it is and with rows and columns exchanged."""
    batch, input_rows, input_cols, channels = site.inputs[0]
    _, output_rows, output_cols, _ = site.output
    window = op.window
    rows = _Axis(
        input_rows,
        output_rows,
        window.kernel_rows,
        window.stride_rows,
        window.dilation_rows,
        window.pad_top,
        input_cols * channels,
        output_cols * channels,
    )
    cols = _Axis(
        input_cols,
        output_cols,
        window.kernel_cols,
        window.stride_cols,
        window.dilation_cols,
        window.pad_left,
        channels,
        channels,
    )
    return (
        _Plan(rows, cols, exchanged=False, batch=batch, channels=channels),
        _Plan(cols, rows, exchanged=True, batch=batch, channels=channels),
    )


def _lower(op: QuantDepthwiseConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse channel multipliers, large kernels and inexact scaling."""
    if op.multiplier > 1:
        return Refusal("a channel has several filters")
    if max(op.window.kernel_rows, op.window.kernel_cols) > _PATCH:
        return Refusal(f"its kernel is larger than {_PATCH}x{_PATCH}")
    constants = mve.folded_scaling(op, site)
    if isinstance(constants, Refusal):
        return constants
    plan = min(_plans(op, site), key=lambda plan: plan.instructions)
    if plan.rows.output_step + 8 * plan.cols.output_step > _OFFSET_END:
        return Refusal("a row of the result is out of the scatter store's reach")
    channels = np.stack([constants.bias, constants.multipliers, constants.dividers], axis=1)
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        ConstantArgument("weights", _packed(op.weight, plan)),
        ConstantArgument("channels", channels.reshape(-1)),
        OutputArgument(),
        ScratchArgument(),
    )
    parameters = {
        **plan.parameters(),
        "input_zero_point": op.input_zero_point,
        **op.output_parameters(),
    }
    call = KernelCall(_KERNEL, "depthwise_conv2d", parameters, arguments)
    return Lowering(calls=(call,), scratch_bytes=plan.scratch_bytes, instructions=plan.instructions)


def _packed(weight: I8, plan: _Plan) -> I8:
    """Return [kernel_row][kernel_col][channel] as [channel][column][row] of the plan."""
    axes = (2, 0, 1) if plan.exchanged else (2, 1, 0)
    return np.ascontiguousarray(weight.transpose(axes)).reshape(-1)


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantDepthwiseConv2d,
    instruction_set="mve",
    summary="Kernels up to 4x4, a patch of one channel at a time.",
    lower=_lower,
)
