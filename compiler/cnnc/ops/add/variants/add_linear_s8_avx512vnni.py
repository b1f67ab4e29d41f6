"""As ``add_linear_s8_avx2``, 64 elements at a time with AVX-512."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.add import QuantAdd
from cnnc.ops.add.variants.add_linear_s8_avx2 import lower_digits

KERNEL = "add_linear_s8_avx512vnni"


def _lower(op: QuantAdd, site: LoweringSite) -> Lowering | Refusal:
    return lower_digits(op, site, KERNEL, per_block=8)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantAdd,
    instruction_set="avx512vnni",
    summary="Products of bytes, 64 elements at a time, proven for all pairs of bytes.",
    lower=_lower,
)
