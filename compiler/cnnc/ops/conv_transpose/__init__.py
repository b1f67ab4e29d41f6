"""ConvTranspose: transposed (fractionally strided) convolution in one, two and three dimensions."""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.conv_transpose.axis import TransposedAxis
from cnnc.ops.conv_transpose.float_op import ConvTranspose
from cnnc.ops.conv_transpose.quant_op import QuantConvTranspose
from cnnc.ops.conv_transpose.reader import read_conv_transpose
from cnnc.ops.conv_transpose.tflite_reader import read_transpose_conv

__all__ = ["OPERATOR", "ConvTranspose", "QuantConvTranspose", "TransposedAxis"]

OPERATOR = OperatorDefinition(
    name="conv_transpose",
    summary="Transposed convolution; output_padding, output_shape, groups, strides, dilations.",
    readers={"ConvTranspose": read_conv_transpose},
    float_ops=(ConvTranspose,),
    quant_ops=(QuantConvTranspose,),
    kernels=("conv_transpose_s8", "conv_transpose_f32"),
    tflite=("PAD", "TRANSPOSE_CONV", "SLICE", "SPLIT", "CONCATENATION", "MAXIMUM", "MINIMUM"),
    limits=(
        "Weights and bias must be constants.",
        "Only 1-D, 2-D and 3-D images (rank 3 to 5) are supported.",
        "Negative padding is refused.",
    ),
    tflite_readers={"TRANSPOSE_CONV": read_transpose_conv},
)
