"""MatMul in float32, and how it is quantized."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp, NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, ElementType, Shape, elements
from cnnc.ops.mat_mul.geometry import MAXIMUM_DEPTH, Product
from cnnc.ops.mat_mul.quant_op import QuantMatMul
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import quantize_multiplier

_SATURATING_MULTIPLIER = 512.0
"""From here on every sum other than 0 saturates; larger ones would overflow int32."""

_LARGEST_PRODUCT = 255 * 255
_INT32_MAX = 2**31 - 1


@dataclass(frozen=True, eq=False)
class MatMul(FloatOp):
    """Matrix product of two operands.

    Attributes:
        transpose_first: As in ``Product``, likewise ``transpose_second``.
        transpose_second: Whether the second operand is [...][n][k].
    """

    transpose_first: bool = False
    transpose_second: bool = False

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return [...][m][n]."""
        return self._product.output_shape(*inputs)

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return float32."""
        for kind in inputs:
            if kind is not ElementType.FLOAT32:
                raise UnsupportedAttributeError(f"an operand of type {kind}; float32 is supported")
        return inputs[0]

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return the number of products."""
        return elements(self.output_shape(inputs)) * self._product.sizes(*inputs)[1]

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Multiply in float32."""
        first, second = self._product.matrices(inputs[0], inputs[1])
        product: F32 = np.matmul(first, second)
        return product

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Add the products one after the other, from 0."""
        first, second = self._product.matrices(inputs[0], inputs[1])
        shape = np.broadcast_shapes(first.shape[:-2], second.shape[:-2])
        total = np.zeros((*shape, first.shape[-2], second.shape[-1]), np.float32)
        for k in range(first.shape[-1]):
            total += first[..., :, k, np.newaxis] * second[..., np.newaxis, k, :]
        return total

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op that scales integer sums by s1 s2 / s_out.

        Raises:
            NoIntegerRuleError: A sum could pass int32.
        """
        depth = self._product.sizes(*context.input_shapes)[1]
        if depth > MAXIMUM_DEPTH:
            raise NoIntegerRuleError(f"sums of {depth} products could pass int32")
        first, second = context.inputs
        # The product of the scales is float32, as in TFLite.
        product = float(np.float32(first.scale) * np.float32(second.scale))
        multiplier, shift = quantize_multiplier(
            min(product / context.output.scale, _SATURATING_MULTIPLIER)
        )
        if (depth * _LARGEST_PRODUCT) << max(shift, 0) > _INT32_MAX:
            raise NoIntegerRuleError(f"sums of {depth} products could pass int32 when rescaled")
        return QuantMatMul(
            transpose_first=self.transpose_first,
            transpose_second=self.transpose_second,
            first_zero_point=first.zero_point,
            second_zero_point=second.zero_point,
            output_zero_point=context.output.zero_point,
            multiplier=multiplier,
            shift=shift,
        )

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        parameters = self._product.parameters(*site.inputs)
        arguments = (InputArgument(0), InputArgument(1), OutputArgument())
        return Lowering(calls=(KernelCall("mat_mul_f32", "mat_mul", parameters, arguments),))

    @property
    def _product(self) -> Product:
        return Product(self.transpose_first, self.transpose_second)
