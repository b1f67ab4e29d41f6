"""Which sums of int8 products fit 16 bits, so that VMLAL may add them before they are widened."""

import numpy as np

from cnnc.ir.channels import Mask
from cnnc.ir.types import I8

_LOWEST, _HIGHEST = -(2**15), 2**15 - 1
_LOWEST_VALUE, _HIGHEST_VALUE = -128, 127


def chains_fit(weights: I8) -> Mask:
    """Return whether the products of chains of weights with any int8 values fit 16 bits.

    Only the whole sum matters: what passes 16 bits on the way is taken back, as sums are modulo
    2^16.

    Args:
        weights: [...][products of a chain][lanes].

    Returns:
        [...], true where all lanes fit.
    """
    axis = weights.ndim - 2
    positive = np.maximum(weights, 0).sum(axis=axis, dtype=np.int32)
    negative = weights.sum(axis=axis, dtype=np.int32) - positive
    highest = positive * _HIGHEST_VALUE + negative * _LOWEST_VALUE
    lowest = positive * _LOWEST_VALUE + negative * _HIGHEST_VALUE
    fits = (highest <= _HIGHEST) & (lowest >= _LOWEST)
    return np.asarray(fits.all(axis=-1))
