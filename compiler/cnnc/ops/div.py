"""Elementwise quotient of two tensors (ONNX Div).

Divisors that are constants become factors (``passes/fold_constant_arithmetic.py``), so that only
quotients of two computed values are left.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.ir.op import NoIntegerRuleError, QuantOp
from cnnc.ir.types import Tensor
from cnnc.ops._binary import BinaryOp, read_binary, refuse_integers
from cnnc.ops._definition import OperatorDefinition
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


@dataclass(frozen=True, eq=False)
class Div(BinaryOp):
    """first / second, operands broadcast together; integers are truncated, x / 0 is 0."""

    operator_name = "div"

    def combine(self, first: Tensor, second: Tensor) -> Tensor:
        """Divide."""
        if first.dtype == np.float32:
            return np.asarray(first / second)
        divisor = np.where(second == 0, 1, second)
        quotient = np.sign(first) * np.sign(divisor) * (np.abs(first) // np.abs(divisor))
        return np.where(second == 0, 0, quotient)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse: every value of the divisor has a multiplier of its own."""
        refuse_integers(context)
        raise NoIntegerRuleError("a quotient of computed values has no rule on int8")


def _read_div(reader: "NodeReader") -> None:
    read_binary(reader, Div())


OPERATOR = OperatorDefinition(
    name="div",
    summary="Elementwise quotient with broadcasting; a constant divisor becomes a factor.",
    readers={"Div": _read_div},
    float_ops=(Div,),
    quant_ops=(),
    kernels=("div_f32", "div_integers"),
    tflite=(),
    limits=("Shapes that alternate between repeating and not at most 6 times.",),
)
