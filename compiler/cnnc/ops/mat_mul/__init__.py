"""MatMul: products of two tensors that are both computed at run time, or of a batch of constants.

y[b,m,n] = sum over k of x1[b,m,k] x2[b,k,n], leading axes broadcast together. ONNX's MatMul and
Gemm are read by ``fully_connected``, which is their form with one matrix of constant weights.
"""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.mat_mul.float_op import MatMul
from cnnc.ops.mat_mul.geometry import MAXIMUM_BATCH_AXES, MAXIMUM_DEPTH
from cnnc.ops.mat_mul.quant_op import QuantMatMul
from cnnc.ops.mat_mul.tflite_reader import read_batch_matmul

__all__ = ["OPERATOR", "MatMul", "QuantMatMul"]

OPERATOR = OperatorDefinition(
    name="mat_mul",
    summary="Matrix product of two activations, leading axes broadcast together.",
    readers={},
    float_ops=(MatMul,),
    quant_ops=(QuantMatMul,),
    kernels=("mat_mul_s8", "mat_mul_f32"),
    tflite=("BATCH_MATMUL",),
    limits=(
        f"Leading axes alternate between repeating and not at most {MAXIMUM_BATCH_AXES} times.",
        f"Sums of more than {MAXIMUM_DEPTH} products are computed in float32.",
    ),
    tflite_readers={"BATCH_MATMUL": read_batch_matmul},
)
