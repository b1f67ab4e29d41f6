"""Sums over any axes: of the elements, their magnitudes or their squares.

y = sum of t(x), with t(x) = x (ReduceSum), |x| (ReduceL1) or x^2 (ReduceSumSquare). int8:

    q = clamp(MBQM(sum of t(q_in - z_in), QM(s / s_out)) + z_out),  s = s_in, or s_in^2 for squares

The sum of the elements is spec 4.8, as TFLite Micro's SUM computes it. TFLite's reference kernel of
SUM is not defined for int8 that has to be rescaled or saturated, so that it judges nothing here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.tflite import NotExpressibleError
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, I64, AnyArray, Tensor
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._reduction import (
    GROUPS_LIMIT,
    QuantReduction,
    Reduction,
    define_reduced,
    read_reduction,
    read_tflite_axes,
    reduced_rows,
    reduction_geometry,
)
from cnnc.ops._sums import sum_in_order
from cnnc.ops.mean.geometry import reduced_elements
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, quantize_multiplier

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_SUM_INPUT_SINCE = 13
_AXES_INPUT_SINCE = 18
_LARGEST_DIFFERENCE = 255


class Term(StrEnum):
    """What is summed."""

    VALUE = "value"
    MAGNITUDE = "magnitude"
    SQUARE = "square"

    @property
    def code(self) -> int:
        """Number of the term in the kernels."""
        return list(Term).index(self)

    def of(self, x: Tensor) -> Tensor:
        """Return the term of every element, in x's type."""
        if self is Term.VALUE:
            return x
        return np.abs(x) if self is Term.MAGNITUDE else x * x


@dataclass(frozen=True, eq=False)
class ReduceSum(Reduction):
    """Sum of a term of the elements along some axes.

    Attributes:
        term: What is summed.
    """

    term: Term = Term.VALUE

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Sum in float64."""
        terms = self.term.of(self.rows(inputs[0]).astype(np.float64))
        return self.shaped(terms.sum(axis=0).astype(np.float32), inputs[0])

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Sum in float32, in the order of memory."""
        return self.shaped(sum_in_order(self.term.of(self.rows(inputs[0]))), inputs[0])

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op that scales integer sums.

        Raises:
            NoIntegerRuleError: A sum, or its multiple, could pass int32.
        """
        source, result = context.inputs[0], context.output
        squares = self.term is Term.SQUARE
        ratio = source.scale * (source.scale if squares else 1.0) / result.scale
        largest = reduced_elements(context.input_shapes[0], self.axes) * _LARGEST_DIFFERENCE ** (
            2 if squares else 1
        )
        multiplier, shift = quantize_multiplier(ratio)
        if largest * 2.0 ** max(shift, 0) >= 2.0**31:
            raise NoIntegerRuleError("the sum of so many elements could pass int32")
        return QuantReduceSum(
            axes=self.axes,
            keep_dims=self.keep_dims,
            term=self.term,
            input_zero_point=source.zero_point,
            output_zero_point=result.zero_point,
            multiplier=multiplier,
            shift=shift,
        )

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        parameters = {**reduction_geometry(site.inputs[0], self.axes), "term": self.term.code}
        return _lowering("reduce_sum_f32", parameters)


@dataclass(frozen=True, eq=False)
class QuantReduceSum(QuantReduction):
    """The same on int8.

    Attributes:
        term: As in ``ReduceSum``.
        input_zero_point: Of the operand.
        output_zero_point: Of the result.
        multiplier: Mantissa of s / s_out.
        shift: Its exponent, -31..30.
    """

    term: Term
    input_zero_point: int
    output_zero_point: int
    multiplier: int
    shift: int

    judged_in_single_rounding = True

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Requantize exact sums."""
        rows = reduced_rows(inputs[0], self.axes)
        total: I64 = np.zeros(rows.shape[1:], np.int64)
        for row in rows:
            total += self.term.of(row.astype(np.int64) - self.input_zero_point)
        shape = (len(inputs[0]), *self.output_shape([inputs[0].shape[1:]]))
        return arithmetic.requantize(
            total, self.multiplier, self.shift, self.output_zero_point
        ).reshape(shape)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        parameters = {
            **reduction_geometry(site.inputs[0], self.axes),
            "term": self.term.code,
            "input_zero_point": self.input_zero_point,
            "output_zero_point": self.output_zero_point,
            "multiplier": self.multiplier,
            "shift": self.shift,
        }
        return _lowering("reduce_sum_s8", parameters)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Refuse: TFLite has no kernel that saturates."""
        if self.term is not Term.VALUE:
            raise NotExpressibleError(f"TFLite has no sum of the elements' {self.term.value}s")
        raise NotExpressibleError(
            "SUM's reference kernel wraps around where formats are equal, and reads int8 as uint8 "
            "where they are not"
        )


def _lowering(kernel: str, parameters: dict[str, int]) -> Lowering:
    arguments = (InputArgument(0), OutputArgument())
    return Lowering(calls=(KernelCall(kernel, "reduce_sum", parameters, arguments),))


def _read_reduce_sum(reader: "NodeReader") -> None:
    reduced = read_reduction(reader, _SUM_INPUT_SINCE)
    define_reduced(reader, reduced, ReduceSum(reduced.axes, reduced.keep_dims))


def _read_reduce_l1(reader: "NodeReader") -> None:
    _read_sum_of(reader, Term.MAGNITUDE)


def _read_reduce_sum_square(reader: "NodeReader") -> None:
    _read_sum_of(reader, Term.SQUARE)


def _read_sum_of(reader: "NodeReader", term: Term) -> None:
    reduced = read_reduction(reader, _AXES_INPUT_SINCE)
    op = ReduceSum(reduced.axes, reduced.keep_dims, term)
    reader.define(reader.emit(op, [reader.stored(0).key]), reduced.result)


def _read_tflite_sum(reader: "TfliteNodeReader") -> None:
    axes, keep_dims = read_tflite_axes(reader)
    try:
        reader.emit(ReduceSum(axes, keep_dims), [reader.key(0)])
    except NoIntegerRuleError as error:
        raise UnsupportedAttributeError(str(error)) from error


OPERATOR = OperatorDefinition(
    name="reduce_sum",
    summary="Sum over any axes of the elements, of their magnitudes or of their squares.",
    readers={
        "ReduceSum": _read_reduce_sum,
        "ReduceL1": _read_reduce_l1,
        "ReduceSumSquare": _read_reduce_sum_square,
    },
    float_ops=(ReduceSum,),
    quant_ops=(QuantReduceSum,),
    kernels=("reduce_sum_s8", "reduce_sum_f32"),
    tflite=(),
    limits=(
        GROUPS_LIMIT,
        "Sums that could pass int32 are computed in float32.",
    ),
    tflite_readers={"SUM": _read_tflite_sum},
)
