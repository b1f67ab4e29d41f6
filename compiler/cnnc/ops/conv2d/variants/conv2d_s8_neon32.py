"""Conv2d on Armv7-A with NEON: rows times weights, which are patches where they must be."""

from cnnc.codegen.kernel import (
    Argument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
    ScratchArgument,
    geometry,
)
from cnnc.codegen.packing import neon32
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.conv2d.as_rows import as_rows
from cnnc.ops.conv2d.quant_op import QuantConv2d
from cnnc.ops.fully_connected.variants.fully_connected_s8_neon32 import lower_rows

_KERNEL = "conv2d_s8_neon32"
_SPOILT = 15
"""Bytes behind a patch that gathering may write, and behind the input that it may read."""
_OWN_FIELDS = frozenset({"batch", "groups"})


def _lower(op: QuantConv2d, site: LoweringSite) -> Lowering | Refusal:
    """Return the call; refuse groups."""
    if op.groups > 1:
        return Refusal("its channels are in groups")
    found = as_rows(op, site)
    if found is not None:
        return lower_rows(found.op, found.site)
    batch, rows, cols, outputs = geometry(site.output)
    pixels = batch * rows * cols
    packed = neon32.packed_rows(op, op.weight.reshape(outputs, -1))
    taps = op.weight[0].size
    row_bytes = max(packed.depth, neon32.whole(taps + _SPOILT))
    at_once = neon32.patches_at_once(batch * rows, cols, row_bytes, op.weight)
    plain = op.general_call(site).parameters
    parameters = {
        **{name: value for name, value in plain.items() if name not in _OWN_FIELDS},
        "pixels": pixels,
        "row_bytes": row_bytes,
        "scale": neon32.scale_kind(op),
        "pixels_at_once": at_once,
        **packed.parameters(),
    }
    arguments: tuple[Argument, ...] = (
        InputArgument(0),
        *packed.arguments,
        OutputArgument(),
        ScratchArgument(),
    )
    return Lowering(
        calls=(KernelCall(_KERNEL, "conv2d", parameters, arguments),),
        scratch_bytes=at_once * row_bytes,
        instructions=_gathering(op, batch * rows, cols)
        + neon32.all_instructions(packed, pixels, at_once),
        over_read_bytes=_SPOILT,
    )


def _gathering(op: QuantConv2d, lines: int, cols: int) -> int:
    """Estimate what gathering all patches takes: a run of pixels for each kernel row."""
    window = op.window
    apart = window.kernel_cols if window.dilation_cols > 1 else 1
    runs = window.kernel_rows * apart
    piece: int = op.weight[0].size // runs
    return lines * runs * (110 + cols * (4 + 2 * (piece // neon32.CHUNK)))


VARIANT = KernelVariant(
    kernel=_KERNEL,
    op=QuantConv2d,
    instruction_set="neon32",
    summary="Two pixels times four output channels, 32 products of each at a time.",
    lower=_lower,
)
