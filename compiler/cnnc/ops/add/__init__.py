"""Elementwise sum of two tensors (ONNX Add; spec 4.4)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.ir.op import QuantOp
from cnnc.ir.types import Tensor
from cnnc.ops._binary import ActivatedOp, read_binary
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._sum import QuantSum, check_tflite_sum, sum_fields
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


@dataclass(frozen=True, eq=False)
class Add(ActivatedOp):
    """activation(first + second), operands broadcast together."""

    operator_name = "add"

    def combine(self, first: Tensor, second: Tensor) -> Tensor:
        """Add."""
        return np.asarray(first + second)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op that brings both operands to twice the larger scale."""
        return QuantAdd(**sum_fields(self.activation, context))


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantAdd(QuantSum):
    """Sum on int8."""

    operator_name = "add"
    tflite_code = "ADD"
    tflite_options = "AddOptions"
    tflite_broadcast_rank = 6
    sign = 1


def _read_add(reader: "NodeReader") -> None:
    read_binary(reader, Add())


def _read_sum(reader: "NodeReader") -> None:
    """Read Sum of one or more operands: one after the other, from the left."""
    keys, axes = reader.aligned(range(reader.input_count))
    result = keys[0]
    for position, key in enumerate(keys[1:], start=2):
        suffix = "" if position == len(keys) else f"sum_{position}"
        result = reader.emit(Add(), [result, key], suffix)
    reader.define(result, axes)


def _read_tflite_add(reader: "TfliteNodeReader") -> None:
    check_tflite_sum(reader)
    reader.emit(Add(reader.activation()), [reader.key(0), reader.key(1)])


OPERATOR = OperatorDefinition(
    name="add",
    summary="Elementwise sum with broadcasting and a fused activation; integers wrap around.",
    readers={"Add": _read_add, "Sum": _read_sum},
    float_ops=(Add,),
    quant_ops=(QuantAdd,),
    kernels=("add_s8", "add_broadcast_s8", "add_f32", "add_integers"),
    tflite=("ADD", "RESHAPE"),
    limits=("Shapes that alternate between repeating and not at most 6 times.",),
    tflite_readers={"ADD": _read_tflite_add},
)
