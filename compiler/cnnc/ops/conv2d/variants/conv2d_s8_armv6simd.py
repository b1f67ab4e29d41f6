"""Conv2d on Armv6: panels of pixels times pairs of output channels, all halfwords."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.armv6simd_layers import image_lowering, rows_lowering
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.conv2d.as_rows import as_rows
from cnnc.ops.conv2d.quant_op import QuantConv2d


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    if op.groups > 1:
        return Refusal(f"it has {op.groups} groups")
    rows = as_rows(op, site)
    if rows is not None:
        return rows_lowering(rows.op, rows.site)
    return image_lowering(op, op.window, op.weight, site)


VARIANT = KernelVariant(
    kernel="conv2d_s8_armv6simd",
    op=QuantConv2d,
    instruction_set="armv6simd",
    summary="Two pixels times two output channels, weights as halfwords, two products at once.",
    lower=_lower,
)
