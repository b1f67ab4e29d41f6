"""Conv2d: 2-D convolution with any groups, strides, dilations and padding."""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.conv2d.float_op import Conv2d
from cnnc.ops.conv2d.quant_op import QuantConv2d
from cnnc.ops.conv2d.reader import read_conv
from cnnc.ops.conv2d.tflite_reader import read_conv_2d

__all__ = ["OPERATOR", "Conv2d", "QuantConv2d"]

OPERATOR = OperatorDefinition(
    name="conv2d",
    summary="2-D convolution; groups, strides, dilations, asymmetric padding, fused activation.",
    readers={"Conv": read_conv},
    float_ops=(Conv2d,),
    quant_ops=(QuantConv2d,),
    kernels=("conv2d_s8", "conv2d_1x1_s8", "conv3d_f32"),
    tflite=("CONV_2D", "PAD"),
    limits=(
        "Weights and bias must be constants.",
        "Only 1-D, 2-D and 3-D images (rank 3 to 5) are supported.",
        "Negative padding is refused.",
    ),
    tflite_readers={"CONV_2D": read_conv_2d},
)
