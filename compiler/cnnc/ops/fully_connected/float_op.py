"""FullyConnected in float32."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.errors import InternalError, ModelError
from cnnc.ir.op import QuantOp, WeightedOp
from cnnc.ir.types import F32, Activation, Shape
from cnnc.ops._real_sums import limited, limits, multiply_in_order, weight_blocks
from cnnc.ops._requantize import quantize_weighted, scaled_weight_scale
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected
from cnnc.quantize.context import QuantizeContext


@dataclass(frozen=True, eq=False)
class FullyConnected(WeightedOp):
    """y[o] = activation(bias[o] + sum over i of w[o,i] x[i]) for every row of the operand.

    Source: Gemm and MatMul on the ONNX operator pages.

    Attributes:
        weight: [out][in].
    """

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return [rows][out]."""
        channels, depth = self.weight.shape
        if len(inputs[0]) != 2 or inputs[0][1] != depth:
            raise ModelError(
                f"weights [{channels}][{depth}] do not fit a tensor of shape {list(inputs[0])}",
                "check the shape of the weights",
            )
        return (inputs[0][0], channels)

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return rows times the number of weights."""
        return inputs[0][0] * self.weight.size

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float32; (S, rows, in) -> (S, rows, out)."""
        return self.activation.apply(inputs[0] @ self.weight.T + self.bias)

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Compute product by product, in the order of the kernel."""
        operand = inputs[0]
        rows = operand.reshape(-1, operand.shape[-1])
        sums = multiply_in_order(rows, self.weight, self.bias)
        return limited(sums, self.activation).reshape(*operand.shape[:2], -1)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for real numbers."""
        rows, depth = site.inputs[0]
        call = KernelCall(
            kernel="fully_connected_f32",
            folder="fully_connected",
            parameters={
                "rows": rows,
                "input_channels": depth,
                "output_channels": len(self.weight),
            },
            reals=limits(self.activation),
            arguments=(
                InputArgument(0),
                weight_blocks(self.weight),
                ConstantArgument("bias", self.bias),
                OutputArgument(),
            ),
        )
        return Lowering(calls=(call,))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the integer product, weights per output channel."""
        fields = quantize_weighted(
            self.weight, self.bias, self.activation, 0, context, self.weight_scale
        )
        return QuantFullyConnected(**fields)

    def scale_output(self, scale: F32, offset: F32) -> "FullyConnected":
        """Return the op that computes scale * y + offset per output channel."""
        if self.activation is not Activation.NONE:
            raise InternalError("a fully connected layer cannot be scaled behind its activation")
        factor = scale.astype(np.float64)
        weight = (self.weight * factor[:, np.newaxis]).astype(np.float32)
        bias = (self.bias * factor + offset).astype(np.float32)
        own_scale = scaled_weight_scale(self.weight_scale, scale)
        return replace(self, weight=weight, bias=bias, weight_scale=own_scale)

    def scale_input(self, scale: F32, offset: F32) -> "FullyConnected | str":
        """Return the op that reads x' where x = scale * x' + offset."""
        weight = self.weight.astype(np.float64)
        bias = self.bias + weight @ offset.astype(np.float64)
        return replace(
            self,
            weight=(weight * scale).astype(np.float32),
            bias=bias.astype(np.float32),
            weight_scale=None,
        )

    def unfold(self, operand: F32) -> F32:
        """Return [1][S * rows][in]."""
        return operand.reshape(1, -1, operand.shape[-1])

    def weight_matrix(self) -> F32:
        """Return [1][out][in]."""
        return self.weight[np.newaxis]

    def with_weights(self, matrix: F32, bias: F32) -> "FullyConnected":
        """Return the op with other weights and another bias."""
        return replace(self, weight=matrix[0], bias=bias, weight_scale=None)
