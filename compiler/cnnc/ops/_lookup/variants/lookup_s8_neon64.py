"""A table of 256 bytes in sixteen registers of AArch64."""

import numpy as np

from cnnc.codegen.kernel import (
    Argument,
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.types import elements
from cnnc.ops._lookup import QuantLookup

KERNEL = "lookup_s8_neon64"
_BLOCK = 16
_HALF = 128


def _lower(op: QuantLookup, site: LoweringSite) -> Lowering | Refusal:
    size = elements(site.output)
    # In the order of unsigned bytes.
    table = np.roll(op.table, _HALF)
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        OutputArgument(),
        ConstantArgument("table", table, alignment=16),
    )
    call = KernelCall(KERNEL, "lookup", {"size": size}, arguments)
    instructions = 40 + 11 * (size // _BLOCK) if size >= _BLOCK else 10 + 5 * size
    return Lowering(calls=(call,), in_place=(0,), instructions=instructions)


VARIANT = KernelVariant(
    kernel=KERNEL,
    op=QuantLookup,
    instruction_set="neon64",
    summary="Sixteen elements at a time, the table in registers.",
    lower=_lower,
)
