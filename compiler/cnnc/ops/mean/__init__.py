"""Mean over axes (ONNX GlobalAveragePool, ReduceMean; spec 4.8).

y = sum of n elements / n. int8, with (m, sh) = QuantizeMultiplier(s_in / s_out):
    k = min(floor(log2 n), 32, 31 + sh), m' = floor(m 2^k / n), sh' = sh - k,
    q = clamp(MBQM(sum(q_in) - n z_in, m', sh') + z_out).
The sum of n <= 2^23 differences of magnitude <= 255 stays within int32.
"""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.mean.float_op import MAXIMUM_REDUCED, Mean
from cnnc.ops.mean.geometry import MAXIMUM_GROUPS
from cnnc.ops.mean.quant_op import QuantMean
from cnnc.ops.mean.reader import read_global_average_pool, read_reduce_mean
from cnnc.ops.mean.tflite_reader import read_mean

__all__ = ["OPERATOR", "Mean", "QuantMean"]

OPERATOR = OperatorDefinition(
    name="mean",
    summary="Mean over axes, with an output format of its own.",
    readers={"GlobalAveragePool": read_global_average_pool, "ReduceMean": read_reduce_mean},
    float_ops=(Mean,),
    quant_ops=(QuantMean,),
    kernels=("mean_s8", "mean_strided_s8", "mean_f32", "mean_strided_f32"),
    tflite=("MEAN",),
    limits=(
        f"At most {MAXIMUM_REDUCED} elements in one mean.",
        f"Kept and reduced axes alternate at most {MAXIMUM_GROUPS} times in memory.",
    ),
    tflite_readers={"MEAN": read_mean},
)
