"""Natural logarithm (ONNX Log)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import TABLE_OPERATORS, function_table
from cnnc.ops._unary import QuantFunction, UnaryOp, read_unary
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


@dataclass(frozen=True, eq=False)
class Log(UnaryOp):
    """The natural logarithm."""

    operator_name = "log"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return float_math.log(x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return TFLite's table, of the logarithm rounded to float32."""
        return QuantLog(function_table(_log, context.inputs[0], context.output))


@dataclass(frozen=True, eq=False)
class QuantLog(QuantFunction):
    """Natural logarithm on int8."""


def _log(x: float) -> np.float32:
    return np.float32(math.log(x)) if x > 0 else np.float32(-np.inf)


def _read_log(reader: "NodeReader") -> None:
    read_unary(reader, Log())


def _read_tflite_log(reader: "TfliteNodeReader") -> None:
    reader.emit(Log(), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="log",
    summary="The natural logarithm, as a 256-byte table on int8.",
    readers={"Log": _read_log},
    float_ops=(Log,),
    quant_ops=(QuantLog,),
    kernels=("lookup_s8", "log_f32"),
    tflite=TABLE_OPERATORS,
    limits=("On int8 the logarithm of 0 and below is the lowest value of the format.",),
    tflite_readers={"LOG": _read_tflite_log},
)
