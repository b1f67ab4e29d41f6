"""Powers: of a constant exponent, a function of one operand; else of two (ONNX Pow)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.ir.op import NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, Tensor
from cnnc.ops._binary import BinaryOp, read_binary
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import TABLE_OPERATORS
from cnnc.ops._unary import QuantFunction, UnaryOp, read_unary
from cnnc.ops.reciprocal import Reciprocal
from cnnc.ops.sqrt import Sqrt
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.float_pow import power

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


@dataclass(frozen=True, eq=False)
class PowConstant(UnaryOp):
    """x to the power of a number; squares and cubes are products.

    Attributes:
        exponent: The number.
    """

    exponent: float

    operator_name = "pow"

    @property
    def kernel(self) -> str:
        """Name of the kernel."""
        return "pow_constant_f32"

    def parameters(self) -> tuple[float, float]:
        """Return the exponent."""
        return self.exponent, 0.0

    def apply(self, x: F32) -> F32:
        """Compute the power."""
        if self.exponent == 2.0:
            return np.asarray(x * x)
        if self.exponent == 3.0:
            return np.asarray(x * x * x)
        return power(x, np.full_like(x, self.exponent))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantPowConstant(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantPowConstant(QuantFunction):
    """Power with a constant exponent on int8."""


@dataclass(frozen=True, eq=False)
class Pow(BinaryOp):
    """first to the power of second, operands broadcast together."""

    operator_name = "pow"
    takes_integers = False

    def combine(self, first: Tensor, second: Tensor) -> Tensor:
        """Compute the powers of two operands that are broadcast."""
        base, exponent = np.broadcast_arrays(first, second)
        return power(base, exponent)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse: it is a function of two values."""
        raise NoIntegerRuleError("a power with a computed exponent has no rule on int8")


def _read_pow(reader: "NodeReader") -> None:
    exponent = reader.constant(1, "exponent") if reader.is_constant(1) else None
    rank = len(reader.onnx_shape(0))
    if exponent is None or exponent.size != 1 or exponent.ndim > rank:
        read_binary(reader, Pow())
        return
    number = float(exponent.astype(np.float32).item())
    if number == 1.0:
        value = reader.stored(0)
        reader.define(value.key, value.axes)
        return
    special: dict[float, UnaryOp] = {0.5: Sqrt(), -1.0: Reciprocal()}
    read_unary(reader, special.get(number, PowConstant(number)))


OPERATOR = OperatorDefinition(
    name="pow",
    summary="Powers; with a constant exponent, a 256-byte table on int8.",
    readers={"Pow": _read_pow},
    float_ops=(Pow, PowConstant),
    quant_ops=(QuantPowConstant,),
    kernels=("lookup_s8", "pow_f32", "pow_constant_f32"),
    tflite=TABLE_OPERATORS,
    limits=(
        "Base and exponent are float32, except for an exponent that is one constant.",
        "Shapes that alternate between repeating and not at most 6 times.",
    ),
)
