"""Are all numbers of an array finite? Answered without a temporary array of the same size."""

import numpy as np

from cnnc.ir.types import AnyArray


def all_finite(array: AnyArray) -> bool:
    """Whether a float array holds neither NaN nor infinity; true for an empty one."""
    if array.size == 0:
        return True
    # NaN anywhere makes both bounds NaN.
    return bool(np.isfinite(array.min()) and np.isfinite(array.max()))


def has_nan(array: AnyArray) -> bool:
    """Whether a float array holds NaN."""
    return array.size > 0 and bool(np.isnan(array.max()))
