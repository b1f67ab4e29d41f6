"""Reductions over any axes that have no rule on int8: lengths, products, logarithms of sums.

ReduceL2: sqrt(sum x^2); ReduceProd: product of x; ReduceLogSum: log(sum x); ReduceLogSumExp:
m + log(sum exp(x - m)), m the largest x.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.ir.op import NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, F64
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._reduction import GROUPS_LIMIT, Reduction, read_reduction, reduction_geometry
from cnnc.ops._sums import sum_in_order
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

_AXES_INPUT_SINCE = 18


class Function(StrEnum):
    """What is computed of the elements."""

    LENGTH = "length"
    PRODUCT = "product"
    LOG_SUM = "log_sum"
    LOG_SUM_EXP = "log_sum_exp"

    @property
    def code(self) -> int:
        """Number of the function in the kernel."""
        return list(Function).index(self)


@dataclass(frozen=True, eq=False)
class ReduceReal(Reduction):
    """A function of the elements along some axes.

    Attributes:
        function: Which one.
    """

    function: Function

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float64."""
        rows: F64 = self.rows(inputs[0]).astype(np.float64)
        return self.shaped(_exactly(rows, self.function).astype(np.float32), inputs[0])

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Compute in float32, in the order of memory."""
        with np.errstate(all="ignore"):
            return self.shaped(_in_order(self.rows(inputs[0]), self.function), inputs[0])

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse."""
        raise NoIntegerRuleError(f"a reduction by {self.function} has no rule on int8")

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        parameters = {
            **reduction_geometry(site.inputs[0], self.axes),
            "function": self.function.code,
        }
        arguments = (InputArgument(0), OutputArgument())
        return Lowering(
            calls=(KernelCall("reduce_real_f32", "reduce_real", parameters, arguments),)
        )


def _exactly(rows: F64, function: Function) -> F64:
    match function:
        case Function.LENGTH:
            result = np.sqrt((rows * rows).sum(axis=0))
        case Function.PRODUCT:
            result = rows.prod(axis=0)
        case Function.LOG_SUM:
            result = np.log(rows.sum(axis=0))
        case Function.LOG_SUM_EXP:
            largest = rows.max(axis=0)
            result = largest + np.log(np.exp(rows - largest).sum(axis=0))
    return np.asarray(result, np.float64)


def _in_order(rows: F32, function: Function) -> F32:
    match function:
        case Function.LENGTH:
            return float_math.sqrt(sum_in_order(rows * rows))
        case Function.PRODUCT:
            product: F32 = np.ones(rows.shape[1:], np.float32)
            for row in rows:
                product = product * row
            return product
        case Function.LOG_SUM:
            return float_math.log(sum_in_order(rows))
        case Function.LOG_SUM_EXP:
            largest = rows[0]
            for row in rows[1:]:
                largest = np.where(row > largest, row, largest)
            total = sum_in_order(float_math.exp(rows - largest))
            return np.asarray(largest + float_math.log(total), np.float32)


def _read(reader: "NodeReader", function: Function) -> None:
    reduced = read_reduction(reader, _AXES_INPUT_SINCE)
    op = ReduceReal(reduced.axes, reduced.keep_dims, function)
    reader.define(reader.emit(op, [reader.stored(0).key]), reduced.result)


def _read_reduce_l2(reader: "NodeReader") -> None:
    _read(reader, Function.LENGTH)


def _read_reduce_prod(reader: "NodeReader") -> None:
    _read(reader, Function.PRODUCT)


def _read_reduce_log_sum(reader: "NodeReader") -> None:
    _read(reader, Function.LOG_SUM)


def _read_reduce_log_sum_exp(reader: "NodeReader") -> None:
    _read(reader, Function.LOG_SUM_EXP)


OPERATOR = OperatorDefinition(
    name="reduce_real",
    summary="Length, product, logarithm of sums over any axes, on real numbers.",
    readers={
        "ReduceL2": _read_reduce_l2,
        "ReduceProd": _read_reduce_prod,
        "ReduceLogSum": _read_reduce_log_sum,
        "ReduceLogSumExp": _read_reduce_log_sum_exp,
    },
    float_ops=(ReduceReal,),
    quant_ops=(),
    kernels=("reduce_real_f32",),
    tflite=(),
    limits=(GROUPS_LIMIT,),
)
