"""The passes on the integer model, in their order: exact, byte for byte."""

from cnnc.ir.quant_model import QuantModel
from cnnc.ir.verify import verify_quant
from cnnc.passes._framework import run_passes, run_to_fixpoint
from cnnc.passes.eliminate_dead_code import ELIMINATE_DEAD_LAYERS
from cnnc.passes.merge_requantize import MERGE_REQUANTIZE
from cnnc.passes.remove_constant_channels import REMOVE_CONSTANT_CHANNELS

EXACT_REWRITES = (MERGE_REQUANTIZE, ELIMINATE_DEAD_LAYERS)
"""Run to a fixpoint; values keep their shapes."""

SHAPE_REWRITES = (REMOVE_CONSTANT_CHANNELS,)
"""Run once, afterwards; they record in the model what became of each value."""


def optimize(model: QuantModel) -> QuantModel:
    """Return an integer network that computes the same bytes with less work.

    Raises:
        InternalError: A pass broke a promise of ``verify_quant``.
    """
    verify_quant(model)
    return run_to_fixpoint(model, EXACT_REWRITES, verify_quant)


def shrink(model: QuantModel) -> QuantModel:
    """Return the network without values that need not be computed; its outputs are the same.

    Args:
        model: After ``optimize``.

    Returns:
        The very same object if everything is needed.

    Raises:
        InternalError: A pass broke a promise of ``verify_quant``.
    """
    return run_passes(model, SHAPE_REWRITES, verify_quant)
