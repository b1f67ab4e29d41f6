"""Sums of float32 in the order in which C adds, for references that are equal to the bit."""

import numpy as np

from cnnc.ir.types import F32


def sum_in_order(rows: F32) -> F32:
    """Return the sum over the first axis, rounded to float32 after every addition.

    0 + rows[0] + rows[1] + ..., from left to right; NumPy's own sums add in pairs.

    Args:
        rows: (n, ...), n >= 0.
    """
    total = np.zeros(rows.shape[1:], dtype=np.float32)
    for row in rows:
        np.add(total, row, out=total)
    return total
