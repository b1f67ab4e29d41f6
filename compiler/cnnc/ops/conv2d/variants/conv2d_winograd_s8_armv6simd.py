"""3x3 convolution by Winograd F(2x2,3x3) on Armv6: the kernel of the DSP extension in Arm mode."""

from cnnc.codegen.variants import for_instruction_set
from cnnc.ops.conv2d.variants.conv2d_winograd_s8_dsp import VARIANT as DSP

VARIANT = for_instruction_set(DSP, "armv6simd")
