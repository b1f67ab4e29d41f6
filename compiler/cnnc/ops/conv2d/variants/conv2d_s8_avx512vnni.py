"""Conv2d with AVX-512 VNNI: patches times weights, or rows of the image where these are patches."""

from cnnc.codegen.kernel import Lowering, LoweringSite, geometry
from cnnc.codegen.packing.avx512_tiles import tiles_lowering
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.conv2d.as_rows import as_rows
from cnnc.ops.conv2d.quant_op import QuantConv2d

_KERNEL = "conv2d_s8_avx512vnni"
_ROWS_KERNEL = "fully_connected_s8_avx512vnni"


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse groups."""
    if op.groups > 1:
        return Refusal("it has groups")
    rows = as_rows(op, site)
    if rows is not None:
        (call,) = rows.op.lower(rows.site).calls
        return tiles_lowering(call, _ROWS_KERNEL, rows.op, rows.site, rows.count)
    batch, output_rows, output_cols, _ = geometry(site.output)
    pixels = batch * output_rows * output_cols
    return tiles_lowering(op.general_call(site), _KERNEL, op, site, pixels)


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantConv2d,
    instruction_set="avx512vnni",
    summary="Any window, strides, dilations and padding; 64 products an instruction.",
    lower=_lower,
)
