"""What readers of .tflite operators share: windows, weights as they are in the file.

The integers of the file are kept; only the multipliers are computed, with the float types of
TFLite's kernels (spec section 3).
"""

from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import F64, Shape, Window
from cnnc.ops._requantize import WeightedFields, accumulator_bounds
from cnnc.ops._tflite_convolution import same_padding
from cnnc.quantize.fixed_point import activation_limits, quantize_multipliers

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader

_SAME, _VALID = 0, 1


def read_weighted(
    reader: "TfliteNodeReader",
    channel_axis: int,
    *,
    float32_product: bool = False,
    operands: tuple[int, int, int] = (0, 1, 2),
) -> WeightedFields:
    """Read an operand, weights, bias and the fused activation.

    M[c] = s_in s_w[c] / s_out in double; with one scale for all channels and ``float32_product``,
    M = f32(s_in s_w) / s_out.

    Args:
        reader: The operator.
        channel_axis: Axis of the weights that is the output channel; the array keeps its shape.
        float32_product: Whether the kernel multiplies two single scales in float32.
        operands: Which operands these are: what is multiplied, weights, bias.

    Raises:
        UnsupportedAttributeError: Weights or bias are not as int8 TFLite has them, or an
            accumulator could pass int32.
    """
    multiplied, factors, addend = operands
    source, result = reader.value(multiplied).quantization, reader.output.quantization
    weights = reader.weights(factors, channel_axis)
    channels = weights.array.shape[channel_axis]
    bias = reader.bias(addend, channels)
    if int(accumulator_bounds(weights.array, bias, channel_axis).max(initial=0)) >= 2**31:
        raise UnsupportedAttributeError(
            "bias and weights are so large that an accumulator could pass int32"
        )
    scales = np.array(weights.scales, np.float32)
    products: F64 = source.scale * scales.astype(np.float64)
    if float32_product and len(scales) == 1:
        products = products.astype(np.float32).astype(np.float64)
    multipliers, shifts = quantize_multipliers(
        np.broadcast_to(products / result.scale, (channels,)).astype(np.float64)
    )
    activation = reader.activation()
    minimum, maximum = activation_limits(activation, result)
    reader.ignore("QuantizedBiasType")  # The bias tensor's own type has been checked.
    return WeightedFields(
        weight=np.ascontiguousarray(weights.array),
        bias=bias,
        weight_scales=np.broadcast_to(scales, (channels,)).astype(np.float32),
        multipliers=multipliers,
        shifts=shifts,
        input_zero_point=source.zero_point,
        output_zero_point=result.zero_point,
        activation=activation,
        minimum=minimum,
        maximum=maximum,
    )


def read_image(reader: "TfliteNodeReader") -> Shape:
    """Return the shape of operand 0, [batch][row][col][channel].

    Raises:
        UnsupportedAttributeError: It has another rank.
    """
    shape = reader.value(0).shape
    if len(shape) != 4:
        raise UnsupportedAttributeError(f"an operand of shape {list(shape)} is no 2-D image")
    return shape


def read_tflite_window(
    reader: "TfliteNodeReader", kernel: tuple[int, int], *, dilated: bool
) -> Window:
    """Read strides, dilations and padding of a 2-D window; SAME becomes explicit (spec 2.6).

    Args:
        reader: The operator; its first operand is an image.
        kernel: Taps in the row and column directions.
        dilated: Whether the options have dilations.

    Raises:
        UnsupportedAttributeError: A number is out of range, or the padding is unknown.
    """
    shape = read_image(reader)
    padding = reader.option("Padding", _SAME)
    if padding not in (_SAME, _VALID):
        raise UnsupportedAttributeError(f"padding {padding} is neither SAME (0) nor VALID (1)")
    strides = (reader.option("StrideH", 0), reader.option("StrideW", 0))
    dilations = (1, 1)
    if dilated:
        dilations = (reader.option("DilationHFactor", 1), reader.option("DilationWFactor", 1))
    if min(*kernel, *strides, *dilations) < 1:
        raise UnsupportedAttributeError(
            f"kernel {list(kernel)}, strides {list(strides)} and dilations {list(dilations)} must "
            "be at least 1"
        )
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = [(0, 0), (0, 0)]
    if padding == _SAME:
        axes = zip(shape[1:3], strides, spans, strict=True)
        pads = [same_padding(extent, stride, span) for extent, stride, span in axes]
    return Window(
        kernel_rows=kernel[0],
        kernel_cols=kernel[1],
        stride_rows=strides[0],
        stride_cols=strides[1],
        dilation_rows=dilations[0],
        dilation_cols=dilations[1],
        pad_top=pads[0][0],
        pad_bottom=pads[0][1],
        pad_left=pads[1][0],
        pad_right=pads[1][1],
    )
