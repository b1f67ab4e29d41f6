"""Max pooling over one to three axes (ONNX MaxPool, GlobalMaxPool; spec 4.7).

y[...][k] = max over the taps that lie in the image; padding is minus infinity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.parts import Part, windowed_parts
from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import FloatOp, NoIntegerRuleError, OutputFormat, QuantOp
from cnnc.ir.types import INT8_MIN, AnyArray, AnyWindow, ElementType, Shape, Tensor, Window, Window3
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._one_row import emit_with_rows
from cnnc.ops._pool_tflite import (
    TflitePadding,
    pool_options,
    refuse_dilations,
    tflite_padding,
    tflite_pads,
)
from cnnc.ops._pool_window import (
    Element,
    emit_global_pool,
    pool_parameters,
    pooled_shape,
    read_pool_window,
    volume_parameters,
    window_taps,
)
from cnnc.ops._tflite_import import read_tflite_window
from cnnc.ops.clip import emit_clamped
from cnnc.ops.max_pool.indices import MaxPoolIndices
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_LINE_RANK = 3
_REAL_KERNELS = {
    ElementType.FLOAT32: "max_pool_f32",
    ElementType.UINT8: "max_pool_volume_u8",
}
"""What computes tensors that are not quantized."""


@dataclass(frozen=True, eq=False)
class MaxPool(FloatOp):
    """Maximum over a window that slides over the middle axes of a [batch][...][channel] tensor.

    Attributes:
        window: Each of its positions holds at least one element of the image.
    """

    window: AnyWindow

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the pooled shape after checking that every window meets the image."""
        return pooled_shape(self.window, inputs[0])

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the operand's type.

        Raises:
            UnsupportedAttributeError: It has no kernel.
        """
        if inputs[0] not in _REAL_KERNELS:
            raise UnsupportedAttributeError(
                f"an operand of type {inputs[0]}; {', '.join(_REAL_KERNELS)} are supported"
            )
        return inputs[0]

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Take the maximum over the taps."""
        kind = inputs[0].dtype
        lowest = -np.inf if kind.kind == "f" else int(np.iinfo(kind).min)
        return _maximum(inputs[0], self.window, lowest)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for the operand's type."""
        call = KernelCall(
            kernel=_REAL_KERNELS[site.input_types[0]],
            folder="max_pool",
            parameters=volume_parameters(self.window, site.inputs[0], site.output),
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8: order is preserved."""
        if context.input_types[0] is not ElementType.INT8:
            raise NoIntegerRuleError("its elements are no quantized numbers")
        if isinstance(self.window, Window3):
            return QuantMaxPool3(self.window)
        return QuantMaxPool(self.window)


@dataclass(frozen=True, eq=False)
class QuantMaxPool(QuantOp):
    """Maximum over a sliding window on int8; input and output share their format."""

    window: Window

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the pooled shape."""
        return pooled_shape(self.window, inputs[0])

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Take the maximum over the taps; -128 never beats one in the image."""
        return _maximum(inputs[0], self.window, INT8_MIN)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's: every window holds an element of the image."""
        return site.bounds[0]

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result."""
        return choice.in_step()

    def split(self, site: LoweringSite, count: int) -> tuple[Part, ...]:
        """Divide the output's rows."""
        return windowed_parts(self, site, count)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the plain kernel."""
        call = KernelCall(
            kernel="max_pool_s8",
            folder="max_pool",
            parameters=pool_parameters(self.window, site.inputs[0], site.output),
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add MAX_POOL_2D, after PADV2(-128) where the padding is neither SAME nor VALID."""
        window = self.window
        refuse_dilations(window, "MAX_POOL_2D")
        value = operands.input_values[0]
        source = operands.inputs[0]
        padding = tflite_padding(window, value.shape[1], value.shape[2])
        if padding is None:
            pads, shape = tflite_pads(window, value.shape)
            lowest = graph.constant(
                np.array([INT8_MIN], dtype=np.int8),
                (value.quantization.scale,),
                value.quantization.zero_point,
            )
            padded = graph.intermediate(shape, value.quantization)
            graph.operator(
                "PADV2",
                [source, graph.constant(pads), lowest],
                padded,
                TfliteOptions("PadV2Options", {}),
            )
            source, padding = padded, TflitePadding.VALID
        options = pool_options(window, padding)
        graph.operator("MAX_POOL_2D", [source], operands.output, options)


@dataclass(frozen=True, eq=False)
class QuantMaxPool3(QuantOp):
    """Maximum over a window of planes, rows and columns on int8, format kept."""

    window: Window3

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the pooled shape."""
        return pooled_shape(self.window, inputs[0])

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Take the maximum over the taps; -128 never beats one in the volume."""
        return _maximum(inputs[0], self.window, INT8_MIN)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's: every window holds an element of the volume."""
        return site.bounds[0]

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result."""
        return choice.in_step()

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel for volumes."""
        call = KernelCall(
            kernel="max_pool_volume_s8",
            folder="max_pool",
            parameters=volume_parameters(self.window, site.inputs[0], site.output),
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Refuse: there is no such operator on int8."""
        raise NotExpressibleError("TFLite pools over three axes in float only")


def _maximum(image: npt.NDArray[Element], window: AnyWindow, lowest: float) -> npt.NDArray[Element]:
    taps = window_taps(image, window, lowest)
    result = next(taps).copy()
    for tap in taps:
        # As the C compares; unlike np.maximum, it says which of two zeros stays.
        np.copyto(result, tap, where=np.greater(tap, result))
    return result


def _read_max_pool(reader: "NodeReader") -> None:
    column_major = bool(reader.int_attribute("storage_order", 0))
    window = read_pool_window(reader).window
    emit_with_rows(reader, MaxPool(window))
    if reader.has_output(1):
        # A line has one order, and its image of one row the same.
        is_line = len(reader.onnx_shape(0)) == _LINE_RANK
        emit_with_rows(reader, MaxPoolIndices(window, column_major and not is_line), output=1)


def _read_global_max_pool(reader: "NodeReader") -> None:
    emit_global_pool(reader, MaxPool)


def _read_max_pool_2d(reader: "TfliteNodeReader") -> None:
    kernel = (reader.option("FilterHeight", 0), reader.option("FilterWidth", 0))
    op = MaxPool(read_tflite_window(reader, kernel, dilated=False))
    emit_clamped(reader, op, reader.activation())


OPERATOR = OperatorDefinition(
    name="max_pool",
    summary="Maximum over a window of up to three axes.",
    readers={"MaxPool": _read_max_pool, "GlobalMaxPool": _read_global_max_pool},
    float_ops=(MaxPool, MaxPoolIndices),
    quant_ops=(QuantMaxPool, QuantMaxPool3),
    kernels=(
        "max_pool_s8",
        "max_pool_volume_s8",
        "max_pool_volume_u8",
        "max_pool_f32",
        "max_pool_indices_f32",
    ),
    tflite=("MAX_POOL_2D", "PADV2"),
    limits=(
        "Images of one, two or three axes only; float32 or uint8.",
        "Indices of float32 only; storage_order 1 along two axes only.",
        "auto_pad SAME with dilations pads for the kernel without them, as ONNX Runtime does.",
    ),
    tflite_readers={"MAX_POOL_2D": _read_max_pool_2d},
)
