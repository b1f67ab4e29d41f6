"""Softmax over the last axis in memory (ONNX Softmax; spec 4.9).

y_i = exp(x_i - max x) / sum_j exp(x_j - max x), in int8 with output format (1/256, -128).
"""

import math
from collections.abc import Sequence
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
from cnnc.ir.op import FloatOp, NoIntegerRuleError, OutputFormat, QuantOp
from cnnc.ir.types import F32, I64, AnyArray, Quantization, Shape, elements
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._last_axis import read_along_axis
from cnnc.ops._real_rows import lower_rows, maximum_in_order
from cnnc.ops._sums import sum_in_order
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import (
    Arithmetic,
    quantize_multiplier,
    rounding_divide_by_power_of_two,
    saturating_rounding_doubling_high_multiply,
    wrap_int32,
)
from cnnc.quantize.fixed_point_functions import exp_of_negative, reciprocal_of_one_plus

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_INTEGER_BITS = 5
"""Differences from the maximum are held in Q5.26."""
_SUM_INTEGER_BITS = 12
"""The sum of the exponentials is held in Q12.19."""
_MAXIMUM_DEPTH = 2**_SUM_INTEGER_BITS - 1
_TFLITE_MAXIMUM_DEPTH = 511
"""Where 512 exponentials sum to 512, the last shift of TFLite's kernels passes 31 bits: one runtime
then gives 127 everywhere, the other aborts."""
_SMALLEST_TFLITE_SCALE = 2.0 ** -(31 - _INTEGER_BITS)
_CHUNK_BYTES = 64 << 20


