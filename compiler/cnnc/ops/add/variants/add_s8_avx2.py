"""Sum of two tensors with AVX2 as it is defined, where no straight line gives its bytes."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.binary_rows import lower_broadcast
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.add import QuantAdd

KERNEL = "add_s8_avx2"


def _lower(op: QuantAdd, site: LoweringSite) -> Lowering | Refusal:
    return lower_broadcast(op, site, KERNEL, op.kernel_parameters(), per_block=90)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantAdd,
    instruction_set="avx2",
    summary="Sixteen elements at a time, rounded as it is defined, with broadcasting.",
    lower=_lower,
)
