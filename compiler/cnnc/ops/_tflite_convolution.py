"""Write integer layers with weights as TFLite convolutions (spec section 9).

CONV_2D takes weights [out][row][col][in / groups] and DEPTHWISE_CONV_2D [1][row][col][out], both
int8 with one scale per output channel, and an int32 bias of scale s_in * s_w[c].
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.tflite import TfliteOptions
from cnnc.ir.types import AnyArray, Quantization, Shape, Window
from cnnc.ops._requantize import QuantWeightedOp
from cnnc.quantize.fixed_point import quantize_multipliers

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands

_SAME, _VALID = 0, 1
_ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU_N1_TO_1": 2, "RELU6": 3}


def export_convolution(
    graph: "TfliteGraph", operands: "TfliteOperands", op: QuantWeightedOp, window: Window
) -> None:
    """Add CONV_2D for an op whose weights are [out][row][col][in / groups]."""
    source, padding = _padded_source(graph, operands, window)
    graph.operator(
        "CONV_2D",
        (source, *_parameters(graph, op, op.weight, operands.input_values[0].quantization)),
        operands.output,
        TfliteOptions("Conv2DOptions", _options(op, window, padding)),
        version=6,
    )


def export_depthwise(
    graph: "TfliteGraph",
    operands: "TfliteOperands",
    op: QuantWeightedOp,
    window: Window,
    multiplier: int,
) -> None:
    """Add DEPTHWISE_CONV_2D for an op whose weights are [row][col][out]."""
    source, padding = _padded_source(graph, operands, window)
    weight = op.weight[np.newaxis]
    options = {**_options(op, window, padding), "DepthMultiplier": multiplier}
    graph.operator(
        "DEPTHWISE_CONV_2D",
        (source, *_parameters(graph, op, weight, operands.input_values[0].quantization, axis=3)),
        operands.output,
        TfliteOptions("DepthwiseConv2DOptions", options),
        version=6,
    )


def export_rows(graph: "TfliteGraph", operands: "TfliteOperands", op: QuantWeightedOp) -> None:
    """Add RESHAPE, CONV_2D 1x1, RESHAPE for an op on [rows][in] with weights [out][in].

    FULLY_CONNECTED is avoided: runtimes disagree on its rounding (spec 4.3).
    """
    value, result = operands.input_values[0], operands.output_value
    rows, depth = value.shape
    channels = len(op.weight)
    op, source = _scaled_as_convolution(op, value.quantization, result.quantization)
    image = graph.intermediate((rows, 1, 1, depth), source)
    graph.reshape(operands.inputs[0], (rows, 1, 1, depth), image)
    convolved = graph.intermediate((rows, 1, 1, channels), result.quantization)
    weight = op.weight.reshape(channels, 1, 1, depth)
    graph.operator(
        "CONV_2D",
        (image, *_parameters(graph, op, weight, source)),
        convolved,
        TfliteOptions("Conv2DOptions", _options(op, Window(1, 1), _VALID)),
        version=3,
    )
    graph.reshape(convolved, result.shape, operands.output)


def _scaled_as_convolution(
    op: QuantWeightedOp, source: Quantization, result: Quantization
) -> tuple[QuantWeightedOp, Quantization]:
    """Return op and operand format with scales from which CONV_2D computes op's multipliers.

    An imported FULLY_CONNECTED has M = f32(s_in s_w) / s_out, CONV_2D computes s_in s_w / s_out in
    double. With s_in' = 1 and s_w' = f32(s_in s_w), which RESHAPE allows, both are the same.
    """
    products = source.scale * op.weight_scales.astype(np.float64)
    multipliers, shifts = quantize_multipliers(products / result.scale)
    if np.array_equal(multipliers, op.multipliers) and np.array_equal(shifts, op.shifts):
        return op, source
    unit = Quantization(1.0, source.zero_point)
    return replace(op, weight_scales=products.astype(np.float32)), unit


def _parameters(
    graph: "TfliteGraph",
    op: QuantWeightedOp,
    weight: AnyArray,
    source: Quantization,
    axis: int = 0,
) -> tuple[int, int]:
    """Add weights and bias; returns their tensor indices."""
    scales = [float(scale) for scale in op.weight_scales]
    bias_scales = [float(np.float32(source.scale * scale)) for scale in scales]
    return (
        graph.constant(weight, scales, quantized_axis=axis),
        graph.constant(op.bias, bias_scales),
    )


def _options(op: QuantWeightedOp, window: Window, padding: int) -> dict[str, int]:
    return {
        "Padding": padding,
        "StrideH": window.stride_rows,
        "StrideW": window.stride_cols,
        "DilationHFactor": window.dilation_rows,
        "DilationWFactor": window.dilation_cols,
        "FusedActivationFunction": _ACTIVATIONS[op.activation.value],
    }


def _padded_source(
    graph: "TfliteGraph", operands: "TfliteOperands", window: Window
) -> tuple[int, int]:
    """Return the tensor to convolve and TFLite's padding; adds PAD where SAME does not fit."""
    source, value = operands.inputs[0], operands.input_values[0]
    if not window.has_padding:
        return source, _VALID
    if _is_same(window, value.shape):
        return source, _SAME
    batch, rows, cols, channels = value.shape
    margins = [
        (0, 0),
        (window.pad_top, window.pad_bottom),
        (window.pad_left, window.pad_right),
        (0, 0),
    ]
    padded_rows = rows + window.pad_top + window.pad_bottom
    padded_cols = cols + window.pad_left + window.pad_right
    padded = graph.intermediate((batch, padded_rows, padded_cols, channels), value.quantization)
    paddings = graph.constant(np.array(margins, dtype=np.int32))
    graph.operator("PAD", (source, paddings), padded, TfliteOptions("PadOptions", {}), version=2)
    return padded, _VALID


def _is_same(window: Window, image: Shape) -> bool:
    """Whether the padding is what TFLite computes for SAME (spec 2.6)."""
    rows = same_padding(image[1], window.stride_rows, window.span_rows)
    cols = same_padding(image[2], window.stride_cols, window.span_cols)
    return rows == (window.pad_top, window.pad_bottom) and cols == (
        window.pad_left,
        window.pad_right,
    )


def same_padding(extent: int, stride: int, span: int) -> tuple[int, int]:
    """Return padding before and after one axis of an image for SAME (spec 2.6)."""
    outputs = -(-extent // stride)
    total = max((outputs - 1) * stride + span - extent, 0)
    return total // 2, total - total // 2
