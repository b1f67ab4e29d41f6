"""Absolute value (ONNX Abs)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32, INT8_MAX, INT8_MIN
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import QuantLookup, all_inputs, rescaling_multiplier
from cnnc.ops._unary import UnaryOp, read_unary
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


@dataclass(frozen=True, eq=False)
class Abs(UnaryOp):
    """|x|."""

    operator_name = "abs"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return float_math.absolute(x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return TFLite's table: clamp(MBQM(|q - z_in|, QM(s_in / s_out)) + z_out)."""
        source, target = context.inputs[0], context.output
        distance = np.abs(all_inputs() - source.zero_point)
        if source.scale == target.scale:
            table = np.clip(distance + target.zero_point, INT8_MIN, INT8_MAX).astype(np.int8)
            return QuantAbs(table)
        multiplier, shift = rescaling_multiplier(source.scale / target.scale)
        arithmetic = Arithmetic(context.rounding)
        limits = (INT8_MIN, INT8_MAX)
        return QuantAbs(
            arithmetic.requantize(distance, multiplier, shift, target.zero_point, limits)
        )


@dataclass(frozen=True, eq=False)
class QuantAbs(QuantLookup):
    """Absolute value on int8."""

    tflite_code = "ABS"


def _read_abs(reader: "NodeReader") -> None:
    read_unary(reader, Abs())


def _read_tflite_abs(reader: "TfliteNodeReader") -> None:
    reader.emit(Abs(), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="abs",
    summary="|x|, as a 256-byte table on int8.",
    readers={"Abs": _read_abs},
    float_ops=(Abs,),
    quant_ops=(QuantAbs,),
    kernels=("lookup_s8", "abs_f32"),
    tflite=("ABS",),
    tflite_readers={"ABS": _read_tflite_abs},
)
