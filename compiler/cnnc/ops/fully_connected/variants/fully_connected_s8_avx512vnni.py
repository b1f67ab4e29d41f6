"""Fully connected layer with AVX-512 VNNI: tiles of rows and channels."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.x86_tiles import VNNI, rows_lowering
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

_KERNEL = "fully_connected_s8_avx512vnni"


def _lower(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; every layer can be computed."""
    return rows_lowering(VNNI, op, site, _KERNEL)


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantFullyConnected,
    instruction_set="avx512vnni",
    summary="Tiles of up to 12 rows by 32 channels, 64 products an instruction.",
    lower=_lower,
)
