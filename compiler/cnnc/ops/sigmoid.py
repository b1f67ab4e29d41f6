"""Sigmoid, 1 / (1 + exp(-x)) (ONNX Sigmoid; spec 4.10)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.ir.op import OutputFormat, QuantOp
from cnnc.ir.types import F32, Quantization
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import QuantLookup, export_table, function_table
from cnnc.ops._unary import UnaryOp, read_unary
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_LARGEST_EXPONENT = 88.0
"""exp of little more is beyond float32; there the sigmoid is far below the output's resolution."""


@dataclass(frozen=True, eq=False)
class Sigmoid(UnaryOp):
    """1 / (1 + exp(-x)), element by element."""

    operator_name = "sigmoid"
    output_format = OutputFormat.FIXED
    fixed_format = Quantization(1 / 256, -128)
    format_may_be_given = True

    def apply(self, x: F32) -> F32:
        """Compute it from exp(-|x|), which cannot overflow."""
        return float_math.sigmoid(x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantSigmoid(function_table(_sigmoid, context.inputs[0], context.output))


@dataclass(frozen=True, eq=False)
class QuantSigmoid(QuantLookup):
    """Sigmoid on int8."""

    tflite_code = "LOGISTIC"
    tflite_rounds_alike = True

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add LOGISTIC, or the table where a quantized model wants another format than TFLite's."""
        if operands.output_value.quantization != Sigmoid.fixed_format:
            export_table(self.table, graph, operands)
            return
        super().export_tflite(graph, operands)


def _sigmoid(x: float) -> np.float32:
    """Return 1 / (1 + exp(-x)) with every step rounded to float32, as TFLite's table has it.

    In one step of double precision, about one table in a thousand would differ.
    """
    exponential = np.float32(math.exp(min(-x, _LARGEST_EXPONENT)))
    return np.float32(1.0) / (np.float32(1.0) + exponential)


def _read_sigmoid(reader: "NodeReader") -> None:
    read_unary(reader, Sigmoid())


def _read_logistic(reader: "TfliteNodeReader") -> None:
    reader.emit(Sigmoid(), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="sigmoid",
    summary="1 / (1 + exp(-x)) as a 256-byte table; the output format is (1/256, -128).",
    readers={"Sigmoid": _read_sigmoid},
    float_ops=(Sigmoid,),
    quant_ops=(QuantSigmoid,),
    kernels=("lookup_s8", "sigmoid_f32"),
    tflite=("LOGISTIC",),
    tflite_readers={"LOGISTIC": _read_logistic},
)
