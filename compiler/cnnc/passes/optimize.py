"""The passes on the integer model, in their order: exact, byte for byte."""

from cnnc.ir.quant_model import QuantModel
from cnnc.ir.verify import verify_quant
from cnnc.passes._framework import run_to_fixpoint
from cnnc.passes.eliminate_dead_code import ELIMINATE_DEAD_LAYERS
from cnnc.passes.merge_requantize import MERGE_REQUANTIZE

EXACT_REWRITES = (MERGE_REQUANTIZE, ELIMINATE_DEAD_LAYERS)
"""Run to a fixpoint."""


def optimize(model: QuantModel) -> QuantModel:
    """Return an integer network that computes the same bytes with less work.

    Raises:
        InternalError: A pass broke a promise of ``verify_quant``.
    """
    verify_quant(model)
    return run_to_fixpoint(model, EXACT_REWRITES, verify_quant)
