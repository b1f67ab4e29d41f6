"""Powers: of a constant exponent, a function of one operand; else of two (ONNX Pow)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, I64, INT8_MAX, ElementType, Tensor
from cnnc.ops._binary import BinaryOp, refuse_integers
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import TABLE_OPERATORS, all_inputs
from cnnc.ops._unary import QuantFunction, UnaryOp, read_unary
from cnnc.ops.cast import Cast
from cnnc.ops.reciprocal import Reciprocal
from cnnc.ops.sqrt import Sqrt
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, quantize_multiplier
from cnnc.quantize.fixed_point_functions import inverse_square_root
from cnnc.quantize.float_pow import power

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_RSQRT_BITS = 20
"""Fraction bits of the inverse between the two multiplications."""


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

    def combine(self, first: Tensor, second: Tensor) -> Tensor:
        """Compute the powers of two operands that are broadcast."""
        base, exponent = np.broadcast_arrays(first, second)
        return power(base, exponent) if base.dtype == np.float32 else _products(base, exponent)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse: it is a function of two values."""
        refuse_integers(context)
        raise NoIntegerRuleError("a power with a computed exponent has no rule on int8")


def _products(base: I64, exponent: I64) -> I64:
    """Return integer powers that wrap around; 1 / base^-n, cut to an integer, below zero."""
    result, factor, bits = np.ones_like(base), base.copy(), np.maximum(exponent, 0)
    while bits.any():
        result = np.where(bits & 1, result * factor, result)
        factor, bits = factor * factor, bits >> 1
    sign = np.where(exponent & 1, base, 1)
    below_zero = np.where(np.abs(base) == 1, sign, 0)
    return np.where(exponent < 0, below_zero, result)


def _read_pow(reader: "NodeReader") -> None:
    if reader.element_type(0) is not ElementType.FLOAT32:
        _read_integer_base(reader)
        return
    exponent = reader.constant(1, "exponent") if reader.is_constant(1) else None
    rank = len(reader.onnx_shape(0))
    if exponent is None or exponent.size != 1 or exponent.ndim > rank:
        _read_real_base(reader)
        return
    number = float(exponent.astype(np.float32).item())
    if number == 1.0:
        value = reader.stored(0)
        reader.define(value.key, value.axes)
        return
    special: dict[float, UnaryOp] = {0.5: Sqrt(), -1.0: Reciprocal()}
    read_unary(reader, special.get(number, PowConstant(number)))


def _read_real_base(reader: "NodeReader") -> None:
    """Read a power of real numbers; an exponent of integers becomes one of real numbers."""
    keys, axes = reader.aligned([0, 1])
    kinds = reader.element_type(0), reader.element_type(1)
    real = _cast(reader, keys, kinds, ElementType.FLOAT32)
    reader.define(reader.emit(Pow(), real), axes)


def _read_integer_base(reader: "NodeReader") -> None:
    """Read a power of integers, which has their type, computed in one that holds both operands."""
    keys, axes = reader.aligned([0, 1])
    kinds = reader.element_type(0), reader.element_type(1)
    if ElementType.FLOAT32 in kinds:
        common = ElementType.FLOAT32
    elif kinds[0] is kinds[1]:
        common = kinds[0]
    elif ElementType.UINT32 in kinds:
        raise UnsupportedAttributeError(f"its operands are {kinds[0]} and {kinds[1]}")
    else:
        common = ElementType.INT32
    operands = _cast(reader, keys, kinds, common)
    if common is kinds[0]:
        reader.define(reader.emit(Pow(), operands), axes)
        return
    result = reader.emit(Pow(), operands, suffix="power")
    reader.define(reader.emit(Cast(kinds[0]), [result]), axes)


def _cast(
    reader: "NodeReader",
    keys: Sequence[str],
    kinds: Sequence[ElementType],
    common: ElementType,
) -> list[str]:
    """Return the keys of operands of given types as ones of a common type."""
    return [
        key if kind is common else reader.emit(Cast(common), [key], suffix=f"operand_{index}")
        for index, (key, kind) in enumerate(zip(keys, kinds, strict=True))
    ]


def _read_rsqrt(reader: "TfliteNodeReader") -> None:
    """Read RSQRT: 1 / sqrt(q - z_in) in fixed point, rescaled; the greatest value at 0.

    y = MBQM(MBQM(1, m, shift + 20), QM(1 / (sqrt(s_in) s_out)) / 2^20) + z_out.
    """
    source, target = reader.value(0).quantization, reader.output.quantization
    distance = all_inputs() - source.zero_point
    mantissa, exponent = inverse_square_root(np.maximum(distance, 0))
    arithmetic = Arithmetic(reader.rounding)
    inverse = arithmetic.rescale(np.ones_like(distance), mantissa, exponent + _RSQRT_BITS)
    scales = np.sqrt(np.float32(source.scale)) * np.float32(target.scale)
    multiplier, shift = quantize_multiplier(float(np.float32(1) / scales))
    table = arithmetic.requantize(inverse, multiplier, shift - _RSQRT_BITS, target.zero_point)
    table = np.where(distance > 0, table, np.int8(INT8_MAX))
    reader.emit(QuantPowConstant(table), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="pow",
    summary="Powers; with a constant exponent, a 256-byte table on int8.",
    readers={"Pow": _read_pow},
    float_ops=(Pow, PowConstant),
    quant_ops=(QuantPowConstant,),
    kernels=("lookup_s8", "pow_f32", "pow_constant_f32", "pow_integers"),
    tflite=TABLE_OPERATORS,
    tflite_readers={"RSQRT": _read_rsqrt},
    limits=(
        "Integers wrap around; below exponent 0 their power is cut to an integer, 0 for base 0.",
        "uint32 goes with an exponent of uint32 or float32.",
        "Shapes that alternate between repeating and not at most 6 times.",
    ),
)
