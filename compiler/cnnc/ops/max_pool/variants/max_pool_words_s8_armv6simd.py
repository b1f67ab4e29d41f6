"""Max pooling on Armv6: the kernel of the DSP extension in Arm mode."""

from cnnc.codegen.variants import for_instruction_set
from cnnc.ops.max_pool.variants.max_pool_words_s8_dsp import VARIANT as DSP

VARIANT = for_instruction_set(DSP, "armv6simd")
