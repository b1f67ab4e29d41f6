"""FullyConnected on Armv7E-M for any weights: two products an instruction."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.channel_words import words_lowering
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

_KERNEL = "fully_connected_words_s8_dsp"


def _lower(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    (call,) = op.lower(site).calls
    return words_lowering(call, _KERNEL, op.weight, site.inputs[0][0])


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantFullyConnected,
    instruction_set="dsp",
    summary="Any weights, sums of all of int32; two products an instruction.",
    lower=_lower,
)
