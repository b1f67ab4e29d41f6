"""Gather: the entries of one axis that indices name (ONNX Gather).

Constant indices in equal steps are a slice. Others are a table in flash; indices that are computed
at run time are an int32 operand.
"""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.gather.float_op import Gather, GatherAt
from cnnc.ops.gather.quant_op import QuantGather, QuantGatherAt
from cnnc.ops.gather.reader import read_gather, read_tflite_gather

__all__ = ["OPERATOR", "Gather", "GatherAt", "QuantGather", "QuantGatherAt"]

OPERATOR = OperatorDefinition(
    name="gather",
    summary="The entries of one axis that constant or computed indices name.",
    readers={"Gather": read_gather},
    float_ops=(Gather, GatherAt),
    quant_ops=(QuantGather, QuantGatherAt),
    kernels=("gather_bytes",),
    tflite=("GATHER",),
    limits=(
        "A computed index outside of the axis means its first or last entry; a constant one is "
        "refused.",
    ),
    tflite_readers={"GATHER": read_tflite_gather},
)
