"""Transposed matrices of bytes with NEON: channel shuffles, planes to channels and back."""

from dataclasses import replace

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import elements
from cnnc.ops.transpose import QuantTranspose

KERNEL = "transpose_s8_neon"
_BLOCK = 8
_STRUCTURE = range(2, 5)
_PER_BLOCK = 11
"""About what eight bytes take."""


def _lower(op: QuantTranspose, site: LoweringSite) -> Lowering | Refusal:
    plain = op.lower(site)
    if plain.is_alias:
        return Refusal("no byte moves")
    (call,) = plain.calls
    fields = call.parameters
    rows, cols = fields["extent_5"], fields["extent_4"]
    if fields["stride_4"] != 1 or fields["element_bytes"] != 1:
        return Refusal("the innermost axes are no transposed matrix of bytes")
    few_rows = rows in _STRUCTURE and cols >= _BLOCK
    few_cols = cols in _STRUCTURE and rows >= _BLOCK and fields["stride_5"] == cols
    if not (few_rows or few_cols or min(rows, cols) >= _BLOCK):
        return Refusal(f"a matrix of {cols} by {rows} bytes is small")
    size = elements(site.output)
    return Lowering(
        calls=(replace(call, kernel=KERNEL, folder="transpose"),),
        instructions=20 + size // (rows * cols) * 20 + _PER_BLOCK * size // _BLOCK,
    )


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantTranspose,
    instruction_set="neon",
    summary="Matrices of bytes: two to four rows as structures, others by squares of eight.",
    lower=_lower,
)
