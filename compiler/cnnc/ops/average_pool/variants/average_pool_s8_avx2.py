"""Average pooling of sixteen channels at a time with AVX2."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.pool_vectors import lower_average_pool
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.average_pool import QuantAveragePool

KERNEL = "average_pool_s8_avx2"


def _lower(op: QuantAveragePool, site: LoweringSite) -> Lowering | Refusal:
    return lower_average_pool(op, site, KERNEL)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantAveragePool,
    instruction_set="avx2",
    summary="Sixteen channels at a time.",
    lower=_lower,
)
