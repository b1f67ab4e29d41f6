"""Lp pooling over one to three axes (ONNX LpPool, GlobalLpPool).

y = (sum of |x|^p over the taps that lie in the image)^(1/p); padding is 0. No integer rule: powers
and roots are computed on real numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp, NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, AnyWindow, Shape
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._one_row import emit_with_rows
from cnnc.ops._pool_window import (
    emit_global_pool,
    pooled_shape,
    read_pool_window,
    sum_windows,
    volume_parameters,
)
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

_MAXIMUM_POWER = 64


@dataclass(frozen=True, eq=False)
class LpPool(FloatOp):
    """Lp norm over a window that slides over the middle axes of a [batch][...][channel] tensor.

    Attributes:
        window: Each of its positions holds at least one element of the image.
        power: p, 1..64.
    """

    window: AnyWindow
    power: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the pooled shape after checking that every window meets the image."""
        return pooled_shape(self.window, inputs[0])

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float64."""
        powers = np.abs(inputs[0].astype(np.float64)) ** self.power
        norm: F32 = (sum_windows(powers, self.window, 0.0) ** (1.0 / self.power)).astype(np.float32)
        return norm

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Multiply from left to right, add in the order of the taps."""
        magnitude: F32 = np.abs(inputs[0])
        powers = magnitude
        for _ in range(1, self.power):
            powers = powers * magnitude
        sums = sum_windows(powers, self.window, 0.0)
        if self.power == 1:
            return sums
        if self.power == 2:
            return float_math.sqrt(sums)
        return float_math.exp(float_math.log(sums) / np.float32(self.power))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse: there is no rule on integers."""
        raise NoIntegerRuleError("powers and roots are computed on real numbers")

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        volume = volume_parameters(self.window, site.inputs[0], site.output)
        padding = ("counted_planes", "counted_rows", "counted_cols", "padding_value")
        geometry = {name: value for name, value in volume.items() if name not in padding}
        call = KernelCall(
            kernel="lp_pool_f32",
            folder="lp_pool",
            parameters={**geometry, "power": self.power},
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))


def _read_power(reader: "NodeReader") -> int:
    power = reader.int_attribute("p", 2)
    if not 1 <= power <= _MAXIMUM_POWER:
        raise UnsupportedAttributeError(f"p {power} is not within 1..{_MAXIMUM_POWER}")
    return power


def _read_lp_pool(reader: "NodeReader") -> None:
    emit_with_rows(reader, LpPool(read_pool_window(reader).window, _read_power(reader)))


def _read_global_lp_pool(reader: "NodeReader") -> None:
    power = _read_power(reader)
    emit_global_pool(reader, lambda window: LpPool(window, power))


OPERATOR = OperatorDefinition(
    name="lp_pool",
    summary="Lp norm over a window of up to three axes, on real numbers.",
    readers={"LpPool": _read_lp_pool, "GlobalLpPool": _read_global_lp_pool},
    float_ops=(LpPool,),
    quant_ops=(),
    kernels=("lp_pool_f32",),
    tflite=(),
    limits=(
        "Images of one, two or three axes only.",
        f"p within 1..{_MAXIMUM_POWER}.",
        "auto_pad SAME with dilations pads for the kernel without them, as ONNX Runtime does.",
    ),
)
