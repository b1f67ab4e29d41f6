"""Elementwise product of two tensors (ONNX Mul; spec 4.5)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.tflite import NotExpressibleError
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds
from cnnc.ir.op import QuantOp
from cnnc.ir.types import I8, I64, Tensor
from cnnc.ops._binary import ActivatedOp, read_binary, refuse_integers
from cnnc.ops._broadcast import QuantBroadcast
from cnnc.ops._channel_bounds import requantized_bounds
from cnnc.ops._definition import OperatorDefinition
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, activation_limits, quantize_multiplier

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_SATURATING_MULTIPLIER = 512.0
"""From here on every product other than 0 saturates; larger ones would overflow int32."""
_TFLITE_LARGEST_MULTIPLIER = 2.0**15


@dataclass(frozen=True, eq=False)
class Mul(ActivatedOp):
    """activation(first * second), operands broadcast together."""

    operator_name = "mul"

    def combine(self, first: Tensor, second: Tensor) -> Tensor:
        """Multiply."""
        return np.asarray(first * second)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op that scales integer products by s1 s2 / s_out."""
        refuse_integers(context)
        first, second = context.inputs
        real = first.scale * second.scale / context.output.scale
        multiplier, shift = quantize_multiplier(min(real, _SATURATING_MULTIPLIER))
        minimum, maximum = activation_limits(self.activation, context.output)
        return QuantMul(
            activation=self.activation,
            minimum=minimum,
            maximum=maximum,
            first_zero_point=first.zero_point,
            second_zero_point=second.zero_point,
            output_zero_point=context.output.zero_point,
            multiplier=multiplier,
            shift=shift,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantMul(QuantBroadcast):
    """Product on int8.

    y = clamp(MBQM((q1 - z1) (q2 - z2), QM(s1 s2 / s_out)) + z_out, minimum, maximum)

    Attributes:
        first_zero_point: z1.
        second_zero_point: z2.
        output_zero_point: z_out.
        multiplier: Mantissa of s1 s2 / s_out.
        shift: Its exponent.
    """

    first_zero_point: int
    second_zero_point: int
    output_zero_point: int
    multiplier: int
    shift: int

    operator_name = "mul"
    tflite_code = "MUL"
    tflite_options = "MulOptions"
    tflite_broadcast_rank = 4
    judged_in_single_rounding = True

    def combine(self, first: I64, second: I64, arithmetic: Arithmetic) -> I8:
        """Compute spec 4.5."""
        product = (first - self.first_zero_point) * (second - self.second_zero_point)
        return arithmetic.requantize(
            product,
            self.multiplier,
            self.shift,
            self.output_zero_point,
            (self.minimum, self.maximum),
        )

    def combined_bounds(
        self, first: ChannelBounds, second: ChannelBounds, arithmetic: Arithmetic
    ) -> ChannelBounds:
        """Requantize the extremes of the product, which lie at ends of both intervals."""
        corners = [
            (one - self.first_zero_point) * (other - self.second_zero_point)
            for one in (first.low, first.high)
            for other in (second.low, second.high)
        ]
        products = ChannelBounds(np.min(corners, axis=0), np.max(corners, axis=0))
        scaling = (self.multiplier, self.shift)
        limits = (self.minimum, self.maximum)
        return requantized_bounds(arithmetic, products, scaling, self.output_zero_point, limits)

    def kernel_parameters(self) -> dict[str, int]:
        """Return every field that is not about TFLite."""
        return {
            "first_zero_point": self.first_zero_point,
            "second_zero_point": self.second_zero_point,
            "output_zero_point": self.output_zero_point,
            "multiplier": self.multiplier,
            "shift": self.shift,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add MUL."""
        first, second = (value.quantization.scale for value in operands.input_values)
        if first * second / operands.output_value.quantization.scale >= _TFLITE_LARGEST_MULTIPLIER:
            raise NotExpressibleError("MUL overflows where s1 * s2 / s_out is 2^15 and above")
        super().export_tflite(graph, operands)


def _read_mul(reader: "NodeReader") -> None:
    read_binary(reader, Mul())


def _read_tflite_mul(reader: "TfliteNodeReader") -> None:
    first, second = reader.value(0).quantization, reader.value(1).quantization
    ratio = first.scale * second.scale / reader.output.quantization.scale
    if ratio >= _TFLITE_LARGEST_MULTIPLIER:
        raise UnsupportedAttributeError("s1 * s2 / s_out is 2^15 or more, which overflows")
    reader.emit(Mul(reader.activation()), [reader.key(0), reader.key(1)])


OPERATOR = OperatorDefinition(
    name="mul",
    summary="Elementwise product with broadcasting and a fused activation; integers wrap around.",
    readers={"Mul": _read_mul},
    float_ops=(Mul,),
    quant_ops=(QuantMul,),
    kernels=("mul_s8", "mul_broadcast_s8", "mul_f32", "mul_integers"),
    tflite=("MUL", "RESHAPE"),
    limits=("Shapes that alternate between repeating and not at most 6 times.",),
    tflite_readers={"MUL": _read_tflite_mul},
)
