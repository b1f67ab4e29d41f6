"""Gaussian error linear unit, exact or by the hyperbolic tangent (ONNX Gelu)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import QuantLookup, function_table
from cnnc.ops._unary import UnaryOp, read_unary
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_F = np.float32
_HALF, _ONE = _F(0.5), _F(1.0)
_ROOT_OF_HALF = _F(math.sqrt(0.5))
_ROOT_OF_TWO_OVER_PI = _F(math.sqrt(2.0 / math.pi))
_CUBIC = _F(0.044715)


@dataclass(frozen=True, eq=False)
class Gelu(UnaryOp):
    """x (1 + erf(x / sqrt(2))) / 2, or x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.

    Attributes:
        by_tanh: Whether the second one is meant.
    """

    by_tanh: bool = False

    operator_name = "gelu"

    @property
    def kernel(self) -> str:
        """Name of the kernel."""
        return "gelu_tanh_f32" if self.by_tanh else "gelu_f32"

    def apply(self, x: F32) -> F32:
        """Compute either form."""
        if self.by_tanh:
            gate = float_math.tanh(_ROOT_OF_TWO_OVER_PI * (x + _CUBIC * (x * x * x)))
        else:
            gate = float_math.erf(x * _ROOT_OF_HALF)
        result: F32 = _HALF * x * (_ONE + gate)
        return result

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return TFLite's table."""
        function = _by_tanh if self.by_tanh else _by_erf
        table = function_table(function, context.inputs[0], context.output)
        return QuantGelu(table, self.by_tanh)


@dataclass(frozen=True, eq=False)
class QuantGelu(QuantLookup):
    """Gaussian error linear unit on int8.

    Attributes:
        by_tanh: Whether it is the approximation.
    """

    by_tanh: bool

    tflite_code = "GELU"

    def tflite_options(self) -> TfliteOptions:
        """Return which form it is."""
        return TfliteOptions("GeluOptions", {"Approximate": self.by_tanh})


def _by_erf(value: float) -> np.float32:
    """Return the exact form, float32 in TFLite's order."""
    x = _F(value)
    return _HALF * x * _F(math.erfc(float(x * -_ROOT_OF_HALF)))


def _by_tanh(value: float) -> np.float32:
    """Return the approximation, float32 in TFLite's order."""
    x = _F(value)
    inner = _ROOT_OF_TWO_OVER_PI * (x + _CUBIC * x * x * x)
    return _HALF * x * (_ONE + _F(math.tanh(inner)))


def _read_gelu(reader: "NodeReader") -> None:
    form = reader.string_attribute("approximate", "none")
    if form not in ("none", "tanh"):
        raise UnsupportedAttributeError(f"approximate is '{form}', neither 'none' nor 'tanh'")
    read_unary(reader, Gelu(form == "tanh"))


def _read_tflite_gelu(reader: "TfliteNodeReader") -> None:
    reader.emit(Gelu(bool(reader.option("Approximate", 0))), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="gelu",
    summary="x (1 + erf(x / sqrt(2))) / 2 or its approximation, as a 256-byte table on int8.",
    readers={"Gelu": _read_gelu},
    float_ops=(Gelu,),
    quant_ops=(QuantGelu,),
    kernels=("lookup_s8", "gelu_f32", "gelu_tanh_f32"),
    tflite=("GELU",),
    tflite_readers={"GELU": _read_tflite_gelu},
)
