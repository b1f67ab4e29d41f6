"""Conv2d on int8: kernel calls, TFLite export."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnc.codegen.kernel import (
    Argument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
    geometry,
)
from cnnc.codegen.parts import Part, windowed_parts
from cnnc.ir.types import Window
from cnnc.ops._quant_convolution import QuantConvolution
from cnnc.ops._tflite_convolution import export_convolution

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class QuantConv2d(QuantConvolution):
    """2-D convolution on int8, see ``QuantConvolution``.

    Attributes:
        weight: [out][kernel_row][kernel_col][in / groups].
        window: Kernel extents as in ``weight``; padding is filled with the input zero point.
        groups: Divides input and output channels.
    """

    window: Window

    judged_in_single_rounding = True

    def split(self, site: LoweringSite, count: int) -> tuple[Part, ...]:
        """Divide the output's rows."""
        return windowed_parts(self, site, count)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the pointwise kernel for 1x1 without padding, else the general one."""
        window = self.window
        if window.kernel_rows * window.kernel_cols * self.groups == 1 and not window.has_padding:
            return Lowering(calls=(self._pointwise_call(site),))
        patch = math.prod(self.weight.shape[1:])
        return Lowering(calls=(self.general_call(site),), scratch_bytes=patch)

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
        arguments: tuple[Argument, ...] = (
            InputArgument(0),
            *self.constant_arguments(),
            OutputArgument(),
        )
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
            *self.constant_arguments(),
            OutputArgument(),
            ScratchArgument(),
        )
        return KernelCall("conv2d_s8", "conv2d", parameters, arguments)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add CONV_2D, preceded by PAD where the padding is not TFLite's SAME."""
        export_convolution(graph, operands, self, self.window)
