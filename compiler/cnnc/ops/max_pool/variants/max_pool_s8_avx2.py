"""Max pooling of sixteen channels at a time with AVX2."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.pool_vectors import lower_max_pool
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.max_pool import QuantMaxPool

KERNEL = "max_pool_s8_avx2"


def _lower(op: QuantMaxPool, site: LoweringSite) -> Lowering | Refusal:
    return lower_max_pool(op, site, KERNEL)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantMaxPool,
    instruction_set="avx2",
    summary="Sixteen channels at a time.",
    lower=_lower,
)
