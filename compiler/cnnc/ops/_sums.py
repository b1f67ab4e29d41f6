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


def sum_in_blocks(rows: F32, block: int) -> F32:
    """Return the sum over the first axis: blocks of rows in order, then their sums in order.

    Args:
        rows: (n, ...), n >= 0.
        block: Rows that are added to each other first; the last block may have fewer.
    """
    missing = -len(rows) % block
    # Zeros at the end change nothing: a sum that starts with 0 is never -0.
    padded = np.concatenate([rows, np.zeros((missing, *rows.shape[1:]), np.float32)])
    blocks = padded.reshape(-1, block, *rows.shape[1:])
    return sum_in_order(sum_in_order(blocks.swapaxes(0, 1)))
