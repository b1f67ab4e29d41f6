"""Taps of a depthwise convolution whose products are added up in 16 bits.

A chain of taps t with weights w[t] is safe if its sums of w[t] q, -128 <= q <= 127, stay in int16:
128 sum of negative |w| + 127 sum of positive w <= 2^15 - 1 and the same with the signs exchanged
<= 2^15. Which taps share a chain is chosen for each block of channels, so that they are few.
"""

from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import I8, I64

NINE = 9
LENGTHS = {2: (5, 4), 3: (3, 3, 3), 4: (3, 2, 2, 2), 5: (2, 2, 2, 2, 1)}
"""Number of chains -> how many of nine taps each has, as in cnnc_depthwise_blocks_neon.h."""


@dataclass(frozen=True)
class TapChains:
    """The taps of a block in the order in which they are multiplied.

    Attributes:
        chains: How many chains nine taps make; 0 if taps are added two by two.
        taps: Numbers of taps; ``len(weight)`` is a slot of zero weights.
    """

    chains: int
    taps: tuple[int, ...]


def nine_taps(weight: I8) -> TapChains | None:
    """Return nine taps in as few chains as possible; None if pairs may pass int16.

    Args:
        weight: [9][channels].
    """
    for chains, lengths in LENGTHS.items():
        orders = _orders(lengths)
        safe = np.ones(len(orders), np.bool_)
        begin = 0
        for length in lengths:
            safe &= _is_safe(weight[orders[:, begin : begin + length]])
            begin += length
        if safe.any():
            return TapChains(chains, tuple(int(tap) for tap in orders[int(safe.argmax())]))
    return None


def pairs(weight: I8) -> TapChains:
    """Return any number of taps two by two; a tap that has no partner is beside zero weights."""
    left = list(range(len(weight)))
    order: list[int] = []
    while left:
        first = left.pop(0)
        safe = (tap for tap in left if _is_safe(weight[np.array([[first, tap]])])[0])
        partner = next(safe, len(weight))
        if partner in left:
            left.remove(partner)
        order += [first, partner]
    return TapChains(0, tuple(order))


def _is_safe(weight: I8) -> npt.NDArray[np.bool_]:
    """Return for each [order][tap][channel] whether no channel's sum passes int16."""
    wide = weight.astype(np.int64)
    positive: I64 = np.maximum(wide, 0).sum(axis=1)
    negative: I64 = np.maximum(-wide, 0).sum(axis=1)
    highest = 127 * positive + 128 * negative
    lowest = 128 * positive + 127 * negative
    passes: npt.NDArray[np.bool_] = (highest >= 2**15) | (lowest > 2**15)
    safe: npt.NDArray[np.bool_] = np.logical_not(passes.any(axis=1))
    return safe


@cache
def _orders(lengths: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return every way to split nine taps into chains, [way][9]."""
    return np.array(_splits(tuple(range(NINE)), lengths), np.int64)


def _splits(taps: tuple[int, ...], lengths: tuple[int, ...]) -> list[tuple[int, ...]]:
    if not lengths:
        return [()]
    first, *later = lengths
    # Chains of the same length are exchangeable: the lowest tap that is left is in the first.
    fixed = taps[:1] if first in later else ()
    result: list[tuple[int, ...]] = []
    for chosen in combinations(taps[len(fixed) :], first - len(fixed)):
        chain = (*fixed, *chosen)
        rest = tuple(tap for tap in taps if tap not in chain)
        result += [(*chain, *split) for split in _splits(rest, tuple(later))]
    return result
