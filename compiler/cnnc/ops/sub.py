"""Elementwise difference of two tensors (ONNX Sub; spec 4.4)."""

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
class Sub(ActivatedOp):
    """activation(first - second), operands broadcast together."""

    operator_name = "sub"

    def combine(self, first: Tensor, second: Tensor) -> Tensor:
        """Subtract."""
        return np.asarray(first - second)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op that brings both operands to twice the larger scale."""
        return QuantSub(**sum_fields(self.activation, context))


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantSub(QuantSum):
    """Difference on int8."""

    operator_name = "sub"
    tflite_code = "SUB"
    tflite_options = "SubOptions"
    tflite_broadcast_rank = 5
    sign = -1


def _read_sub(reader: "NodeReader") -> None:
    read_binary(reader, Sub())


def _read_tflite_sub(reader: "TfliteNodeReader") -> None:
    check_tflite_sum(reader)
    reader.emit(Sub(reader.activation()), [reader.key(0), reader.key(1)])


OPERATOR = OperatorDefinition(
    name="sub",
    summary="Elementwise difference with broadcasting and an activation; integers wrap around.",
    readers={"Sub": _read_sub},
    float_ops=(Sub,),
    quant_ops=(QuantSub,),
    kernels=("sub_s8", "sub_broadcast_s8", "sub_f32", "sub_integers"),
    tflite=("SUB", "RESHAPE"),
    limits=("Shapes that alternate between repeating and not at most 6 times.",),
    tflite_readers={"SUB": _read_tflite_sub},
)
