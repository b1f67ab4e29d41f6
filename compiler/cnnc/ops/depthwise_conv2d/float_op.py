"""DepthwiseConv2d in float32."""

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
    geometry,
)
from cnnc.errors import InternalError, ModelError
from cnnc.ir.op import QuantOp, WeightedOp
from cnnc.ir.types import F32, Activation, Shape, Window
from cnnc.ops._convolution import (
    convolve_depthwise,
    cut_patches,
    merge_samples,
    sample_chunks,
    windowed_shape,
)
from cnnc.ops._real_sums import convolve_depthwise_in_order, limited, limits
from cnnc.ops._requantize import quantize_weighted, scaled_weight_scale
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d
from cnnc.quantize.context import QuantizeContext


@dataclass(frozen=True, eq=False)
class DepthwiseConv2d(WeightedOp):
    """y[c] = activation(bias[c] + sum over taps of w[r,s,c] x[r,s,c // multiplier]).

    Source: Conv on the ONNX operator page with as many groups as input channels.

    Attributes:
        weight: [kernel_row][kernel_col][out].
        window: Kernel extents as in ``weight``; zero padding.
        multiplier: Output channels per input channel.
    """

    window: Window
    multiplier: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return [batch][row][col][out]."""
        channels = self.weight.shape[2]
        shape = windowed_shape(inputs, self.window, channels)
        if inputs[0][3] * self.multiplier != channels:
            raise ModelError(
                f"{channels} filters, {self.multiplier} per channel, do not fit an image with "
                f"{inputs[0][3]} channels",
                "check the shape of the weights",
            )
        return shape

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return output pixels times the number of weights."""
        return math.prod(self.output_shape(inputs)[:3]) * self.weight.size

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float32; (S, batch, row, col, in) -> (S, batch, row, col, out)."""
        operand = inputs[0]
        shape = self.output_shape([operand.shape[1:]])
        result = np.empty((len(operand), *shape), np.float32)
        bytes_per_sample = math.prod(operand.shape[1:]) * self.multiplier * operand.itemsize
        for chunk in sample_chunks(len(operand), bytes_per_sample):
            images = merge_samples(operand[chunk])
            sums = convolve_depthwise(images, self.weight, self.window, self.multiplier)
            real = (sums + self.bias).astype(np.float32, copy=False)
            result[chunk] = self.activation.apply(real).reshape(-1, *shape)
        return result

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Compute product by product, in the order of the kernel."""
        operand = inputs[0]
        images, window = operand.reshape(-1, *operand.shape[2:]), self.window
        sums = convolve_depthwise_in_order(images, self.weight, self.bias, window, self.multiplier)
        return limited(sums, self.activation).reshape(*operand.shape[:2], *sums.shape[1:])

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for real numbers."""
        batch, rows, cols, channels = geometry(site.inputs[0])
        _, output_rows, output_cols, _ = geometry(site.output)
        window = self.window
        call = KernelCall(
            kernel="depthwise_conv2d_f32",
            folder="depthwise_conv2d",
            parameters={
                "batch": batch,
                "input_rows": rows,
                "input_cols": cols,
                "input_channels": channels,
                "output_rows": output_rows,
                "output_cols": output_cols,
                "multiplier": self.multiplier,
                "kernel_rows": window.kernel_rows,
                "kernel_cols": window.kernel_cols,
                "stride_rows": window.stride_rows,
                "stride_cols": window.stride_cols,
                "dilation_rows": window.dilation_rows,
                "dilation_cols": window.dilation_cols,
                "pad_top": window.pad_top,
                "pad_left": window.pad_left,
            },
            reals=limits(self.activation),
            arguments=(
                InputArgument(0),
                ConstantArgument("weights", self.weight),
                ConstantArgument("bias", self.bias),
                OutputArgument(),
            ),
        )
        return Lowering(calls=(call,))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the integer depthwise convolution, weights per output channel."""
        fields = quantize_weighted(
            self.weight, self.bias, self.activation, 2, context, self.weight_scale
        )
        return QuantDepthwiseConv2d(**fields, window=self.window, multiplier=self.multiplier)

    def scale_output(self, scale: F32, offset: F32) -> "DepthwiseConv2d":
        """Return the convolution that computes scale * y + offset per output channel."""
        if self.activation is not Activation.NONE:
            raise InternalError("a convolution cannot be scaled behind its activation")
        factor = scale.astype(np.float64)
        weight = (self.weight * factor).astype(np.float32)
        bias = (self.bias * factor + offset).astype(np.float32)
        own_scale = scaled_weight_scale(self.weight_scale, scale)
        return replace(self, weight=weight, bias=bias, weight_scale=own_scale)

    def scale_input(self, scale: F32, offset: F32) -> "DepthwiseConv2d | str":
        """Return the convolution that reads x' where x = scale * x' + offset, or a reason."""
        if self.window.has_padding and np.any(offset != 0):
            return "its zero padding would have to be padding with the offset"
        factor = np.repeat(scale.astype(np.float64), self.multiplier)
        shift = self.weight.sum(axis=(0, 1), dtype=np.float64) * np.repeat(offset, self.multiplier)
        weight = (self.weight * factor).astype(np.float32)
        bias = (self.bias + shift).astype(np.float32)
        return replace(self, weight=weight, bias=bias, weight_scale=None)

    def unfold(self, operand: F32) -> F32:
        """Return [in][images * rows * cols][taps]."""
        patches = cut_patches(merge_samples(operand), self.window)
        pixels, (taps, channels) = math.prod(patches.shape[:3]), patches.shape[3:]
        rows = patches.reshape(pixels, taps, channels).transpose(2, 0, 1)
        return rows.astype(np.float32, copy=False)

    def weight_matrix(self) -> F32:
        """Return [in][multiplier][taps]."""
        rows, cols, channels = self.weight.shape
        blocks = self.weight.reshape(rows * cols, channels // self.multiplier, self.multiplier)
        return blocks.transpose(1, 2, 0)

    def with_weights(self, matrix: F32, bias: F32) -> "DepthwiseConv2d":
        """Return the convolution with other weights and another bias."""
        weight = np.ascontiguousarray(matrix.transpose(2, 0, 1)).reshape(self.weight.shape)
        return replace(self, weight=weight, bias=bias, weight_scale=None)
