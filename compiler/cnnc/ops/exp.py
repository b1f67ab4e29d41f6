"""Exponential (ONNX Exp)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32, INT8_MAX, Quantization
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import QuantLookup, export_table, function_table
from cnnc.ops._unary import UnaryOp, read_unary
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


_LARGEST_EXPONENT = 21.0
"""Below log(2^31), with room for rounding."""
_BEYOND_FLOAT32 = 100.0


@dataclass(frozen=True, eq=False)
class Exp(UnaryOp):
    """e to the power of x."""

    operator_name = "exp"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return float_math.exp(x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantExp(function_table(_exp, context.inputs[0], context.output))


@dataclass(frozen=True, eq=False)
class QuantExp(QuantLookup):
    """Exponential on int8."""

    tflite_code = "EXP"

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add EXP, or the table where that overflows: from 2^31 output steps on."""
        source, target = operands.input_values[0].quantization, operands.output_value.quantization
        if overflows(source, target):
            export_table(self.table, graph, operands)
            return
        super().export_tflite(graph, operands)


def overflows(source: Quantization, target: Quantization) -> bool:
    """Return whether some operand's exponential is beyond int32 in steps of the result."""
    largest = source.scale * (INT8_MAX - source.zero_point)
    return largest - math.log(target.scale) > _LARGEST_EXPONENT


def _exp(x: float) -> np.float32:
    """Return the exponential correctly rounded to float32, infinity beyond it."""
    with np.errstate(over="ignore"):
        return np.float32(math.exp(min(x, _BEYOND_FLOAT32)))


def _read_exp(reader: "NodeReader") -> None:
    read_unary(reader, Exp())


def _read_tflite_exp(reader: "TfliteNodeReader") -> None:
    if overflows(reader.value(0).quantization, reader.output.quantization):
        raise UnsupportedAttributeError("exp(x) reaches 2^31 output steps, where EXP overflows")
    reader.emit(Exp(), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="exp",
    summary="e to the power of x, as a 256-byte table on int8.",
    readers={"Exp": _read_exp},
    float_ops=(Exp,),
    quant_ops=(QuantExp,),
    kernels=("lookup_s8", "exp_f32"),
    tflite=("EXP",),
    tflite_readers={"EXP": _read_tflite_exp},
)
