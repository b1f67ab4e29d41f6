"""DepthwiseConv2d: 2-D convolution with one filter per output channel."""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.depthwise_conv2d.float_op import DepthwiseConv2d
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d
from cnnc.ops.depthwise_conv2d.tflite_reader import read_depthwise_conv_2d

__all__ = ["OPERATOR", "DepthwiseConv2d", "QuantDepthwiseConv2d"]

OPERATOR = OperatorDefinition(
    name="depthwise_conv2d",
    summary="Convolution of each channel by its own filters (ONNX Conv, group = input channels).",
    readers={},
    float_ops=(DepthwiseConv2d,),
    quant_ops=(QuantDepthwiseConv2d,),
    kernels=("depthwise_conv2d_s8", "depthwise_conv2d_multiplier_s8", "depthwise_conv2d_f32"),
    tflite=("DEPTHWISE_CONV_2D", "PAD"),
    limits=("As conv2d.",),
    tflite_readers={"DEPTHWISE_CONV_2D": read_depthwise_conv_2d},
)
