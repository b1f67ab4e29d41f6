"""Fully connected layer with AVX2: tiles of rows and channels."""

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.packing.x86_tiles import AVX2, rows_lowering
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

_KERNEL = "fully_connected_s8_avx2"


def _lower(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; every layer can be computed."""
    return rows_lowering(AVX2, op, site, _KERNEL)


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantFullyConnected,
    instruction_set="avx2",
    summary="Tiles of up to 6 rows by 16 channels, 16 products an instruction.",
    lower=_lower,
)
