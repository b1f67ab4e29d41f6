"""Requantize: the same real values in another int8 format (spec 4.14).

Quantization inserts it where an op needs an operand in a format that its producer cannot adopt.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnc.ir.types import AnyArray, Quantization, Rounding
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import (
    QuantLookup,
    all_inputs,
    look_up,
    rescaling_multiplier,
    rescaling_table,
)
from cnnc.quantize.fixed_point import Arithmetic


@dataclass(frozen=True, eq=False)
class QuantRequantize(QuantLookup):
    """y = clamp(MBQM(q - z_in, multiplier, shift) + z_out).

    Attributes:
        multiplier: Mantissa of s_in / s_out.
        shift: Its exponent.
        input_zero_point: z_in.
        output_zero_point: z_out.
    """

    multiplier: int
    shift: int
    input_zero_point: int
    output_zero_point: int

    tflite_code = "QUANTIZE"

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute the formula, not the table, so that a table of another rounding shows."""
        distances = all_inputs() - self.input_zero_point
        table = arithmetic.requantize(
            distances, self.multiplier, self.shift, self.output_zero_point
        )
        return look_up(table, inputs[0])


def requantize(source: Quantization, target: Quantization, rounding: Rounding) -> QuantRequantize:
    """Return the op that takes int8 values from one format to another.

    Args:
        source: Format of the operand.
        target: Format of the result.
        rounding: The model's rounding, for the table.
    """
    ratio = source.scale / target.scale
    zero_points = (source.zero_point, target.zero_point)
    multiplier, shift = rescaling_multiplier(ratio)
    table = rescaling_table(ratio, zero_points, Arithmetic(rounding))
    return QuantRequantize(table, multiplier, shift, *zero_points)


OPERATOR = OperatorDefinition(
    name="requantize",
    summary="Another int8 format for the same values, as a 256-byte table; inserted where needed.",
    readers={},
    float_ops=(),
    quant_ops=(QuantRequantize,),
    kernels=("lookup_s8",),
    tflite=("QUANTIZE",),
)
