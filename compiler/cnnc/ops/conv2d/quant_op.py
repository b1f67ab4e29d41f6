"""Conv2d on int8: reference, kernel call, TFLite export."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import (
    Argument,
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
    geometry,
)
from cnnc.ir.channels import ChannelChoice, ChannelSite
from cnnc.ir.types import I8, I64, AnyArray, Shape, Window
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
from cnnc.ops._tflite_convolution import export_convolution
from cnnc.ops._weighted_channels import absorbed_bias, border_patterns, widen_dense
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class QuantConv2d(QuantWeightedOp):
    """acc[o] = bias[o] + sum over in-image taps of w (q - z_in), requantized (spec 4.1).

    Attributes:
        weight: [out][kernel_row][kernel_col][in / groups].
        window: Kernel extents as in ``weight``; padding is filled with the input zero point.
        groups: Divides input and output channels.
    """

    window: Window
    groups: int

    judged_in_single_rounding = True
    channel_axis = 0

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return [batch][row][col][out]."""
        return windowed_shape(inputs, self.window, len(self.weight))

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return output pixels times the number of weights."""
        return math.prod(self.output_shape(inputs)[:3]) * self.weight.size

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute exactly; int8 (S, batch, row, col, in) -> int8 (S, batch, row, col, out)."""
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

    def grouped_weight(self) -> I8:
        """Return the weights by group, taps on one axis."""
        outputs, rows, cols, depth = self.weight.shape
        return self.weight.reshape(self.groups, outputs // self.groups, rows * cols, depth)

    def border_patterns(self, operand: Shape) -> I64:
        """Return the taps that output pixels see in the image."""
        return border_patterns(self.window, operand[1:-1])

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the input channels that kept outputs depend on; all channels of a grouped one."""
        return widen_dense(self, site, choice) if self.groups == 1 else choice.everything()

    def keep_channels(self, site: ChannelSite, choice: ChannelChoice) -> "QuantConv2d":
        """Return the convolution of the kept channels; the bias takes over constant ones."""
        if self.groups > 1:
            return self
        weight = np.ascontiguousarray(self.weight[choice.output][..., choice.inputs[0]])
        kept = replace(self, weight=weight, **self.fields_of_channels(choice.output))
        bias = kept.bias + absorbed_bias(self, site, choice)
        return replace(kept, bias=bias.astype(np.int32))

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the pointwise kernel for 1x1 without padding, else the general one."""
        window = self.window
        if window.kernel_rows * window.kernel_cols * self.groups == 1 and not window.has_padding:
            return Lowering(calls=(self._pointwise_call(site),))
        patch = math.prod(self.weight.shape[1:])
        return Lowering(calls=(self.general_call(site),), scratch_bytes=patch)

    def _constants(self) -> tuple[ConstantArgument, ...]:
        return (ConstantArgument("weights", self.weight), *self.channel_arguments(0))

    def _pointwise_call(self, site: LoweringSite) -> KernelCall:
        batch, rows, cols, channels = geometry(site.inputs[0])
        _, output_rows, output_cols, output_channels = geometry(site.output)
        parameters = {
            "batch": batch,
            "input_rows": rows,
            "input_cols": cols,
            "input_channels": channels,
            "output_rows": output_rows,
            "output_cols": output_cols,
            "output_channels": output_channels,
            "stride_rows": self.window.stride_rows,
            "stride_cols": self.window.stride_cols,
            **self.output_parameters(),
        }
        arguments: tuple[Argument, ...] = (InputArgument(0), *self._constants(), OutputArgument())
        return KernelCall("conv2d_1x1_s8", "conv2d", parameters, arguments)

    def general_call(self, site: LoweringSite) -> KernelCall:
        """Return the call of the kernel for any window."""
        batch, rows, cols, channels = geometry(site.inputs[0])
        _, output_rows, output_cols, output_channels = geometry(site.output)
        window = self.window
        parameters = {
            "batch": batch,
            "input_rows": rows,
            "input_cols": cols,
            "input_channels": channels,
            "output_rows": output_rows,
            "output_cols": output_cols,
            "output_channels": output_channels,
            "groups": self.groups,
            "kernel_rows": window.kernel_rows,
            "kernel_cols": window.kernel_cols,
            "stride_rows": window.stride_rows,
            "stride_cols": window.stride_cols,
            "dilation_rows": window.dilation_rows,
            "dilation_cols": window.dilation_cols,
            "pad_top": window.pad_top,
            "pad_left": window.pad_left,
            "input_zero_point": self.input_zero_point,
            **self.output_parameters(),
        }
        arguments: tuple[Argument, ...] = (
            InputArgument(0),
            *self._constants(),
            OutputArgument(),
            ScratchArgument(),
        )
        return KernelCall("conv2d_s8", "conv2d", parameters, arguments)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add CONV_2D, preceded by PAD where the padding is not TFLite's SAME."""
        export_convolution(graph, operands, self, self.window)
