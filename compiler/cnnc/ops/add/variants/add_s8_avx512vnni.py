"""Sum of two tensors with AVX-512 as it is defined, where no straight line gives its bytes."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.binary_rows import lower_broadcast
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.add import QuantAdd

KERNEL = "add_s8_avx512vnni"


def _lower(op: QuantAdd, site: LoweringSite) -> Lowering | Refusal:
    return lower_broadcast(op, site, KERNEL, op.kernel_parameters(), per_block=36)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantAdd,
    instruction_set="avx512vnni",
    summary="64 elements at a time, rounded as it is defined, with broadcasting.",
    lower=_lower,
)
