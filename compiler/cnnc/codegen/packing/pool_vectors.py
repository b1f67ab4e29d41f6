"""Pooling of many channels at a time: what the kernels for several instruction sets share."""

from dataclasses import replace

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.variants import Refusal
from cnnc.ops.average_pool import QuantAveragePool
from cnnc.ops.max_pool import QuantMaxPool
from cnnc.ops.mean import QuantMean

LEAST_CHANNELS = 8
BLOCK = 16
_MOST_COLS = 256
"""Elements whose sum is in int16."""
_MOST_AVERAGED = 2800
"""As in runtime/cnnc_sums_16.h."""
_MOST_REDUCED = 2**31 // 256
"""Elements whose sum of distances from the zero point is in int32."""


def lower_max_pool(op: QuantMaxPool, site: LoweringSite, kernel: str) -> Lowering | Refusal:
    """Return the call of a kernel that takes the plain one's parameters."""
    batch, _, _, channels = site.inputs[0]
    if channels < LEAST_CHANNELS:
        return Refusal(f"there are fewer than {LEAST_CHANNELS} channels")
    (call,) = op.lower(site).calls
    pixels = batch * site.output[1] * site.output[2]
    taps = op.window.kernel_rows * op.window.kernel_cols
    return Lowering(
        calls=(replace(call, kernel=kernel),),
        instructions=pixels * (20 + -(-channels // BLOCK) * (2 * taps + 4)),
    )


def lower_average_pool(op: QuantAveragePool, site: LoweringSite, kernel: str) -> Lowering | Refusal:
    """Return the call of a kernel that takes the plain one's parameters."""
    batch, _, _, channels = site.inputs[0]
    rows, cols = op.window.kernel_rows, op.window.kernel_cols
    if channels < LEAST_CHANNELS:
        return Refusal(f"there are fewer than {LEAST_CHANNELS} channels")
    if cols > _MOST_COLS:
        return Refusal(f"the window is wider than {_MOST_COLS} taps")
    if rows * cols > _MOST_AVERAGED:
        return Refusal(f"the window has more than {_MOST_AVERAGED} taps")
    (call,) = op.lower(site).calls
    pixels = batch * site.output[1] * site.output[2]
    return Lowering(
        calls=(replace(call, kernel=kernel),),
        instructions=pixels * (20 + -(-channels // BLOCK) * (rows * (5 * cols + 6) + 30)),
    )


def lower_mean(op: QuantMean, site: LoweringSite, kernel: str) -> Lowering | Refusal:
    """Return the call of a kernel that takes the plain one's parameters."""
    (call,) = op.lower(site).calls
    if call.kernel != "mean_s8":
        return Refusal("the axes are not neighbours in memory")
    fields = call.parameters
    if fields["inner"] < LEAST_CHANNELS:
        return Refusal(f"fewer than {LEAST_CHANNELS} elements follow the axes")
    if fields["reduced"] >= _MOST_REDUCED:
        return Refusal("the sums of so many elements are not in 32 bits")
    blocks = fields["outer"] * -(-fields["inner"] // BLOCK)
    return Lowering(
        calls=(replace(call, kernel=kernel),),
        instructions=20 + blocks * (5 * fields["reduced"] + 40),
    )
