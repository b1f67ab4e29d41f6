"""ConvTranspose on int8: reference, kernel call, TFLite export."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.ir.types import I8, I32, I64, AnyArray, Shape
from cnnc.ops._convolution import centre, exact_float_type, sample_chunks
from cnnc.ops._quant_convolution import QuantGroupedOp
from cnnc.ops._weighted_channels import combined_patterns
from cnnc.ops.conv_transpose.arithmetic import transposed, transposed_shape
from cnnc.ops.conv_transpose.axis import TransposedAxis
from cnnc.ops.conv_transpose.phases import phase_weights, transposed_parameters
from cnnc.ops.conv_transpose.tflite_export import export_transposed
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class QuantConvTranspose(QuantGroupedOp):
    """acc[o] = bias[o] + what all inputs add through all taps, w (q - z_in) each (spec 4.2).

    Attributes:
        weight: [out][kernel_row][kernel_col][in / groups], or with a kernel depth before the rows.
        axes: Kernel extents as in ``weight``.
        groups: Divides input and output channels.
    """

    axes: tuple[TransposedAxis, ...]

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of the batch, the outputs along each axis, [out]."""
        depth = self.weight.shape[-1] * self.groups
        return transposed_shape(inputs, self.axes, len(self.weight), depth)

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return input pixels times the number of weights, as if nothing were cut."""
        return math.prod(inputs[0][:-1]) * self.weight.size

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute exactly; int8 (S, batch, ..., in) -> int8 (S, batch, ..., out)."""
        operand = inputs[0]
        exact = exact_float_type(self.weight, 0)
        weight = self.weight.astype(exact)
        shape = self.output_shape([operand.shape[1:]])
        result = np.empty((len(operand), *shape), np.int8)
        for chunk in sample_chunks(len(operand), math.prod(shape) * weight.itemsize):
            centred = centre(operand[chunk], self.input_zero_point, exact)
            images = centred.reshape(-1, *operand.shape[2:])
            sums = transposed(images, weight, self.axes, self.groups)
            result[chunk] = self.requantize(sums, arithmetic).reshape(-1, *shape)
        return result

    def border_patterns(self, operand: Shape) -> I64:
        """Return the sets of taps that outputs see: those of each phase, less at borders."""
        pairs = zip(self.axes, operand[1:-1], strict=True)
        return combined_patterns([axis.seen(extent) for axis, extent in pairs])

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel; its scratch holds what one output of a group sees."""
        phases = list(phase_weights(self.weight, self.axes))
        _, multipliers, shifts = self.channel_arguments(0)
        call = KernelCall(
            kernel="conv_transpose_s8",
            folder="conv_transpose",
            parameters={
                **transposed_parameters(self.axes, self.groups, site.inputs[0], site.output),
                "input_zero_point": self.input_zero_point,
                **self.output_parameters(),
            },
            arguments=(
                InputArgument(0),
                ConstantArgument("weights", np.concatenate([phase.ravel() for phase in phases])),
                ConstantArgument("bias", self._phase_bias(phases)),
                multipliers,
                shifts,
                OutputArgument(),
                ScratchArgument(),
            ),
        )
        taps = max(phase.shape[1] for phase in phases)
        return Lowering(calls=(call,), scratch_bytes=taps * self.weight.shape[-1])

    def _phase_bias(self, phases: Sequence[I8]) -> I32:
        """Return [phase][out]: the bias, the zero point folded in over the taps of the phase."""
        sums = np.array([phase.sum(axis=(1, 2), dtype=np.int64) for phase in phases])
        return (self.bias - self.input_zero_point * sums).astype(np.int32)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add TRANSPOSE_CONV, for each group one, and SLICE where the result is cut."""
        export_transposed(graph, operands, self, self.axes, self.groups)
