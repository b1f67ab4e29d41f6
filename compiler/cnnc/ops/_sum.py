"""What sums and differences of two int8 tensors share (spec 4.4)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypedDict

from cnnc.codegen.tflite import NotExpressibleError
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds
from cnnc.ir.types import I8, I64, Activation
from cnnc.ops._binary import refuse_integers
from cnnc.ops._broadcast import QuantBroadcast
from cnnc.ops._channel_bounds import requantized_bounds
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, activation_limits, quantize_multiplier

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.tflite.reader import TfliteNodeReader

_LEFT_SHIFT = 20
"""Operands get this many fraction bits before they are scaled; the kernels have the same."""
_LARGEST_OPERAND_SHIFT = 2
"""255 << 20 may be shifted on by this much without leaving int32."""
_LARGEST_OUTPUT_MULTIPLIER = 4.0
"""The sum is below 2^28: with this it stays within int32."""


class SumFields(TypedDict):
    """Fields of ``QuantSum``, which says what they are."""

    activation: Activation
    minimum: int
    maximum: int
    first_zero_point: int
    first_multiplier: int
    first_shift: int
    second_zero_point: int
    second_multiplier: int
    second_shift: int
    output_zero_point: int
    output_multiplier: int
    output_shift: int


def sum_fields(activation: Activation, context: QuantizeContext) -> SumFields:
    """Return the integer op's fields for the formats around a sum or a difference.

    Raises:
        NoIntegerRuleError: The operands are integers.
    """
    refuse_integers(context)
    first, second = context.inputs
    common = 2.0 * max(first.scale, second.scale)
    first_multiplier, first_shift = quantize_multiplier(first.scale / common)
    second_multiplier, second_shift = quantize_multiplier(second.scale / common)
    output_multiplier, output_shift = quantize_multiplier(
        min(common / (2.0**_LEFT_SHIFT * context.output.scale), _LARGEST_OUTPUT_MULTIPLIER)
    )
    minimum, maximum = activation_limits(activation, context.output)
    return SumFields(
        activation=activation,
        minimum=minimum,
        maximum=maximum,
        first_zero_point=first.zero_point,
        first_multiplier=first_multiplier,
        first_shift=first_shift,
        second_zero_point=second.zero_point,
        second_multiplier=second_multiplier,
        second_shift=second_shift,
        output_zero_point=context.output.zero_point,
        output_multiplier=output_multiplier,
        output_shift=output_shift,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantSum(QuantBroadcast):
    """Sum or difference on int8; t = 2 max(s1, s2), (m1, h1) = QM(s1/t), (m2, h2) = QM(s2/t).

    r = MBQM((q1 - z1) << 20, m1, h1) + sign MBQM((q2 - z2) << 20, m2, h2)
    y = clamp(MBQM(r, QM(t / (2^20 s_out))) + z_out, minimum, maximum)

    Attributes:
        first_zero_point: z1.
        first_multiplier: m1, of a real multiplier <= 1/2.
        first_shift: h1.
        second_zero_point: z2.
        second_multiplier: m2.
        second_shift: h2.
        output_zero_point: z_out.
        output_multiplier: Mantissa of the sum's multiplier.
        output_shift: Its exponent.
    """

    first_zero_point: int
    first_multiplier: int
    first_shift: int
    second_zero_point: int
    second_multiplier: int
    second_shift: int
    output_zero_point: int
    output_multiplier: int
    output_shift: int

    sign: ClassVar[int]
    """1 for a sum, -1 for a difference."""

    judged_in_single_rounding = True

    def combine(self, first: I64, second: I64, arithmetic: Arithmetic) -> I8:
        """Compute spec 4.4."""
        return arithmetic.requantize(
            self._total(first, second, arithmetic),
            self.output_multiplier,
            self.output_shift,
            self.output_zero_point,
            (self.minimum, self.maximum),
        )

    def combined_bounds(
        self, first: ChannelBounds, second: ChannelBounds, arithmetic: Arithmetic
    ) -> ChannelBounds:
        """Combine the ends: no step falls while an operand grows, before the sign."""
        if min(self.first_multiplier, self.second_multiplier) < 0:
            return ChannelBounds.unknown(len(first.low))
        if max(self.first_shift, self.second_shift) > _LARGEST_OPERAND_SHIFT:
            return ChannelBounds.unknown(len(first.low))
        low, high = (second.low, second.high) if self.sign > 0 else (second.high, second.low)
        totals = ChannelBounds(
            self._total(first.low, low, arithmetic), self._total(first.high, high, arithmetic)
        )
        scaling = (self.output_multiplier, self.output_shift)
        limits = (self.minimum, self.maximum)
        return requantized_bounds(arithmetic, totals, scaling, self.output_zero_point, limits)

    def _total(self, first: I64, second: I64, arithmetic: Arithmetic) -> I64:
        """Return r, before it is scaled to the result."""
        one = (first - self.first_zero_point) << _LEFT_SHIFT
        other = (second - self.second_zero_point) << _LEFT_SHIFT
        scaled = arithmetic.rescale(other, self.second_multiplier, self.second_shift)
        total = arithmetic.rescale(one, self.first_multiplier, self.first_shift)
        return total + self.sign * scaled

    def kernel_parameters(self) -> dict[str, int]:
        """Return every field that is not about TFLite."""
        return {
            "first_zero_point": self.first_zero_point,
            "first_multiplier": self.first_multiplier,
            "first_shift": self.first_shift,
            "second_zero_point": self.second_zero_point,
            "second_multiplier": self.second_multiplier,
            "second_shift": self.second_shift,
            "output_zero_point": self.output_zero_point,
            "output_multiplier": self.output_multiplier,
            "output_shift": self.output_shift,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add the operator."""
        if self.output_shift > 0:
            raise NotExpressibleError(
                f"{self.tflite_code} needs an output scale above 2^-19 of the larger input scale"
            )
        super().export_tflite(graph, operands)


def check_tflite_sum(reader: "TfliteNodeReader") -> None:
    """Refuse a sum or difference whose output scale would overflow TFLite's kernels."""
    # For int16 alone.
    reader.ignore("PotScaleInt16")
    first, second = reader.value(0).quantization, reader.value(1).quantization
    total = 2.0 * max(first.scale, second.scale)
    if total / (2.0**_LEFT_SHIFT * reader.output.quantization.scale) >= 1.0:
        raise UnsupportedAttributeError("the output scale is below 2^-19 of the larger input scale")
