"""Convolutions over images of two or three axes on int8: reference and channels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from cnnc.codegen.kernel import ConstantArgument
from cnnc.ir.channels import ChannelChoice, ChannelSite
from cnnc.ir.types import I8, I64, AnyArray, AnyWindow, Shape
from cnnc.ops._convolution import (
    centre,
    convolve,
    exact_float_type,
    merge_samples,
    patch_bytes,
    sample_chunks,
    windowed_shape,
)
from cnnc.ops._requantize import QuantWeightedOp
from cnnc.ops._weighted_channels import absorbed_bias, border_patterns, widen_dense
from cnnc.quantize.fixed_point import Arithmetic


@dataclass(frozen=True, eq=False)
class QuantGroupedOp(QuantWeightedOp):
    """An integer op whose output block g of ``groups`` equal blocks reads input block g only.

    Attributes:
        weight: [out][...kernel][in / groups].
        groups: Divides input and output channels.
    """

    groups: int

    channel_axis = 0

    def grouped_weight(self) -> I8:
        """Return the weights by group, taps on one axis."""
        outputs, depth = len(self.weight), self.weight.shape[-1]
        return self.weight.reshape(self.groups, outputs // self.groups, -1, depth)

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the input channels that kept outputs depend on; all channels of a grouped one."""
        return widen_dense(self, site, choice) if self.groups == 1 else choice.everything()

    def keep_channels(self, site: ChannelSite, choice: ChannelChoice) -> Self:
        """Return the convolution of the kept channels; the bias takes over constant ones."""
        if self.groups > 1:
            return self
        weight = np.ascontiguousarray(self.weight[choice.output][..., choice.inputs[0]])
        kept = replace(self, weight=weight, **self.fields_of_channels(choice.output))
        bias = kept.bias + absorbed_bias(self, site, choice)
        return replace(kept, bias=bias.astype(np.int32))


@dataclass(frozen=True, eq=False)
class QuantConvolution(QuantGroupedOp):
    """acc[o] = bias[o] + sum over in-image taps of w (q - z_in), requantized (spec 4.1).

    Images are [batch][row][col][in], with a depth before the rows where the window has three axes.

    Attributes:
        weight: [out][kernel_row][kernel_col][in / groups], or with a kernel depth before the rows.
        window: Kernel extents as in ``weight``; padding is filled with the input zero point.
    """

    window: AnyWindow

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of the image's batch, the window's positions, [out]."""
        return windowed_shape(inputs, self.window, len(self.weight))

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return output pixels times the number of weights."""
        return math.prod(self.output_shape(inputs)[:-1]) * self.weight.size

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute exactly; int8 (S, batch, ..., in) -> int8 (S, batch, ..., out)."""
        operand = inputs[0]
        exact = exact_float_type(self.weight, 0)
        weight = self.weight.astype(exact)
        shape = self.output_shape([operand.shape[1:]])
        result = np.empty((len(operand), *shape), np.int8)
        bytes_per_sample = patch_bytes(operand.shape[1:], self.window, weight.itemsize)
        for chunk in sample_chunks(len(operand), bytes_per_sample):
            centred = merge_samples(centre(operand[chunk], self.input_zero_point, exact))
            sums = convolve(centred, weight, self.window, self.groups)
            result[chunk] = self.requantize(sums, arithmetic).reshape(-1, *shape)
        return result

    def border_patterns(self, operand: Shape) -> I64:
        """Return the taps that output pixels see in the image."""
        return border_patterns(self.window, operand[1:-1])

    def constant_arguments(self) -> tuple[ConstantArgument, ...]:
        """Return weights, folded bias, multipliers and shifts for the kernels."""
        return (ConstantArgument("weights", self.weight), *self.channel_arguments(0))
