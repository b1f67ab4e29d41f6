"""Conv2d with AVX2: lines of the image times weights, or rows where it is these."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.x86_tiles import AVX2, lines_lowering, rows_lowering
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.conv2d.as_rows import as_rows
from cnnc.ops.conv2d.quant_op import QuantConv2d

_KERNEL = "conv2d_s8_avx2"
_ROWS_KERNEL = "fully_connected_s8_avx2"


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse groups."""
    if op.groups > 1:
        return Refusal("it has groups")
    rows = as_rows(op, site)
    if rows is not None:
        return rows_lowering(AVX2, rows.op, rows.site, _ROWS_KERNEL)
    return lines_lowering(AVX2, op, site, _KERNEL)


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantConv2d,
    instruction_set="avx2",
    summary="Any window, strides, dilations and padding; 16 products an instruction.",
    lower=_lower,
)
