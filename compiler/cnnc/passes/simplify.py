"""The passes on the float model, in their order."""

import logging

from cnnc.ir.float_model import FloatModel
from cnnc.ir.verify import verify_float
from cnnc.passes._framework import run_passes, run_to_fixpoint
from cnnc.passes.absorb_transpose import ABSORB_TRANSPOSE
from cnnc.passes.average_by_weights import AVERAGE_BY_WEIGHTS
from cnnc.passes.drop_repeated_quantization import DROP_REPEATED_QUANTIZATION
from cnnc.passes.eliminate_dead_code import ELIMINATE_DEAD_CODE
from cnnc.passes.fold_batch_norm import FOLD_BATCH_NORM
from cnnc.passes.fold_constant_arithmetic import FOLD_CONSTANT_ARITHMETIC
from cnnc.passes.fold_into_normalization import FOLD_INTO_NORMALIZATION
from cnnc.passes.fuse_activation import FUSE_ACTIVATION
from cnnc.passes.fuse_pad import FUSE_PAD
from cnnc.passes.lower_channel_affine import LOWER_CHANNEL_AFFINE
from cnnc.passes.merge_duplicates import MERGE_DUPLICATES
from cnnc.passes.merge_moves import MERGE_MOVES
from cnnc.passes.recognize_functions import RECOGNIZE_FUNCTIONS
from cnnc.passes.recognize_lp_normalization import RECOGNIZE_LP_NORMALIZATION
from cnnc.passes.recognize_normalization import RECOGNIZE_NORMALIZATION
from cnnc.passes.replace_global_pool import REPLACE_GLOBAL_POOL
from cnnc.passes.sink_pad import SINK_PAD
from cnnc.passes.sink_transpose import SINK_TRANSPOSE
from cnnc.passes.straighten_group_norm import STRAIGHTEN_GROUP_NORM

_LOGGER = logging.getLogger(__name__)

FOLDING = (
    ELIMINATE_DEAD_CODE,
    MERGE_DUPLICATES,
    # Before anything takes a part of the expression into a layer.
    RECOGNIZE_FUNCTIONS,
    MERGE_MOVES,
    STRAIGHTEN_GROUP_NORM,
    SINK_TRANSPOSE,
    DROP_REPEATED_QUANTIZATION,
    # Affine maps before activations: a fused activation keeps them out.
    RECOGNIZE_NORMALIZATION,
    RECOGNIZE_LP_NORMALIZATION,
    FOLD_CONSTANT_ARITHMETIC,
    FOLD_INTO_NORMALIZATION,
    FOLD_BATCH_NORM,
    ABSORB_TRANSPOSE,
    SINK_PAD,
    FUSE_PAD,
    REPLACE_GLOBAL_POOL,
    AVERAGE_BY_WEIGHTS,
    FUSE_ACTIVATION,
)
"""Run to a fixpoint, then again once the affine maps that are left have become layers."""


def simplify(model: FloatModel) -> FloatModel:
    """Return a network with fewer layers that computes the same within float tolerance.

    Raises:
        InternalError: A pass broke a promise of ``verify_float``.
    """
    verify_float(model)
    folded = run_to_fixpoint(model, FOLDING, verify_float)
    lowered = run_passes(folded, (LOWER_CHANNEL_AFFINE,), verify_float)
    simplified = run_to_fixpoint(lowered, FOLDING, verify_float)
    _LOGGER.info("simplified %d nodes to %d", len(model.nodes), len(simplified.nodes))
    return simplified
