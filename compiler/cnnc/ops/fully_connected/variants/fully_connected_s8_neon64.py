"""Fully connected layer on AArch64 without dot products."""

from dataclasses import replace

from cnnc.codegen.kernel import (
    InputArgument,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
)
from cnnc.codegen.packing import neon64_rows
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

_KERNEL = "fully_connected_s8_neon64"


def lower_rows(op: QuantFullyConnected, site: LoweringSite) -> Lowering:
    """Return the call for rows that lie one after another.

    Args:
        op: The layer.
        site: Where it is; its operand is [rows][inputs].
    """
    (call,) = op.lower(site).calls
    rows, depth = site.inputs[0]
    packed = neon64_rows.pack_rows(op, site)
    tile = neon64_rows.tile_rows(op.weight, depth, rows)
    parameters = {
        **call.parameters,
        "scaling": neon64_rows.scaling_kind(op, site),
        "tile_rows": tile,
    }
    arguments = (InputArgument(0), *packed.arguments, OutputArgument(), ScratchArgument())
    return Lowering(
        calls=(replace(call, kernel=_KERNEL, parameters=parameters, arguments=arguments),),
        scratch_bytes=neon64_rows.result_bytes(len(op.weight), tile),
        instructions=packed.instructions(rows, tile),
        over_read_bytes=neon64_rows.OVER_READ_BYTES,
    )


def _lower(op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
    return lower_rows(op, site)


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantFullyConnected,
    instruction_set="neon64",
    summary="Rows times weights in chains of products of 16 bits as long as the weights allow.",
    lower=_lower,
)
