"""Mean of sixteen elements at a time with NEON."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.pool_vectors import lower_mean
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.mean import QuantMean

KERNEL = "mean_s8_neon"


def _lower(op: QuantMean, site: LoweringSite) -> Lowering | Refusal:
    return lower_mean(op, site, KERNEL)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantMean,
    instruction_set="neon",
    summary="Sixteen kept elements at a time.",
    lower=_lower,
)
