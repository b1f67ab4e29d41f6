"""Max pooling of four channels at a time, byte by byte in a word."""

from dataclasses import replace

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.max_pool import QuantMaxPool

_CHANNELS = 4
_UNROLLED_TAPS = 4


def _lower(op: QuantMaxPool, site: LoweringSite) -> Lowering | Refusal:
    batch, _, _, channels = site.inputs[0]
    if channels < _CHANNELS:
        return Refusal(f"there are fewer than {_CHANNELS} channels")
    (call,) = op.lower(site).calls
    pixels = batch * site.output[1] * site.output[2]
    taps = op.window.kernel_rows * op.window.kernel_cols
    # A small window is unrolled.
    word = 3 * taps + 6 if taps <= _UNROLLED_TAPS else 7 * taps
    return Lowering(
        calls=(replace(call, kernel="max_pool_words_s8_dsp"),),
        instructions=pixels * (20 + -(-channels // _CHANNELS) * word),
    )


VARIANT = KernelVariant(
    kernel="max_pool_words_s8_dsp",
    op=QuantMaxPool,
    instruction_set="dsp",
    summary="Four channels at a time as bytes of a word.",
    lower=_lower,
)
