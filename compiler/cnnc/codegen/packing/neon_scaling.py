"""What ``runtime/cnnc_neon.h`` has to know of a layer's scales, and its constants per channel."""

import numpy as np

from cnnc.codegen.kernel import ConstantArgument
from cnnc.ops._requantize import QuantWeightedOp


def scaling_parameters(op: QuantWeightedOp) -> dict[str, int]:
    """Return the fields of ``struct cnnc_scaling_neon``, each 0 or 1."""
    return {
        "has_left_shift": int(bool((op.shifts > 0).any())),
        "has_shift_of_zero": int(bool((op.shifts >= 0).any())),
        "sees_negative": int(op.minimum < op.output_zero_point),
    }


def padded_channels(
    argument: ConstantArgument, count: int, alignment: int = 16
) -> ConstantArgument:
    """Return an array of one number per channel as int32, zeros behind the last.

    Args:
        argument: Any integer type, [channels].
        count: Numbers of the result, at least as many.
        alignment: Of the result, bytes.
    """
    wide = np.zeros(count, np.int32)
    wide[: len(argument.array)] = argument.array
    return ConstantArgument(argument.role, wide, alignment)