@dataclass(frozen=True, eq=False)
class Softmax(FloatOp):
    """Softmax over the last axis.

    Attributes:
        axis: The operand's last axis, counted from 0.
    """

    axis: int

    output_format = OutputFormat.FIXED
    fixed_format = Quantization(1 / 256, -128)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape after checking axis and depth."""
        shape = inputs[0]
        if self.axis != len(shape) - 1:
            raise UnsupportedAttributeError(
                f"softmax over axis {self.axis} of a tensor stored as {list(shape)}; "
                "only the last axis in memory is supported"
            )
        return shape

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float64 from differences to the row's maximum."""
        x = inputs[0].astype(np.float64)
        exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
        probabilities: F32 = (exponentials / exponentials.sum(axis=-1, keepdims=True)).astype(
            np.float32
        )
        return probabilities

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Compute in float32, sums from the first element to the last."""
        x = inputs[0]
        exponentials = float_math.exp(x - maximum_in_order(x))
        total = sum_in_order(np.moveaxis(exponentials, -1, 0))
        return exponentials / total[..., np.newaxis]

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel; an element is read before it is overwritten."""
        return lower_rows("softmax", site)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op whose exponent argument is scaled to Q5.26.

        Raises:
            NoIntegerRuleError: The sum of so many exponentials could pass Q12.19.
        """
        depth = context.output_shape[-1]
        if depth > _MAXIMUM_DEPTH:
            raise NoIntegerRuleError(
                f"softmax over {depth} elements; at most {_MAXIMUM_DEPTH} fit the integer sum"
            )
        return quant_softmax(context.inputs[0].scale)


def quant_softmax(input_scale: float) -> "QuantSoftmax":
    """Return softmax for logits of the given scale (spec 4.9).

    The multiplier is capped at 2^30 - 1 for both roundings. Double rounding's cap is 2^31 - 1, with
    the same result: from scale 16 on, exp(-16) and less add 0 to the sum and give 0.

    Args:
        input_scale: Positive float32 value.
    """
    # Scales below 2^-26 make all exponentials 1 within the output's resolution, as 2^-26 does.
    real = min(max(input_scale * 2.0 ** (31 - _INTEGER_BITS), 1.0), 2.0**30 - 1)
    multiplier, left_shift = quantize_multiplier(real)
    radius = (2**_INTEGER_BITS - 1) * 2.0 ** (31 - _INTEGER_BITS) / 2.0**left_shift
    return QuantSoftmax(multiplier, left_shift, -math.floor(radius))


@dataclass(frozen=True, eq=False)
class QuantSoftmax(QuantOp):
    """Softmax over the last axis on int8.

    Attributes:
        multiplier: Mantissa of the input scale in Q5.26.
        left_shift: Its exponent, 1..30.
        difference_floor: Elements further below the maximum than this give -128; <= 0.
    """

    multiplier: int
    left_shift: int
    difference_floor: int

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute spec 4.9 row by row, exactly; it has no step that depends on the rounding."""
        q = inputs[0]
        rows = q.reshape(-1, q.shape[-1])
        step = max(1, _CHUNK_BYTES // (8 * rows.shape[1]))
        parts = [self._rows(rows[i : i + step].astype(np.int64)) for i in range(0, len(rows), step)]
        return np.concatenate(parts).reshape(q.shape)

    def _rows(self, q: I64) -> AnyArray:
        difference = q - q.max(axis=1, keepdims=True)
        counted = difference >= self.difference_floor
        argument = saturating_rounding_doubling_high_multiply(
            np.where(counted, difference, 0) << self.left_shift, self.multiplier
        )
        e = exp_of_negative(argument, _INTEGER_BITS)
        terms = np.where(counted, rounding_divide_by_power_of_two(e, _SUM_INTEGER_BITS), 0)
        total = terms.sum(axis=1, keepdims=True)
        # frexp gives the number of significant bits: exact below 2^53.
        headroom = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
        reciprocal = reciprocal_of_one_plus(wrap_int32(total << headroom) + 2**31)
        product = saturating_rounding_doubling_high_multiply(reciprocal, e)
        probability = rounding_divide_by_power_of_two(
            product, _SUM_INTEGER_BITS - headroom + 31 - 8
        )
        return np.clip(np.where(counted, probability, 0) - 128, -128, 127).astype(np.int8)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel on [rows][depth]; a row is read before its elements are overwritten."""
        depth = site.output[-1]
        call = KernelCall(
            kernel="softmax_s8",
            folder="softmax",
            parameters={
                "rows": elements(site.output) // depth,
                "depth": depth,
                "multiplier": self.multiplier,
                "left_shift": self.left_shift,
                "difference_floor": self.difference_floor,
            },
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,), in_place=(0,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add SOFTMAX with beta 1."""
        source = operands.input_values[0]
        if source.quantization.scale <= _SMALLEST_TFLITE_SCALE:
            raise NotExpressibleError("SOFTMAX does not take input scales of 2^-26 and below")
        if source.shape[-1] > _TFLITE_MAXIMUM_DEPTH:
            raise NotExpressibleError(
                f"SOFTMAX overflows a shift where more than {_TFLITE_MAXIMUM_DEPTH} elements are "
                "about equal"
            )
        graph.operator(
            "SOFTMAX",
            [operands.inputs[0]],
            operands.output,
            TfliteOptions("SoftmaxOptions", {"Beta": 1.0}),
        )


def _read_softmax(reader: "NodeReader") -> None:
    read_along_axis(reader, Softmax)


def _read_tflite_softmax(reader: "TfliteNodeReader") -> None:
    beta = reader.real_option("Beta", 0.0)
    if beta != 1.0:
        raise UnsupportedAttributeError(f"beta {beta:g} is not supported; 1 is")
    source = reader.value(0)
    if source.shape[-1] > _MAXIMUM_DEPTH:
        raise UnsupportedAttributeError(
            f"softmax over {source.shape[-1]} elements; at most {_MAXIMUM_DEPTH} are supported"
        )
    if source.quantization.scale <= _SMALLEST_TFLITE_SCALE:
        raise UnsupportedAttributeError("input scales of 2^-26 and below are not supported")
    reader.emit(Softmax(len(source.shape) - 1), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="softmax",
    summary="Softmax over one axis; the output format is (1/256, -128).",
    readers={"Softmax": _read_softmax},
    float_ops=(Softmax,),
    quant_ops=(QuantSoftmax,),
    kernels=("softmax_s8", "softmax_f32"),
    tflite=("SOFTMAX",),
    limits=(f"More than {_MAXIMUM_DEPTH} elements along the axis are computed in float32.",),
    tflite_readers={"SOFTMAX": _read_tflite_softmax},
)
