"""Product of two tensors with NEON, sixteen elements at a time."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.binary_rows import lower_broadcast
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.mul import QuantMul

KERNEL = "mul_s8_neon"


def _lower(op: QuantMul, site: LoweringSite) -> Lowering | Refusal:
    return lower_broadcast(op, site, KERNEL, op.kernel_parameters(), per_block=34)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantMul,
    instruction_set="neon",
    summary="Sixteen elements at a time, with broadcasting.",
    lower=_lower,
)
