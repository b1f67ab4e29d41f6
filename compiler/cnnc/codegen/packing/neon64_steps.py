"""In what steps rows times channels are computed on AArch64 without dot products.

A chain of products of int8 stays in int16 where their weights' magnitudes add up to 255 at most:
128 * 255 < 2^15. A single product always does. Each block of eight channels has the cheapest list
of steps whose chains all do, found by dynamic programming from the row's end.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import I8, I32

GROUP = 8
"""Values that one multiplication takes."""
BLOCK = 8
"""Output channels that are summed together."""
RUN_COST = 5
"""Instructions that begin a run of equal steps."""
_LARGEST_SUM = 255
_SLICE_ELEMENTS = 2**20
"""Weights that are looked at together; bounds the int16 copies."""

_Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Step:
    """Some values times the weights of eight channels.

    Attributes:
        chains: How many groups of products are added up in int16, one after another.
        cost: Instructions for two rows.
        single_cost: Instructions for one row.
    """

    chains: tuple[int, ...]
    cost: int
    single_cost: int

    @property
    def groups(self) -> int:
        """How many groups of values the step takes."""
        return sum(self.chains)


STEPS = (
    Step((1,), 37, 20),
    Step((2,), 54, 29),
    Step((3,), 74, 40),
    Step((4,), 88, 47),
    Step((2, 2, 2, 2), 204, 107),
    Step((3, 3, 2), 188, 99),
    Step((4, 4), 172, 91),
    Step((8,), 156, 83),
)
"""By their kind."""


def cheapest_steps(groups: I8) -> I8:
    """Return the kind of the step that begins at each group, -1 where none does: [blocks][groups].

    ``begun[k, g]`` is the least cost from group g on if a step of kind k begins there, ``least[g]``
    that of any kind with the start of a run.
    """
    blocks, _, count, _ = groups.shape
    never = np.int32(2**30)
    fits = _fitting_steps(groups)
    begun = np.full((len(STEPS), count + 1, blocks), never)
    least = np.full((count + 1, blocks), never)
    least[count] = 0
    for group in range(count - 1, -1, -1):
        for kind, step in enumerate(STEPS):
            end = group + step.groups
            if end <= count:
                rest = np.minimum(begun[kind, end], least[end])
                begun[kind, group] = np.where(fits[kind, :, group], step.cost + rest, never)
        least[group] = begun[:, group].min(axis=0) + RUN_COST
    return _steps_taken(begun, least)


def _steps_taken(begun: I32, least: I32) -> I8:
    """Follow the least costs from group 0 on."""
    _, ends, blocks = begun.shape
    taken = np.full((blocks, ends - 1), -1, np.int8)
    current = np.zeros(blocks, np.int64)
    position = np.zeros(blocks, np.int64)
    lengths = np.array([step.groups for step in STEPS])
    all_blocks = np.arange(blocks)
    for group in range(ends - 1):
        continues = (group > 0) & (begun[current, group, all_blocks] <= least[group])
        # The longest of the cheapest: shorter ones come last.
        cheapest = len(STEPS) - 1 - begun[::-1, group].argmin(axis=0)
        best = np.where(continues, current, cheapest)
        starts = position == group
        taken[starts, group] = best[starts]
        current = np.where(starts, best, current)
        position = np.where(starts, group + lengths[current], position)
    return taken


def _fitting_steps(groups: I8) -> _Bools:
    """Return [kind][blocks][groups]: all chains of the step that begins there fit int16."""
    blocks, _, count, _ = groups.shape
    fits = np.zeros((len(STEPS), blocks, count), np.bool_)
    rows = max(1, _SLICE_ELEMENTS // (BLOCK * GROUP * count))
    for start in range(0, blocks, rows):
        chains = _fitting_chains(groups[start : start + rows])
        for kind, step in enumerate(STEPS):
            fits[kind, start : start + rows] = _all_chains(chains, step.chains)
    return fits


def _fitting_chains(groups: I8) -> dict[int, _Bools]:
    """Return [blocks][groups] by length: the chain that begins at a group fits int16."""
    blocks, _, count, _ = groups.shape
    lanes = groups.transpose(0, 2, 1, 3).reshape(blocks, count, BLOCK * GROUP)
    sums = {1: np.abs(lanes.astype(np.int16))}
    for length, first in ((2, 1), (3, 2), (4, 2), (8, 4)):
        starts = max(count - length + 1, 0)
        second = sums[length - first]
        sums[length] = sums[first][:, :starts] + second[:, first : first + starts]
    fits = {length: np.zeros((blocks, count), np.bool_) for length in sums}
    for length, sum_ in sums.items():
        fits[length][:, : sum_.shape[1]] = sum_.max(axis=2) <= _LARGEST_SUM
    return fits


def _all_chains(chains: dict[int, _Bools], lengths: tuple[int, ...]) -> _Bools:
    count = chains[1].shape[1]
    fits = np.zeros_like(chains[1])
    starts = count - sum(lengths) + 1
    if starts <= 0:
        return fits
    fits[:, :starts] = True
    offset = 0
    for length in lengths:
        fits[:, :starts] &= chains[length][:, offset : offset + starts]
        offset += length
    return fits
