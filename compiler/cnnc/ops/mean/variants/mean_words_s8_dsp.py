"""Mean over neighbouring axes, eight kept elements at a time, two sums in a word."""

from dataclasses import replace

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ops.mean import QuantMean

_ELEMENTS = 8
_MINIMUM_REDUCED = 12
_MAXIMUM_COLS = 256
"""Elements whose sum fits int16."""


def _lower(op: QuantMean, site: LoweringSite) -> Lowering | Refusal:
    (call,) = op.lower(site).calls
    if call.kernel != "mean_s8":
        return Refusal("the axes are not neighbours in memory")
    fields = dict(call.parameters)
    if fields["inner"] < _ELEMENTS:
        return Refusal(f"fewer than {_ELEMENTS} elements follow the axes")
    reduced = fields.pop("reduced")
    if reduced < _MINIMUM_REDUCED:
        return Refusal(f"fewer than {_MINIMUM_REDUCED} elements are summed faster one by one")
    fields["cols"] = max(n for n in range(1, min(reduced, _MAXIMUM_COLS) + 1) if reduced % n == 0)
    fields["rows"] = reduced // fields["cols"]
    eights = fields["outer"] * -(-fields["inner"] // _ELEMENTS)
    return Lowering(
        calls=(replace(call, kernel="mean_words_s8_dsp", parameters=fields),),
        instructions=eights * (9 * reduced + 8 * fields["rows"] + 320),
    )


VARIANT = KernelVariant(
    kernel="mean_words_s8_dsp",
    op=QuantMean,
    instruction_set="dsp",
    summary="Eight elements at a time, summed as halfwords.",
    lower=_lower,
)
