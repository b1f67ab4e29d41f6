"""Average pooling over rows and columns (ONNX AveragePool; spec 4.6).

y = sum of the counted taps / their number n. Padding counts as real 0 with count_include_pad,
otherwise not at all; what ceil_mode adds beyond the padding never counts.
int8: y = tdiv(sum > 0 ? sum + n/2 : sum - n/2, n), where padding that counts is the zero point.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, I64, AnyArray, Shape, Window
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._pool_window import (
    TflitePadding,
    image_counts,
    pool_parameters,
    pooled_shape,
    read_pool_window,
    sum_windows,
    tflite_padding,
    tflite_pads,
    volume_parameters,
)
from cnnc.ops._tflite_import import read_tflite_window
from cnnc.ops.clip import emit_clamped
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_MAXIMUM_TAPS = 2**23
"""|sum| + n/2 <= 128 n + n/2 stays within int32."""


@dataclass(frozen=True, eq=False)
class AveragePool(FloatOp):
    """Average over a sliding window of a [batch][row][col][channel] tensor.

    Attributes:
        window: Each of its positions holds at least one element of the image.
        count_include_pad: Whether padding counts as 0.
        uncounted_rows: Bottom rows of the padding that count in no case (ceil_mode).
        uncounted_cols: Right columns of the padding that count in no case.
    """

    window: Window
    count_include_pad: bool = False
    uncounted_rows: int = 0
    uncounted_cols: int = 0

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the pooled shape after checking that every window meets the image."""
        if self.window.kernel_rows * self.window.kernel_cols > _MAXIMUM_TAPS:
            raise UnsupportedAttributeError(f"an average over more than {_MAXIMUM_TAPS} elements")
        return pooled_shape(self.window, inputs[0])

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Divide float64 sums by the counts."""
        counts = counted_taps(self, inputs[0].shape[1:])[:, :, np.newaxis]
        sums = sum_windows(inputs[0].astype(np.float64), self.window, 0.0)
        average: F32 = (sums / counts).astype(np.float32)
        return average

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Divide sums in float32, added in the order of the taps."""
        counts = counted_taps(self, inputs[0].shape[1:])[:, :, np.newaxis]
        # From 0 on, as in C: the sum of zeros never is -0, so padding may be added.
        return (np.float32(0) + sum_windows(inputs[0], self.window, 0.0)) / counts.astype(
            np.float32
        )

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for real numbers."""
        counted = _counted_extent(self, site.inputs[0]) if self.count_include_pad else (0, 0)
        call = KernelCall(
            kernel="average_pool_f32",
            folder="average_pool",
            parameters=volume_parameters(self.window, site.inputs[0], site.output, counted),
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op that averages the int8 values themselves."""
        return QuantAveragePool(
            window=self.window,
            count_include_pad=self.count_include_pad,
            uncounted_rows=self.uncounted_rows,
            uncounted_cols=self.uncounted_cols,
            zero_point=context.inputs[0].zero_point,
        )


