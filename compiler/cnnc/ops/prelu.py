"""Rectifier with a slope of its own for each channel (ONNX PRelu; spec 4.13)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import (
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds
from cnnc.ir.op import QuantOp
from cnnc.ir.types import (
    I8,
    I64,
    INT8_MAX,
    INT8_MIN,
    Activation,
    Quantization,
    Tensor,
    elements,
)
from cnnc.ops._binary import BinaryOp, read_binary
from cnnc.ops._broadcast import QuantBroadcast, merge_axes
from cnnc.ops._definition import OperatorDefinition
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, quantize_multiplier

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_SATURATING_MULTIPLIER = 512.0
"""From here on every product other than 0 saturates; larger ones would overflow int32."""
_OVERFLOW = "its scales give multipliers of 512 and more, which overflow"


@dataclass(frozen=True, eq=False)
class Prelu(BinaryOp):
    """x, below zero slope times x; the slope broadcasts to x."""

    operator_name = "prelu"
    takes_integers = False

    def combine(self, first: Tensor, second: Tensor) -> Tensor:
        """Multiply what is below zero."""
        return np.where(first < 0, second * first, first)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op with a multiplier for either side of zero."""
        first, second = context.inputs
        ratios = _ratios(first, second, context.output)
        above, below = (quantize_multiplier(min(r, _SATURATING_MULTIPLIER)) for r in ratios)
        return QuantPrelu(
            activation=Activation.NONE,
            minimum=INT8_MIN,
            maximum=INT8_MAX,
            first_zero_point=first.zero_point,
            second_zero_point=second.zero_point,
            output_zero_point=context.output.zero_point,
            above_multiplier=above[0],
            above_shift=above[1],
            below_multiplier=below[0],
            below_shift=below[1],
        )


def _ratios(first: Quantization, second: Quantization, output: Quantization) -> tuple[float, float]:
    """Return the multipliers above and below zero; TFLite computes them in float32."""
    scale, target = np.float32(first.scale), np.float32(output.scale)
    return float(scale / target), float(scale * np.float32(second.scale) / target)


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantPrelu(QuantBroadcast):
    """Parametric rectifier on int8, for d = q - z_in.

    y = clamp(MBQM(d, QM(s_in / s_out)) + z_out)                            where d >= 0
    y = clamp(MBQM(d (slope - z_slope), QM(s_in s_slope / s_out)) + z_out)  else

    Attributes:
        first_zero_point: z_in.
        second_zero_point: z_slope.
        output_zero_point: z_out.
        above_multiplier: Mantissa for d >= 0.
        above_shift: Its exponent.
        below_multiplier: Mantissa for d < 0.
        below_shift: Its exponent.
    """

    first_zero_point: int
    second_zero_point: int
    output_zero_point: int
    above_multiplier: int
    above_shift: int
    below_multiplier: int
    below_shift: int

    operator_name = "prelu"
    tflite_code = "PRELU"
    tflite_options = ""
    tflite_version = 1
    tflite_broadcast_rank = 4

    def combine(self, first: I64, second: I64, arithmetic: Arithmetic) -> I8:
        """Compute spec 4.13."""
        distance = first - self.first_zero_point
        product = distance * (second - self.second_zero_point)
        above = arithmetic.rescale(distance, self.above_multiplier, self.above_shift)
        below = arithmetic.rescale(product, self.below_multiplier, self.below_shift)
        steps = np.where(distance >= 0, above, below) + self.output_zero_point
        return np.clip(steps, INT8_MIN, INT8_MAX).astype(np.int8)

    def combined_bounds(
        self, first: ChannelBounds, second: ChannelBounds, arithmetic: Arithmetic
    ) -> ChannelBounds:
        """Know nothing: the slope may have either sign."""
        return ChannelBounds.unknown(len(first.low))

    def kernel_parameters(self) -> dict[str, int]:
        """Return zero points and multipliers."""
        return {
            "first_zero_point": self.first_zero_point,
            "second_zero_point": self.second_zero_point,
            "output_zero_point": self.output_zero_point,
            "above_multiplier": self.above_multiplier,
            "above_shift": self.above_shift,
            "below_multiplier": self.below_multiplier,
            "below_shift": self.below_shift,
        }

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel, which reads element i before it writes element i."""
        size = elements(site.output)
        call = KernelCall(
            kernel="prelu_s8",
            folder="prelu",
            parameters={
                **merge_axes(*site.inputs).kernel_parameters(),
                **self.kernel_parameters(),
            },
            arguments=(InputArgument(0), InputArgument(1), OutputArgument()),
        )
        full = tuple(index for index, shape in enumerate(site.inputs) if elements(shape) == size)
        return Lowering(calls=(call,), in_place=full)

    def tflite_settings(self) -> TfliteOptions | None:
        """Return nothing: PRELU has no options."""
        return None

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add PRELU."""
        first, second = (value.quantization for value in operands.input_values)
        if max(_ratios(first, second, operands.output_value.quantization)) >= (
            _SATURATING_MULTIPLIER
        ):
            raise NotExpressibleError(_OVERFLOW)
        super().export_tflite(graph, operands)


def _read_prelu(reader: "NodeReader") -> None:
    read_binary(reader, Prelu())


def _read_tflite_prelu(reader: "TfliteNodeReader") -> None:
    first, second = reader.value(0).quantization, reader.value(1).quantization
    if max(_ratios(first, second, reader.output.quantization)) >= _SATURATING_MULTIPLIER:
        raise UnsupportedAttributeError(_OVERFLOW)
    reader.emit(Prelu(), [reader.key(0), reader.key(1)])


OPERATOR = OperatorDefinition(
    name="prelu",
    summary="x, below zero slope times x; the slope has any shape that broadcasts to x.",
    readers={"PRelu": _read_prelu},
    float_ops=(Prelu,),
    quant_ops=(QuantPrelu,),
    kernels=("prelu_s8", "prelu_f32"),
    tflite=("PRELU", "RESHAPE"),
    limits=("Shapes that alternate between repeating and not at most 6 times.",),
    tflite_readers={"PRELU": _read_tflite_prelu},
)
