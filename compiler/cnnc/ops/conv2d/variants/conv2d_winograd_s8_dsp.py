"""3x3 convolution with stride 1 by exact integer Winograd F(2x2,3x3), Armv7E-M."""

from cnnc.codegen.packing.winograd import Winograd
from cnnc.codegen.variants import KernelVariant
from cnnc.ops.conv2d import QuantConv2d

F2 = Winograd(
    kernel="conv2d_winograd_s8_dsp",
    tile=2,
    filter_rows=((2, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 2)),
    bias_factor=4,
    scale_bits=2,
    pixel_offset=0,
    data_instructions=298,
    output_instructions=68,
)

VARIANT = KernelVariant(
    kernel=F2.kernel,
    op=QuantConv2d,
    instruction_set="dsp",
    summary="3x3, stride 1: Winograd F(2x2,3x3) in integers, 16 weights of 2 bytes for 9.",
    lower=F2.lower,
)
