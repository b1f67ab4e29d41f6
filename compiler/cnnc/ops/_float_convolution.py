"""Convolutions over images of two or three axes in float32."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.errors import InternalError, ModelError
from cnnc.ir.op import WeightedOp
from cnnc.ir.types import F32, Activation, AnyWindow, Shape
from cnnc.ops._convolution import (
    convolve,
    cut_patches,
    merge_samples,
    patch_bytes,
    sample_chunks,
    windowed_shape,
)
from cnnc.ops._real_convolution import lower_real_convolution
from cnnc.ops._real_sums import convolve_in_order, limited
from cnnc.ops._requantize import scaled_weight_scale


@dataclass(frozen=True, eq=False)
class ConvolutionOp(WeightedOp):
    """y[o] = activation(bias[o] + sum over taps and i of w[o,tap,i] x[tap,i]).

    Source: Conv on the ONNX operator page. Output block g of ``groups`` equal blocks reads input
    block g only. Images are [batch][row][col][in], with a depth before the rows where the window
    has three axes.

    Attributes:
        weight: [out][kernel_row][kernel_col][in / groups], or with a kernel depth before the rows.
        window: Kernel extents as in ``weight``; zero padding.
        groups: Divides input and output channels.
    """

    window: AnyWindow
    groups: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of the image's batch, the window's positions, [out]."""
        shape = windowed_shape(inputs, self.window, len(self.weight))
        expected = self.weight.shape[-1] * self.groups
        if inputs[0][-1] != expected:
            raise ModelError(
                f"weights for {expected} input channels do not fit an image with {inputs[0][-1]}",
                "check the shape of the weights",
            )
        return shape

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return output pixels times the number of weights."""
        return math.prod(self.output_shape(inputs)[:-1]) * self.weight.size

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float32; (S, batch, ..., in) -> (S, batch, ..., out)."""
        operand = inputs[0]
        bytes_per_sample = patch_bytes(operand.shape[1:], self.window, operand.itemsize)
        shape = self.output_shape([operand.shape[1:]])
        result = np.empty((len(operand), *shape), np.float32)
        for chunk in sample_chunks(len(operand), bytes_per_sample):
            images = merge_samples(operand[chunk])
            sums = convolve(images, self.weight, self.window, self.groups)
            real = (sums + self.bias).astype(np.float32, copy=False)
            result[chunk] = self.activation.apply(real).reshape(-1, *shape)
        return result

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Compute product by product, in the order of the kernel."""
        operand = inputs[0]
        images = operand.reshape(-1, *operand.shape[2:])
        sums = convolve_in_order(images, self.weight, self.bias, self.window, self.groups)
        return limited(sums, self.activation).reshape(*operand.shape[:2], *sums.shape[1:])

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for real numbers; an image is a volume of one plane."""
        return lower_real_convolution(self, self.window, self.groups, site)

    def scale_output(self, scale: F32, offset: F32) -> Self:
        """Return the convolution that computes scale * y + offset per output channel."""
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

    def scale_input(self, scale: F32, offset: F32) -> Self | str:
        """Return the convolution that reads x' where x = scale * x' + offset, or a reason."""
        if self.window.has_padding and np.any(offset != 0):
            return "its zero padding would have to be padding with the offset"
        # [groups][1][1][in / groups] against [groups][out / groups][taps][in / groups]
        blocks = (self.groups, 1, 1, -1)
        depth = self.weight.shape[-1]
        weight = self.weight.astype(np.float64).reshape(
            self.groups, len(self.weight) // self.groups, -1, depth
        )
        scaled = weight * scale.astype(np.float64).reshape(blocks)
        shift = (weight * offset.astype(np.float64).reshape(blocks)).sum(axis=(2, 3))
        return replace(
            self,
            weight=scaled.reshape(self.weight.shape).astype(np.float32),
            bias=(self.bias + shift.reshape(-1)).astype(np.float32),
            weight_scale=None,
        )

    def unfold(self, operand: F32) -> F32:
        """Return [groups][images * positions][taps * in / groups]."""
        patches = cut_patches(merge_samples(operand), self.window)
        # [position][tap][group][in / groups] -> [group][position][tap][in / groups]
        positions, taps = math.prod(patches.shape[:-2]), patches.shape[-2]
        split = patches.reshape(positions, taps, self.groups, -1)
        rows = np.moveaxis(split, 2, 0).reshape(self.groups, positions, -1)
        return rows.astype(np.float32, copy=False)

    def weight_matrix(self) -> F32:
        """Return [groups][out / groups][taps * in / groups]."""
        return self.weight.reshape(self.groups, len(self.weight) // self.groups, -1)

    def with_weights(self, matrix: F32, bias: F32) -> Self:
        """Return the convolution with other weights and another bias."""
        weight = matrix.reshape(self.weight.shape)
        return replace(self, weight=weight, bias=bias, weight_scale=None)