@dataclass(frozen=True, eq=False)
class QuantAveragePool(QuantOp):
    """Average over a sliding window on int8; input and output share their format.

    Attributes:
        window: As in ``AveragePool``, likewise the next three.
        count_include_pad: Whether padding counts as ``zero_point``.
        uncounted_rows: Bottom rows of the padding that count in no case.
        uncounted_cols: Right columns of the padding that count in no case.
        zero_point: int8 value of real 0.
    """

    window: Window
    count_include_pad: bool
    uncounted_rows: int
    uncounted_cols: int
    zero_point: int

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the pooled shape."""
        return pooled_shape(self.window, inputs[0])

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute spec 4.6; no step depends on the rounding."""
        shape = inputs[0].shape[1:]
        counts = counted_taps(self, shape)
        padded_taps = counts - image_counts(self.window, shape)
        sums = sum_windows(inputs[0].astype(np.int32), self.window, 0)
        totals = sums + (padded_taps * self.zero_point)[:, :, np.newaxis]
        n = counts[:, :, np.newaxis]
        # A sum of 0 counts as negative, and floor division of magnitudes truncates toward zero.
        magnitude = (np.abs(totals) + n // 2) // n
        average: AnyArray = np.where(totals > 0, magnitude, -magnitude).astype(np.int8)
        return average

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's, with the zero point where padding counts.

        A rounded average of integers does not leave the interval that holds them.
        """
        operand, shape = site.bounds[0], site.input_shapes[0]
        if np.array_equal(counted_taps(self, shape), image_counts(self.window, shape)):
            return operand
        padding = np.full_like(operand.low, self.zero_point)
        return ChannelBounds.hull([operand, ChannelBounds(padding, padding)])

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result."""
        return choice.in_step()

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the plain kernel."""
        counted = (0, 0)
        if self.count_include_pad:
            counted = _counted_extent(self, site.inputs[0])
        call = KernelCall(
            kernel="average_pool_s8",
            folder="average_pool",
            parameters={
                **pool_parameters(self.window, site.inputs[0], site.output),
                "counted_rows": counted[0],
                "counted_cols": counted[1],
                "zero_point": self.zero_point,
            },
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add AVERAGE_POOL_2D, after PAD(zero point) where padding counts."""
        window = self.window
        if max(window.dilation_rows, window.dilation_cols) > 1:
            raise NotExpressibleError("AVERAGE_POOL_2D has no dilations")
        value = operands.input_values[0]
        source = operands.inputs[0]
        padding = tflite_padding(window, value.shape[1], value.shape[2])
        if self.count_include_pad and padding is not TflitePadding.VALID:
            if self.uncounted_rows or self.uncounted_cols:
                raise NotExpressibleError("AVERAGE_POOL_2D has no ceil_mode")
            pads, shape = tflite_pads(window, value.shape)
            padded = graph.intermediate(shape, value.quantization)
            options = TfliteOptions("PadOptions", {})
            graph.operator("PAD", [source, graph.constant(pads)], padded, options)
            source, padding = padded, TflitePadding.VALID
        if padding is None:
            raise NotExpressibleError("AVERAGE_POOL_2D excludes no padding but that of SAME")
        fields = {
            "Padding": int(padding),
            "StrideH": window.stride_rows,
            "StrideW": window.stride_cols,
            "FilterHeight": window.kernel_rows,
            "FilterWidth": window.kernel_cols,
        }
        graph.operator(
            "AVERAGE_POOL_2D", [source], operands.output, TfliteOptions("Pool2DOptions", fields)
        )


def _counted_extent(op: AveragePool | QuantAveragePool, shape: Shape) -> tuple[int, int]:
    """Return rows and columns of the padded image without what ceil_mode added."""
    window = op.window
    return (
        shape[1] + window.pad_top + window.pad_bottom - op.uncounted_rows,
        shape[2] + window.pad_left + window.pad_right - op.uncounted_cols,
    )


def counted_taps(op: AveragePool | QuantAveragePool, shape: Shape) -> I64:
    """Return how many taps each window counts, [out_rows][out_cols]."""
    if not op.count_include_pad:
        return image_counts(op.window, shape)
    rows, cols = _counted_extent(op, shape)
    beyond = replace(
        op.window, pad_top=0, pad_left=0, pad_bottom=op.uncounted_rows, pad_right=op.uncounted_cols
    )
    return image_counts(beyond, (1, rows, cols, 1))


def _read_average_pool(reader: "NodeReader") -> None:
    include = bool(reader.int_attribute("count_include_pad", 0))
    pool = read_pool_window(reader)
    op = AveragePool(
        window=pool.window,
        count_include_pad=include and pool.window.has_padding,
        uncounted_rows=pool.uncounted_rows,
        uncounted_cols=pool.uncounted_cols,
    )
    reader.define_channel_last(reader.emit(op, [reader.channel_last(0)]))


def _read_average_pool_2d(reader: "TfliteNodeReader") -> None:
    kernel = (reader.option("FilterHeight", 0), reader.option("FilterWidth", 0))
    op = AveragePool(read_tflite_window(reader, kernel, dilated=False))
    emit_clamped(reader, op, reader.activation())


OPERATOR = OperatorDefinition(
    name="average_pool",
    summary="Average over a window of rows and columns.",
    readers={"AveragePool": _read_average_pool},
    float_ops=(AveragePool,),
    quant_ops=(QuantAveragePool,),
    kernels=("average_pool_s8", "average_pool_f32"),
    tflite=("AVERAGE_POOL_2D", "PAD"),
    limits=("2-D images only.", "auto_pad SAME together with dilations is refused."),
    tflite_readers={"AVERAGE_POOL_2D": _read_average_pool_2d},
)
