"""The op that clips to an interval, on real numbers and on int8 (see clip.py)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.tflite import TfliteOptions
from cnnc.ir.op import QuantOp
from cnnc.ir.types import (
    F32,
    INT8_MAX,
    INT8_MIN,
    Quantization,
)
from cnnc.ops._lookup import (
    QuantLookup,
    all_inputs,
    export_table,
    rescaling_table,
    tflite_overflows,
)
from cnnc.ops._unary import UnaryOp
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, quantize_real

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands

_TFLITE_OPERATORS: Mapping[tuple[float, float], str] = {
    (0.0, math.inf): "RELU",
    (0.0, 6.0): "RELU6",
    (-1.0, 1.0): "RELU_N1_TO_1",
    (0.0, 1.0): "RELU_0_TO_1",
}
"""By their bounds."""
_TFLITE_VERSIONS = {"RELU": 2, "RELU6": 2, "RELU_N1_TO_1": 1, "RELU_0_TO_1": 1}
"""Those that take int8."""
_TFLITE_BROADCAST_RANK = 4


@dataclass(frozen=True, eq=False)
class Clip(UnaryOp):
    """min(max(x, low), high), element by element.

    Attributes:
        low: Lower bound, minus infinity for none.
        high: Upper bound, infinity for none; not below ``low``.
    """

    low: float
    high: float

    operator_name = "clip"

    def parameters(self) -> tuple[float, float]:
        """Return low and high."""
        return self.low, self.high

    def apply(self, x: F32) -> F32:
        """Clip every element."""
        return float_math.clamp(x, self.low, self.high)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table that rescales, then clamps.

        The ratio of the scales is float32 where TFLite has an operator of its own, else double, as
        in TFLite.
        """
        source, output = context.inputs[0], context.output
        operator = _TFLITE_OPERATORS.get((self.low, self.high), "")
        ratio = source.scale / output.scale
        if operator:
            ratio = float(np.float32(source.scale) / np.float32(output.scale))
        limits = (_int8_bound(self.low, output), _int8_bound(self.high, output))
        zero_points = (source.zero_point, output.zero_point)
        table = rescaling_table(ratio, zero_points, Arithmetic(context.rounding), limits)
        return QuantClip(table, operator, *limits)


@dataclass(frozen=True, eq=False)
class QuantClip(QuantLookup):
    """Clip on int8: y = clamp(MBQM(q - z_in, QM(s_in / s_out)) + z_out, minimum, maximum).

    Attributes:
        operator: What TFLite has for these bounds, e.g. RELU6, else empty.
        minimum: Least result, -128..127.
        maximum: Greatest result, -128..127.
    """

    operator: str
    minimum: int
    maximum: int

    # XNNPACK rescales by another rule, and no table is looked up.
    judged_in_single_rounding = False

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add the operator; for other bounds QUANTIZE, then MAXIMUM and MINIMUM.

        Where these overflow, the table is looked up.
        """
        if tflite_overflows(operands):
            export_table(self.table, graph, operands)
            return
        source = operands.inputs[0]
        if self.operator:
            version = _TFLITE_VERSIONS[self.operator]
            graph.operator(self.operator, [source], operands.output, version=version)
            return
        bounds = [("MAXIMUM", self.minimum)] if self.minimum > INT8_MIN else []
        bounds += [("MINIMUM", self.maximum)] if self.maximum < INT8_MAX else []
        shape, format_ = operands.output_value.shape, operands.output_value.quantization
        steps = [graph.intermediate(shape, format_) for _ in bounds]
        targets = [*steps, operands.output]
        graph.operator("QUANTIZE", [source], targets[0], version=2)
        # A constant of full shape needs no broadcasting, which not every rank has.
        bound_shape = (1,) if len(shape) <= _TFLITE_BROADCAST_RANK else shape
        for (code, bound), step, target in zip(bounds, steps, targets[1:], strict=True):
            constant = graph.constant(
                np.full(bound_shape, bound, dtype=np.int8), (format_.scale,), format_.zero_point
            )
            options = TfliteOptions("MaximumMinimumOptions", {})
            graph.operator(code, [step, constant], target, options, version=2)


def _int8_bound(real: float, output: Quantization) -> int:
    if math.isinf(real):
        return INT8_MIN if real < 0 else INT8_MAX
    return int(quantize_real(np.asarray(real, dtype=np.float32), output))


def clamp_levels(limits: tuple[int, int]) -> QuantClip:
    """Return the op that clamps int8 values and keeps their format."""
    return QuantClip(np.clip(all_inputs(), *limits).astype(np.int8), "", *limits)
