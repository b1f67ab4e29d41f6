"""MatMul on int8: reference, kernel call, TFLite export."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.tflite import TfliteOptions
from cnnc.ir.op import QuantOp
from cnnc.ir.types import AnyArray, Shape, elements
from cnnc.ops.mat_mul.geometry import Product
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantMatMul(QuantOp):
    """y = clamp(MBQM(sum over k of (q1 - z1) (q2 - z2), QM(f32(s1 s2) / s_out)) + z_out).

    Attributes:
        transpose_first: As in ``Product``, likewise ``transpose_second``.
        transpose_second: Whether the second operand is [...][n][k].
        first_zero_point: z1.
        second_zero_point: z2.
        output_zero_point: z_out.
        multiplier: Mantissa of s1 s2 / s_out.
        shift: Its exponent.
    """

    transpose_first: bool
    transpose_second: bool
    first_zero_point: int
    second_zero_point: int
    output_zero_point: int
    multiplier: int
    shift: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return [...][m][n]."""
        return self._product.output_shape(*inputs)

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return the number of products."""
        return elements(self.output_shape(inputs)) * self._product.sizes(*inputs)[1]

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute exactly: float64 holds sums below 2^53."""
        first, second = self._product.matrices(inputs[0], inputs[1])
        sums = np.matmul(
            first.astype(np.float64) - self.first_zero_point,
            second.astype(np.float64) - self.second_zero_point,
        )
        return arithmetic.requantize(
            sums.astype(np.int64), self.multiplier, self.shift, self.output_zero_point
        )

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        parameters = {
            **self._product.parameters(*site.inputs),
            "first_zero_point": self.first_zero_point,
            "second_zero_point": self.second_zero_point,
            "output_zero_point": self.output_zero_point,
            "multiplier": self.multiplier,
            "shift": self.shift,
        }
        arguments = (InputArgument(0), InputArgument(1), OutputArgument())
        return Lowering(calls=(KernelCall("mat_mul_s8", "mat_mul", parameters, arguments),))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add BATCH_MATMUL."""
        options = TfliteOptions(
            "BatchMatMulOptions", {"AdjX": self.transpose_first, "AdjY": self.transpose_second}
        )
        graph.operator("BATCH_MATMUL", operands.inputs, operands.output, options, version=2)

    @property
    def _product(self) -> Product:
        return Product(self.transpose_first, self.transpose_second)
