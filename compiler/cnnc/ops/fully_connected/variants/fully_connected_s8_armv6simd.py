"""FullyConnected on Armv6: one row by four output channels, several rows as pixels."""

from cnnc.codegen.packing.armv6simd_layers import rows_lowering
from cnnc.codegen.variants import KernelVariant
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

VARIANT = KernelVariant(
    kernel="fully_connected_s8_armv6simd",
    op=QuantFullyConnected,
    instruction_set="armv6simd",
    summary="Four output channels at a time, weights as halfwords; several rows as pixels.",
    lower=rows_lowering,
)
