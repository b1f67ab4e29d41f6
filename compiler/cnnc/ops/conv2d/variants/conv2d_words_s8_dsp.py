"""Conv2d on Armv7E-M for any weights and groups: two products an instruction."""

from cnnc.codegen.kernel import Lowering, LoweringSite, geometry
from cnnc.codegen.packing.channel_words import words_lowering
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.conv2d.as_rows import as_rows
from cnnc.ops.conv2d.quant_op import QuantConv2d

_KERNEL = "conv2d_words_s8_dsp"
_ROWS_KERNEL = "fully_connected_words_s8_dsp"


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    found = as_rows(op, site)
    if found is not None:
        (call,) = found.op.lower(found.site).calls
        return words_lowering(call, _ROWS_KERNEL, found.op.weight, found.count)
    batch, rows, cols, _ = geometry(site.output)
    weights = op.weight.reshape(len(op.weight), -1)
    return words_lowering(op.general_call(site), _KERNEL, weights, batch * rows * cols, op.groups)


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantConv2d,
    instruction_set="dsp",
    summary="Any weights, groups and window, sums of all of int32; two products an instruction.",
    lower=_lower,
)
