"""Hard swish (ONNX HardSwish)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32, I8, I64, INT8_MAX, INT8_MIN, Quantization
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import QuantLookup, all_inputs, export_table
from cnnc.ops._unary import UnaryOp, read_unary
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import quantize_multiplier, rounding_divide_by_power_of_two

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


_LEAST_SHIFT = -15
_DEFINED = "s_in / (128 s_out) within 2^-16 and 1, for products of 16 bits"


@dataclass(frozen=True, eq=False)
class HardSwish(UnaryOp):
    """x min(max(x / 6 + 1/2, 0), 1)."""

    operator_name = "hard_swish"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        result: F32 = x * float_math.clamp(x * np.float32(0.166666672) + np.float32(0.5), 0.0, 1.0)
        return result

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return TFLite's table (spec 4.11); where that is not defined, one of the function."""
        source, target = context.inputs[0], context.output
        output, relu = hard_swish_multipliers(source, target)
        if not is_defined(output, relu):
            return QuantHardSwish(self.table(context), is_tflites=False)
        return QuantHardSwish(hard_swish_table(output, relu, source, target), is_tflites=True)


@dataclass(frozen=True, eq=False)
class QuantHardSwish(QuantLookup):
    """Hard swish on int8.

    Attributes:
        is_tflites: Whether TFLite's integer rule is defined for the formats.
    """

    is_tflites: bool

    tflite_code = "HARD_SWISH"
    tflite_version = 1

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add HARD_SWISH, or the table where that overflows."""
        if not self.is_tflites:
            export_table(self.table, graph, operands)
            return
        super().export_tflite(graph, operands)


def is_defined(output: tuple[int, int], relu: tuple[int, int]) -> bool:
    """Return whether TFLite's kernel can shift 16-bit numbers by these multipliers' exponents."""
    return _LEAST_SHIFT <= output[1] <= 0 and relu[1] >= _LEAST_SHIFT


def hard_swish_multipliers(
    source: Quantization, target: Quantization
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return mantissa and shift of s_in / 128 / s_out and of s_in / 128 / (3 / 32768)."""
    fine = np.float32(source.scale) / np.float32(128)
    output = quantize_multiplier(float(fine / np.float32(target.scale)))
    return output, quantize_multiplier(float(fine / np.float32(3.0 / 32768.0)))


def hard_swish_table(
    output: tuple[int, int], relu: tuple[int, int], source: Quantization, target: Quantization
) -> I8:
    """Return the table of spec 4.11: 16-bit products, of which some round and one truncates."""
    (output_multiplier, output_shift), (relu_multiplier, relu_shift) = output, relu
    fine = (all_inputs() - source.zero_point) * 128
    scaled = _high_product(fine, _upper_half(output_multiplier))
    gate = _saturated(fine << (relu_shift - 1)) if relu_shift > 0 else fine
    gate = _high_product(gate, _upper_half(relu_multiplier))
    if relu_shift > 0:
        gate = _saturated(gate << 1)
    if relu_shift < 0:
        gate = rounding_divide_by_power_of_two(gate, -relu_shift)
    product = ((gate + 32768) >> 1) * scaled
    truncated = np.sign(product) * (np.abs(product) >> 15)
    steps = rounding_divide_by_power_of_two(truncated, -output_shift) + target.zero_point
    return np.clip(steps, INT8_MIN, INT8_MAX).astype(np.int8)


def _upper_half(multiplier: int) -> int:
    return min((multiplier + (1 << 15)) >> 16, 32767)


def _high_product(values: I64, multiplier: int) -> I64:
    return (values * multiplier + (1 << 14)) >> 15


def _saturated(values: I64) -> I64:
    return np.clip(values, -32768, 32767)


def _read_hard_swish(reader: "NodeReader") -> None:
    read_unary(reader, HardSwish())


def _read_tflite_hard_swish(reader: "TfliteNodeReader") -> None:
    output, relu = hard_swish_multipliers(reader.value(0).quantization, reader.output.quantization)
    if not is_defined(output, relu):
        raise UnsupportedAttributeError(f"HARD_SWISH needs {_DEFINED}")
    reader.emit(HardSwish(), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="hard_swish",
    summary="x min(max(x / 6 + 1/2, 0), 1), as a 256-byte table on int8.",
    readers={"HardSwish": _read_hard_swish},
    float_ops=(HardSwish,),
    quant_ops=(QuantHardSwish,),
    kernels=("lookup_s8", "hard_swish_f32"),
    tflite=("HARD_SWISH",),
    tflite_readers={"HARD_SWISH": _read_tflite_hard_swish},
)
