"""Leaky rectifier (ONNX LeakyRelu)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.tflite import TfliteOptions
from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32, INT8_MAX, INT8_MIN
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import QuantLookup, all_inputs, rescaling_multiplier
from cnnc.ops._unary import UnaryOp, read_unary
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


@dataclass(frozen=True, eq=False)
class LeakyRelu(UnaryOp):
    """x, below zero alpha x.

    Attributes:
        alpha: Slope below zero.
    """

    alpha: float

    operator_name = "leaky_relu"

    def parameters(self) -> tuple[float, float]:
        """Return alpha."""
        return self.alpha, 0.0

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return np.where(x < 0, np.float32(self.alpha) * x, x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return TFLite's table (spec 4.13), whose multipliers are float32 quotients."""
        source, target = context.inputs[0], context.output
        alpha, result = np.float32(self.alpha), np.float32(target.scale)
        identity = rescaling_multiplier(float(np.float32(source.scale) / result))
        below = float(np.float32(source.scale) * alpha / result)
        slope = rescaling_multiplier(abs(below))
        distance, arithmetic = all_inputs() - source.zero_point, Arithmetic(context.rounding)
        negative = arithmetic.rescale(distance, *slope) * (1 if below >= 0.0 else -1)
        steps = np.where(distance >= 0, arithmetic.rescale(distance, *identity), negative)
        table = np.clip(steps + target.zero_point, INT8_MIN, INT8_MAX).astype(np.int8)
        return QuantLeakyRelu(table, self.alpha)


@dataclass(frozen=True, eq=False)
class QuantLeakyRelu(QuantLookup):
    """Leaky rectifier on int8.

    Attributes:
        alpha: Slope below zero.
    """

    alpha: float

    tflite_code = "LEAKY_RELU"

    def tflite_options(self) -> TfliteOptions:
        """Return the slope."""
        return TfliteOptions("LeakyReluOptions", {"Alpha": self.alpha})


def _read_leaky_relu(reader: "NodeReader") -> None:
    read_unary(reader, LeakyRelu(reader.float_attribute("alpha", 0.01)))


def _read_tflite_leaky_relu(reader: "TfliteNodeReader") -> None:
    reader.emit(LeakyRelu(reader.real_option("Alpha", 0.0)), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="leaky_relu",
    summary="x, below zero alpha x, as a 256-byte table on int8.",
    readers={"LeakyRelu": _read_leaky_relu},
    float_ops=(LeakyRelu,),
    quant_ops=(QuantLeakyRelu,),
    kernels=("lookup_s8", "leaky_relu_f32"),
    tflite=("LEAKY_RELU",),
    tflite_readers={"LEAKY_RELU": _read_tflite_leaky_relu},
)
