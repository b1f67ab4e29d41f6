"""ConvTranspose in float32."""

import math
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
from cnnc.errors import InternalError
from cnnc.ir.op import QuantOp, WeightedOp
from cnnc.ir.types import F32, Activation, Shape
from cnnc.ops._convolution import sample_chunks
from cnnc.ops._real_sums import limited, limits, weight_blocks
from cnnc.ops._requantize import quantize_weighted, scaled_weight_scale
from cnnc.ops.conv_transpose.arithmetic import (
    cut_patches,
    transposed,
    transposed_in_order,
    transposed_shape,
)
from cnnc.ops.conv_transpose.axis import TransposedAxis
from cnnc.ops.conv_transpose.phases import phase_weights, transposed_parameters
from cnnc.ops.conv_transpose.quant_op import QuantConvTranspose
from cnnc.quantize.context import QuantizeContext


@dataclass(frozen=True, eq=False)
class ConvTranspose(WeightedOp):
    """y[o] = activation(bias[o] + what all inputs add to it through all taps).

    Input i adds sum over c of w[o,tap,c] x[i][c] to output i * stride + tap * dilation - cut.
    Source: ConvTranspose on the ONNX operator page, also known as fractionally strided
    convolution. Images are [batch][row][col][in], with a depth before the rows where there are
    three axes. Output block g of ``groups`` equal blocks reads input block g only.

    Attributes:
        weight: [out][kernel_row][kernel_col][in / groups], or with a kernel depth before the rows.
        axes: Kernel extents as in ``weight``.
        groups: Divides input and output channels.
    """

    axes: tuple[TransposedAxis, ...]
    groups: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of the batch, the outputs along each axis, [out]."""
        depth = self.weight.shape[-1] * self.groups
        return transposed_shape(inputs, self.axes, len(self.weight), depth)

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return input pixels times the number of weights, as if nothing were cut."""
        return math.prod(inputs[0][:-1]) * self.weight.size

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float32; (S, batch, ..., in) -> (S, batch, ..., out)."""
        operand = inputs[0]
        shape = self.output_shape([operand.shape[1:]])
        result = np.empty((len(operand), *shape), np.float32)
        for chunk in sample_chunks(len(operand), math.prod(shape) * operand.itemsize):
            images = operand[chunk].reshape(-1, *operand.shape[2:])
            sums = transposed(images, self.weight, self.axes, self.groups)
            real = (sums + self.bias).astype(np.float32, copy=False)
            result[chunk] = self.activation.apply(real).reshape(-1, *shape)
        return result

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Compute product by product, in the order of the kernel."""
        operand = inputs[0]
        images = operand.reshape(-1, *operand.shape[2:])
        sums = transposed_in_order(images, self.weight, self.bias, self.axes, self.groups)
        return limited(sums, self.activation).reshape(*operand.shape[:2], *sums.shape[1:])

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for real numbers."""
        phases = phase_weights(self.weight, self.axes)
        blocks = [weight_blocks(weight, self.groups).array for weight in phases]
        call = KernelCall(
            kernel="conv_transpose_f32",
            folder="conv_transpose",
            parameters=transposed_parameters(self.axes, self.groups, site.inputs[0], site.output),
            reals=limits(self.activation),
            arguments=(
                InputArgument(0),
                ConstantArgument("weights", np.concatenate(blocks)),
                ConstantArgument("bias", self.bias),
                OutputArgument(),
            ),
        )
        return Lowering(calls=(call,))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the integer op, weights per output channel."""
        fields = quantize_weighted(
            self.weight, self.bias, self.activation, 0, context, self.weight_scale
        )
        return QuantConvTranspose(**fields, axes=self.axes, groups=self.groups)

    def scale_output(self, scale: F32, offset: F32) -> "ConvTranspose":
        """Return the op that computes scale * y + offset per output channel."""
        if self.activation is not Activation.NONE:
            raise InternalError("a convolution cannot be scaled behind its activation")
        factor = scale.astype(np.float64)
        weight = self.weight * factor.reshape(-1, *[1] * (self.weight.ndim - 1))
        bias = self.bias * factor + offset
        return replace(
            self,
            weight=weight.astype(np.float32),
            bias=bias.astype(np.float32),
            weight_scale=scaled_weight_scale(self.weight_scale, scale),
        )

    def scale_input(self, scale: F32, offset: F32) -> "ConvTranspose | str":
        """Return the op that reads x' where x = scale * x' + offset, or a reason."""
        if np.any(offset != 0):
            return "its outputs see different taps, so that an offset adds to them differently"
        # [groups][1][1][in / groups] against [groups][out / groups][taps][in / groups]
        blocks = self.weight.astype(np.float64).reshape(
            self.groups, len(self.weight) // self.groups, -1, self.weight.shape[-1]
        )
        scaled = blocks * scale.astype(np.float64).reshape(self.groups, 1, 1, -1)
        weight = scaled.reshape(self.weight.shape).astype(np.float32)
        return replace(self, weight=weight, weight_scale=None)

    def unfold(self, operand: F32) -> F32:
        """Return [groups][outputs of all images][taps * in / groups]."""
        patches = cut_patches(operand.reshape(-1, *operand.shape[2:]), self.axes)
        positions, taps = math.prod(patches.shape[:-2]), patches.shape[-2]
        split = patches.reshape(positions, taps, self.groups, -1)
        rows = np.moveaxis(split, 2, 0).reshape(self.groups, positions, -1)
        return rows.astype(np.float32, copy=False)

    def weight_matrix(self) -> F32:
        """Return [groups][out / groups][taps * in / groups]."""
        return self.weight.reshape(self.groups, len(self.weight) // self.groups, -1)

    def with_weights(self, matrix: F32, bias: F32) -> "ConvTranspose":
        """Return the op with other weights and another bias."""
        weight = matrix.reshape(self.weight.shape)
        return replace(self, weight=weight, bias=bias, weight_scale=None)
