"""Hyperbolic tangent (ONNX Tanh; spec 4.10)."""

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


@dataclass(frozen=True, eq=False)
class Tanh(UnaryOp):
    """tanh(x), element by element."""

    operator_name = "tanh"
    output_format = OutputFormat.FIXED
    fixed_format = Quantization(1 / 128, 0)
    format_may_be_given = True

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return float_math.tanh(x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantTanh(function_table(_tanh, context.inputs[0], context.output))


@dataclass(frozen=True, eq=False)
class QuantTanh(QuantLookup):
    """Hyperbolic tangent on int8."""

    tflite_code = "TANH"
    tflite_rounds_alike = True

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add TANH, or the table where a quantized model wants another format than TFLite's."""
        if operands.output_value.quantization != Tanh.fixed_format:
            export_table(self.table, graph, operands)
            return
        super().export_tflite(graph, operands)


def _tanh(x: float) -> np.float32:
    """Return tanh correctly rounded to float32.

    TFLite calls the C library's float32 tanh. A library whose last bit is wrong differs from this
    where x lies on the very float32 value at which the result passes from one int8 to the next.
    """
    return np.float32(math.tanh(x))


def _read_tanh(reader: "NodeReader") -> None:
    read_unary(reader, Tanh())


def _read_tflite_tanh(reader: "TfliteNodeReader") -> None:
    reader.emit(Tanh(), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="tanh",
    summary="Hyperbolic tangent as a 256-byte table; the output format is (1/128, 0).",
    readers={"Tanh": _read_tanh},
    float_ops=(Tanh,),
    quant_ops=(QuantTanh,),
    kernels=("lookup_s8", "tanh_f32"),
    tflite=("TANH",),
    tflite_readers={"TANH": _read_tflite_tanh},
)
