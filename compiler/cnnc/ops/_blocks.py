"""Work on a layer's weights a few output channels at a time.

A layer may have a hundred million weights: copies of all of them in a wider type would take
gigabytes.
"""

from collections.abc import Iterator

import numpy as np

from cnnc.ir.types import I8, I64

BLOCK_ELEMENTS = 2**20
"""Weights that are looked at together, whole channels."""


def row_blocks(
    rows: int, row_elements: int, block_elements: int = BLOCK_ELEMENTS
) -> Iterator[slice]:
    """Split rows so that the elements of each part stay few; each has at least one row.

    Args:
        rows: Number of rows.
        row_elements: Elements of one row.
        block_elements: Bound on the elements of a part of more than one row.
    """
    step = max(1, block_elements // max(row_elements, 1))
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))


def absolute_sums(rows: I8) -> I64:
    """Return the sum of magnitudes of each row of [rows][elements]."""
    sums = np.empty(len(rows), np.int64)
    for part in row_blocks(*rows.shape):
        # int16, because |-128| is no int8.
        sums[part] = np.abs(rows[part], dtype=np.int16).sum(axis=1, dtype=np.int64)
    return sums
