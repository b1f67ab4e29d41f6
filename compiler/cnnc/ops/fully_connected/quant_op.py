"""FullyConnected on int8: reference, kernel call, TFLite export."""

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
)
from cnnc.codegen.parts import Part, ranges
from cnnc.ir.channels import ChannelChoice, ChannelSite
from cnnc.ir.types import I8, I64, AnyArray, Shape
from cnnc.ops._blocks import row_blocks
from cnnc.ops._convolution import centre, exact_float_type, sample_chunks
from cnnc.ops._requantize import QuantWeightedOp
from cnnc.ops._tflite_convolution import export_rows
from cnnc.ops._weighted_channels import absorbed_bias, widen_dense
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class QuantFullyConnected(QuantWeightedOp):
    """acc[o] = bias[o] + sum over i of w[o,i] (q[i] - z_in), requantized (spec 4.3, flavour a).

    Attributes:
        weight: [out][in].
    """

    judged_in_single_rounding = True
    channel_axis = 0

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return [rows][out]."""
        return (inputs[0][0], len(self.weight))

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return rows times the number of weights."""
        return inputs[0][0] * self.weight.size

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute exactly; int8 (S, rows, in) -> int8 (S, rows, out)."""
        operand = inputs[0]
        exact = exact_float_type(self.weight, 0)
        rows, depth = operand.shape[1:]
        result = np.empty((len(operand), rows, len(self.weight)), np.int8)
        for chunk in sample_chunks(len(operand), rows * depth * np.dtype(exact).itemsize):
            centred = centre(operand[chunk], self.input_zero_point, exact)
            sums = np.empty((*centred.shape[:2], len(self.weight)), exact)
            for part in row_blocks(*self.weight.shape):
                np.matmul(centred, self.weight[part].astype(exact).T, out=sums[..., part])
            result[chunk] = self.requantize(sums, arithmetic)
        return result

    def grouped_weight(self) -> I8:
        """Return the weights as one group of one tap."""
        return self.weight[np.newaxis, :, np.newaxis, :]

    def border_patterns(self, operand: Shape) -> I64:
        """Return the one tap, which is always there."""
        return np.ones((1, 1), np.int64)

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the input channels that kept outputs depend on."""
        return widen_dense(self, site, choice)

    def keep_channels(self, site: ChannelSite, choice: ChannelChoice) -> "QuantFullyConnected":
        """Return the layer of the kept channels; the bias takes over constant ones."""
        weight = np.ascontiguousarray(self.weight[choice.output][:, choice.inputs[0]])
        kept = replace(self, weight=weight, **self.fields_of_channels(choice.output))
        bias = kept.bias + absorbed_bias(self, site, choice)
        return replace(kept, bias=bias.astype(np.int32))

    def split(self, site: LoweringSite, count: int) -> tuple[Part, ...]:
        """Divide the rows, or the output channels of a single one."""
        rows, depth = site.inputs[0]
        if rows == 1:
            return tuple(
                Part(
                    op=self._of_channels(begin, end),
                    site=replace(site, output=(1, end - begin)),
                    input_offsets=(0,),
                    output_offset=begin,
                )
                for begin, end in ranges(len(self.weight), count)
            )
        return tuple(
            Part(
                op=self,
                site=replace(
                    site, inputs=((end - begin, depth),), output=(end - begin, len(self.weight))
                ),
                input_offsets=(begin * depth,),
                output_offset=begin * len(self.weight),
            )
            for begin, end in ranges(rows, count)
        )

    def _of_channels(self, begin: int, end: int) -> "QuantFullyConnected":
        channels = np.arange(len(self.weight))
        fields = self.fields_of_channels((channels >= begin) & (channels < end))
        return replace(self, weight=self.weight[begin:end], **fields)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the plain kernel."""
        rows, depth = site.inputs[0]
        parameters = {
            "rows": rows,
            "input_channels": depth,
            "output_channels": len(self.weight),
            **self.output_parameters(),
        }
        weights = ConstantArgument("weights", self.weight)
        arguments: tuple[Argument, ...] = (
            InputArgument(0),
            weights,
            *self.channel_arguments(0),
            OutputArgument(),
        )
        call = KernelCall("fully_connected_s8", "fully_connected", parameters, arguments)
        return Lowering(calls=(call,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add RESHAPE, CONV_2D 1x1 and RESHAPE."""
        export_rows(graph, operands, self)
