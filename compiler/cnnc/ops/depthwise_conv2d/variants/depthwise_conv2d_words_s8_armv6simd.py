"""Depthwise by any taps on Armv6: the kernel of the DSP extension in Arm mode."""

from cnnc.codegen.variants import for_instruction_set
from cnnc.ops.depthwise_conv2d.variants.depthwise_conv2d_words_s8_dsp import VARIANT as DSP

VARIANT = for_instruction_set(DSP, "armv6simd")
