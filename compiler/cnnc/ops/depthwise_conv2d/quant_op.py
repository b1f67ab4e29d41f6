"""DepthwiseConv2d on int8: reference, kernel call, TFLite export."""

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
    geometry,
)
from cnnc.codegen.parts import Part, windowed_parts
from cnnc.ir.channels import ChannelChoice, ChannelSite
from cnnc.ir.types import I8, I64, AnyArray, Shape, Window
from cnnc.ops._convolution import (
    centre,
    convolve_depthwise,
    merge_samples,
    sample_chunks,
    windowed_shape,
)
from cnnc.ops._requantize import QuantWeightedOp
from cnnc.ops._tflite_convolution import export_depthwise
from cnnc.ops._weighted_channels import border_patterns
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class QuantDepthwiseConv2d(QuantWeightedOp):
    """acc[c] = bias[c] + sum over in-image taps of w[c] (q[c // multiplier] - z_in) (spec 4.1).

    Attributes:
        weight: [kernel_row][kernel_col][out].
        window: Kernel extents as in ``weight``; padding is filled with the input zero point.
        multiplier: Output channels per input channel.
    """

    window: Window
    multiplier: int

    judged_in_single_rounding = True
    channel_axis = 2

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return [batch][row][col][out]."""
        return windowed_shape(inputs, self.window, self.weight.shape[2])

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return output pixels times the number of weights."""
        return math.prod(self.output_shape(inputs)[:3]) * self.weight.size

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute exactly; int8 (S, batch, row, col, in) -> int8 (S, batch, row, col, out)."""
        operand = inputs[0]
        weight = self.weight.astype(np.int32)
        shape = self.output_shape([operand.shape[1:]])
        result = np.empty((len(operand), *shape), np.int8)
        bytes_per_sample = math.prod(operand.shape[1:]) * self.multiplier * weight.itemsize
        for chunk in sample_chunks(len(operand), bytes_per_sample):
            centred = merge_samples(centre(operand[chunk], self.input_zero_point, np.int32))
            sums = convolve_depthwise(centred, weight, self.window, self.multiplier)
            result[chunk] = self.requantize(sums, arithmetic).reshape(-1, *shape)
        return result

    def grouped_weight(self) -> I8:
        """Return the weights with one group per input channel."""
        rows, cols, outputs = self.weight.shape
        by_output = self.weight.transpose(2, 0, 1)
        groups = outputs // self.multiplier
        return by_output.reshape(groups, self.multiplier, rows * cols, 1)

    def border_patterns(self, operand: Shape) -> I64:
        """Return the taps that output pixels see in the image."""
        return border_patterns(self.window, operand[1:-1])

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep an input channel together with all outputs that are made from it."""
        wanted = choice.output.reshape(-1, self.multiplier).any(axis=1)
        kept = choice.inputs[0] | wanted
        return ChannelChoice((kept,), np.repeat(kept, self.multiplier))

    def keep_channels(self, site: ChannelSite, choice: ChannelChoice) -> "QuantDepthwiseConv2d":
        """Return the convolution of the kept channels."""
        weight = np.ascontiguousarray(self.weight[:, :, choice.output])
        return replace(self, weight=weight, **self.fields_of_channels(choice.output))

    def split(self, site: LoweringSite, count: int) -> tuple[Part, ...]:
        """Divide the output's rows."""
        return windowed_parts(self, site, count)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel for one filter per channel, or that for several."""
        batch, rows, cols, channels = geometry(site.inputs[0])
        _, output_rows, output_cols, _ = geometry(site.output)
        window = self.window
        multiplier = {"multiplier": self.multiplier} if self.multiplier > 1 else {}
        parameters = {
            "batch": batch,
            "input_rows": rows,
            "input_cols": cols,
            "input_channels": channels,
            "output_rows": output_rows,
            "output_cols": output_cols,
            **multiplier,
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
        weights = ConstantArgument("weights", self.weight)
        arguments: tuple[Argument, ...] = (
            InputArgument(0),
            weights,
            *self.channel_arguments(2),
            OutputArgument(),
        )
        kernel = "depthwise_conv2d_multiplier_s8" if multiplier else "depthwise_conv2d_s8"
        return Lowering(
            calls=(KernelCall(kernel, "depthwise_conv2d", parameters, arguments),),
            instructions=self._instructions(site),
        )

    def _instructions(self, site: LoweringSite) -> int | None:
        """Estimate what plain C executes on a Cortex-M; it wins where a channel has few outputs.

        Lines through what was counted on Cortex-M0+ and M3, with 3 to 15 taps.
        """
        if "armv6m" not in site.instruction_sets:
            return None
        taps = self.window.kernel_rows * self.window.kernel_cols
        per_output = 50 + 7 * taps if "armv7m" in site.instruction_sets else 130 + 9 * taps
        return math.prod(site.output) * per_output

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add DEPTHWISE_CONV_2D, preceded by PAD where the padding is not TFLite's SAME."""
        export_depthwise(graph, operands, self, self.window, self.multiplier)
