"""Arrays that are mapped from a file: their pages can be given back, and are read again if needed.

Without that a network's weights would stay in memory once as they are in the file and once as a
layer reads them.
"""

import mmap
from typing import Any

import numpy as np

from cnnc.ir.types import AnyArray


def let_go(array: AnyArray) -> None:
    """Give back the memory of an array that is mapped from a file, read-only; others stay.

    The array keeps its contents. Where the system has no such call, nothing happens.
    """
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if not isinstance(owner, mmap.mmap) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    # Asked last: NumPy warns of the flags of what it broadcast.
    if not array.flags.writeable:
        owner.madvise(mmap.MADV_DONTNEED)
