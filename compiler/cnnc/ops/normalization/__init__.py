"""Normalizations by the statistics of the data themselves.

ONNX InstanceNormalization, LayerNormalization, GroupNormalization, MeanVarianceNormalization and
RMSNormalization differ in the axes that mean and variance are taken over, in where epsilon is
added and in the shape of scale and offset:

    mean = sum x / n                              0 for RMSNormalization
    variance = sum (x - mean)^2 / n
    y = (x - mean) / (sqrt(variance + variance_epsilon) + deviation_epsilon) scale + offset

There is no integer rule: mean and variance of each sample are computed on real numbers.
"""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.normalization.deviation_op import InverseDeviation
from cnnc.ops.normalization.float_op import Normalization
from cnnc.ops.normalization.geometry import MAXIMUM_GROUPS
from cnnc.ops.normalization.reader import (
    read_group_normalization,
    read_instance_normalization,
    read_layer_normalization,
    read_mean_variance_normalization,
    read_rms_normalization,
)

__all__ = ["OPERATOR", "InverseDeviation", "Normalization"]

OPERATOR = OperatorDefinition(
    name="normalization",
    summary="Mean 0 and variance 1 over some axes, then scale and offset; on real numbers.",
    readers={
        "InstanceNormalization": read_instance_normalization,
        "LayerNormalization": read_layer_normalization,
        "GroupNormalization": read_group_normalization,
        "MeanVarianceNormalization": read_mean_variance_normalization,
        "RMSNormalization": read_rms_normalization,
    },
    float_ops=(Normalization, InverseDeviation),
    quant_ops=(),
    kernels=("normalization_f32", "inverse_deviation_f32"),
    tflite=(),
    limits=(
        "stash_type 1 (float32) only.",
        f"Kept and reduced axes alternate at most {MAXIMUM_GROUPS} times in memory.",
    ),
)
