"""Conv3d on int8: kernel call; TFLite has none."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnc.codegen.kernel import (
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.codegen.tflite import NotExpressibleError
from cnnc.ir.types import Window3
from cnnc.ops._quant_convolution import QuantConvolution
from cnnc.ops._volume import volume_parameters

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class QuantConv3d(QuantConvolution):
    """3-D convolution on int8, by the rule of 2-D ones, see ``QuantConvolution``.

    Attributes:
        weight: [out][kernel_plane][kernel_row][kernel_col][in / groups].
        window: Kernel extents as in ``weight``; padding is filled with the input zero point.
        groups: Divides input and output channels.
    """

    window: Window3

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel; its scratch holds the pixels under the kernel."""
        call = KernelCall(
            kernel="conv3d_s8",
            folder="conv3d",
            parameters={
                **volume_parameters(self.window, site.inputs[0], site.output),
                "groups": self.groups,
                "input_zero_point": self.input_zero_point,
                **self.output_parameters(),
            },
            arguments=(
                InputArgument(0),
                *self.constant_arguments(),
                OutputArgument(),
                ScratchArgument(),
            ),
        )
        return Lowering(calls=(call,), scratch_bytes=math.prod(self.weight.shape[1:]))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Refuse: CONV_3D has no int8 kernel."""
        raise NotExpressibleError("3-D convolution is float only in TFLite")
