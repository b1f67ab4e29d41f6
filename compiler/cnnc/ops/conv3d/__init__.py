"""Conv3d: 3-D convolution with any groups, strides, dilations and padding."""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.conv3d.float_op import Conv3d
from cnnc.ops.conv3d.quant_op import QuantConv3d

__all__ = ["OPERATOR", "Conv3d", "QuantConv3d"]

OPERATOR = OperatorDefinition(
    name="conv3d",
    summary="3-D convolution (ONNX Conv): groups, strides, dilations, asymmetric padding.",
    readers={},
    float_ops=(Conv3d,),
    quant_ops=(QuantConv3d,),
    kernels=("conv3d_s8", "conv3d_f32"),
    tflite=(),
    limits=("As conv2d.",),
)
