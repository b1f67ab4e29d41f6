"""3x3 convolution with stride 1 by exact integer Winograd F(4x4,3x3), Armv7E-M."""

from cnnc.codegen.packing.winograd import Winograd
from cnnc.codegen.variants import KernelVariant
from cnnc.ops.conv2d import QuantConv2d

F4 = Winograd(
    kernel="conv2d_winograd4_s8_dsp",
    tile=4,
    filter_rows=((3, 0, 0), (-1, -1, -1), (-1, 1, -1), (1, 2, 4), (1, -2, 4), (0, 0, 3)),
    bias_factor=36,
    scale_bits=6,
    pixel_offset=128,
    data_instructions=1430,
    output_instructions=288,
)

VARIANT = KernelVariant(
    kernel=F4.kernel,
    op=QuantConv2d,
    instruction_set="dsp",
    summary="3x3, stride 1: Winograd F(4x4,3x3) in integers, 36 weights of 2 bytes for 9.",
    lower=F4.lower,
)
