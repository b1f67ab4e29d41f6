"""Average pooling of eight channels at a time, two sums in a word."""

from dataclasses import replace

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.average_pool import QuantAveragePool

_CHANNELS = 8
_MINIMUM_TAPS = 12
_MAXIMUM_TAPS = 256
"""Taps of a row of the window: the sum of so many int8 fits int16."""


def _lower(op: QuantAveragePool, site: LoweringSite) -> Lowering | Refusal:
    batch, _, _, channels = site.inputs[0]
    if channels < _CHANNELS:
        return Refusal(f"there are fewer than {_CHANNELS} channels")
    if op.window.kernel_rows * op.window.kernel_cols < _MINIMUM_TAPS:
        return Refusal(f"a window of fewer than {_MINIMUM_TAPS} taps is summed faster one by one")
    if op.window.kernel_cols > _MAXIMUM_TAPS:
        return Refusal(f"the window is wider than {_MAXIMUM_TAPS} taps")
    (call,) = op.lower(site).calls
    pixels = batch * site.output[1] * site.output[2]
    taps = op.window.kernel_rows * (9 * op.window.kernel_cols + 8)
    return Lowering(
        calls=(replace(call, kernel="average_pool_words_s8_dsp"),),
        instructions=pixels * (40 + -(-channels // _CHANNELS) * (taps + 220)),
    )


VARIANT = KernelVariant(
    kernel="average_pool_words_s8_dsp",
    op=QuantAveragePool,
    instruction_set="dsp",
    summary="Eight channels at a time, summed as halfwords.",
    lower=_lower,
)
