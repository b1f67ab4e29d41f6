"""FullyConnected: rows times constant weights."""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.fully_connected.float_op import FullyConnected
from cnnc.ops.fully_connected.gemm_reader import read_gemm
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected
from cnnc.ops.fully_connected.reader import read_matmul
from cnnc.ops.fully_connected.tflite_reader import read_fully_connected

__all__ = ["OPERATOR", "FullyConnected", "QuantFullyConnected"]

OPERATOR = OperatorDefinition(
    name="fully_connected",
    summary="Product with constant weights plus bias (ONNX Gemm, MatMul), fused activation.",
    readers={"Gemm": read_gemm, "MatMul": read_matmul},
    float_ops=(FullyConnected,),
    quant_ops=(QuantFullyConnected,),
    kernels=("fully_connected_s8", "fully_connected_f32"),
    tflite=("RESHAPE", "CONV_2D"),
    tflite_readers={"FULLY_CONNECTED": read_fully_connected},
)
