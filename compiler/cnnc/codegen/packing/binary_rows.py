"""What the kernels on runtime/cnnc_binary_16.h share: rows of elements, sixteen at a time."""

from collections.abc import Mapping

from cnnc.codegen.kernel import (
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.ir.types import elements
from cnnc.ops._broadcast import QuantBroadcast, merge_axes

_BLOCK = 16
_LEAST = 8
_AXES = 6


def lower_broadcast(
    op: QuantBroadcast,
    site: LoweringSite,
    kernel: str,
    constants: Mapping[str, int],
    per_block: int,
) -> Lowering:
    """Return the call of a kernel on rows.

    Args:
        op: What is computed.
        site: Where it is.
        kernel: Its name; the operator's folder holds it.
        constants: Its parameters behind the geometry.
        per_block: Instructions for sixteen elements.
    """
    geometry = merge_axes(*site.inputs).kernel_parameters()
    call = KernelCall(
        kernel=kernel,
        folder=op.operator_name,
        parameters={**geometry, **constants},
        arguments=(InputArgument(0), InputArgument(1), OutputArgument()),
    )
    return Lowering(
        calls=(call,),
        in_place=op.lower(site).in_place,
        instructions=_row_instructions(geometry, per_block),
    )


def _row_instructions(geometry: Mapping[str, int], per_block: int) -> int:
    *outer, size = (geometry[f"extent_{axis}"] for axis in range(_AXES))
    work = per_block * -(-size // _BLOCK) if size >= _LEAST else per_block * size
    return 20 + elements(tuple(outer)) * (work + 15)
