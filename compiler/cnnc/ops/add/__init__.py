"""Elementwise sum of two tensors (ONNX Add; spec 4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnc.codegen.tflite import NotExpressibleError
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.types import F32, I8, I64, Activation, Shape
from cnnc.ops._broadcast import QuantBroadcast, broadcast_samples, broadcast_shape
from cnnc.ops._channel_bounds import requantized_bounds
from cnnc.ops._definition import OperatorDefinition
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, activation_limits, quantize_multiplier

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_LEFT_SHIFT = 20
"""Operands get this many fraction bits before they are scaled; the kernels have the same."""
_LARGEST_OPERAND_SHIFT = 2
"""255 << 20 may be shifted on by this much without leaving int32."""
_LARGEST_OUTPUT_MULTIPLIER = 4.0
"""The sum is below 2^28: with this it stays within int32."""


@dataclass(frozen=True, eq=False)
class Add(FloatOp):
    """activation(first + second), operands broadcast together.

    Attributes:
        activation: Applied to the sum.
    """

    activation: Activation = Activation.NONE

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the broadcast shape."""
        return broadcast_shape(inputs)

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Add in float32."""
        first, second = broadcast_samples(inputs)
        return self.activation.apply(first + second)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op that brings both operands to twice the larger scale."""
        first, second = context.inputs
        common = 2.0 * max(first.scale, second.scale)
        first_multiplier, first_shift = quantize_multiplier(first.scale / common)
        second_multiplier, second_shift = quantize_multiplier(second.scale / common)
        output_multiplier, output_shift = quantize_multiplier(
            min(common / (2.0**_LEFT_SHIFT * context.output.scale), _LARGEST_OUTPUT_MULTIPLIER)
        )
        minimum, maximum = activation_limits(self.activation, context.output)
        return QuantAdd(
            activation=self.activation,
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
class QuantAdd(QuantBroadcast):
    """Sum on int8, with t = 2 max(s1, s2) and (m1, h1) = QM(s1/t), (m2, h2) = QM(s2/t).

    r = MBQM((q1 - z1) << 20, m1, h1) + MBQM((q2 - z2) << 20, m2, h2)
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

    operator_name = "add"
    tflite_code = "ADD"
    tflite_options = "AddOptions"
    tflite_broadcast_rank = 6
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
        """Combine both lower ends and both upper ends: no step falls while an operand grows."""
        if min(self.first_multiplier, self.second_multiplier) < 0:
            return ChannelBounds.unknown(len(first.low))
        if max(self.first_shift, self.second_shift) > _LARGEST_OPERAND_SHIFT:
            return ChannelBounds.unknown(len(first.low))
        totals = ChannelBounds(
            self._total(first.low, second.low, arithmetic),
            self._total(first.high, second.high, arithmetic),
        )
        scaling = (self.output_multiplier, self.output_shift)
        limits = (self.minimum, self.maximum)
        return requantized_bounds(arithmetic, totals, scaling, self.output_zero_point, limits)

    def _total(self, first: I64, second: I64, arithmetic: Arithmetic) -> I64:
        """Return r, the sum before it is scaled to the result."""
        return arithmetic.rescale(
            (first - self.first_zero_point) << _LEFT_SHIFT, self.first_multiplier, self.first_shift
        ) + arithmetic.rescale(
            (second - self.second_zero_point) << _LEFT_SHIFT,
            self.second_multiplier,
            self.second_shift,
        )

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
        """Add ADD."""
        if self.output_shift > 0:
            raise NotExpressibleError(
                "ADD needs an output scale above 2^-19 of the larger input scale"
            )
        super().export_tflite(graph, operands)


def _read_add(reader: "NodeReader") -> None:
    keys, axes = reader.aligned([0, 1])
    reader.define(reader.emit(Add(), keys), axes)


def _read_tflite_add(reader: "TfliteNodeReader") -> None:
    # For int16 alone.
    reader.ignore("PotScaleInt16")
    first, second = reader.value(0).quantization, reader.value(1).quantization
    total = 2.0 * max(first.scale, second.scale)
    if total / (2.0**_LEFT_SHIFT * reader.output.quantization.scale) >= 1.0:
        raise UnsupportedAttributeError("the output scale is below 2^-19 of the larger input scale")
    reader.emit(Add(reader.activation()), [reader.key(0), reader.key(1)])


OPERATOR = OperatorDefinition(
    name="add",
    summary="Elementwise sum with broadcasting and a fused activation.",
    readers={"Add": _read_add},
    float_ops=(Add,),
    quant_ops=(QuantAdd,),
    kernels=("add_s8", "add_broadcast_s8"),
    tflite=("ADD", "RESHAPE"),
    limits=("Shapes that alternate between repeating and not at most 6 times.",),
    tflite_readers={"ADD": _read_tflite_add},
)
