"""Give each buffer an offset so that buffers that exist at the same time do not overlap.

The problem (dynamic storage allocation) is NP-hard. Greedy placement in a good order is close to
the lower bound on real networks, so several orders are tried and the smallest arena wins; then the
buffer on top of the arena is moved to the front of the order a few times. No randomness: the same
buffers give the same offsets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from cnnc.memory.lifetime import Lifetime

ALIGNMENT = 16
"""Of every buffer, bytes: the widest vector load of the targets."""

_PROMOTION_ROUNDS = 48

Fit = Literal["lowest", "tightest"]


def aligned(size: int) -> int:
    """Return the size rounded up to the alignment of buffers."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def live_bytes(buffers: Sequence[Lifetime], layer: int) -> int:
    """Return the aligned bytes of all buffers that exist during one layer."""
    return sum(aligned(b.bytes) for b in buffers if b.first_use <= layer <= b.last_use)


def lower_bound(buffers: Sequence[Lifetime]) -> int:
    """Return the bytes that no placement can go below: the most that is alive at once."""
    return max((live_bytes(buffers, buffer.first_use) for buffer in buffers), default=0)


@dataclass(frozen=True)
class Placement:
    """Offsets of all buffers, in the order that they were given in, and their total."""

    offsets: tuple[int, ...]
    arena_bytes: int


def place(buffers: Sequence[Lifetime]) -> Placement:
    """Return the smallest arena that was found.

    Args:
        buffers: Sizes in bytes (0 is allowed) and times.
    """
    bound = lower_bound(buffers)
    neighbours = [
        [other for other, b in enumerate(buffers) if other != index and b.meets(buffer)]
        for index, buffer in enumerate(buffers)
    ]
    best: Placement | None = None
    for order in _orders(buffers):
        for fit in ("lowest", "tightest"):
            candidate = _improve(buffers, neighbours, order, fit, bound)
            if best is None or candidate.arena_bytes < best.arena_bytes:
                best = candidate
            if best.arena_bytes == bound:
                return best
    return best if best is not None else Placement((), 0)


def _orders(buffers: Sequence[Lifetime]) -> list[list[int]]:
    crowds = [
        max(live_bytes(buffers, layer) for layer in range(b.first_use, b.last_use + 1))
        for b in buffers
    ]

    def span(b: Lifetime) -> int:
        return b.last_use - b.first_use + 1

    keys: tuple[Callable[[int], tuple[int, ...]], ...] = (
        lambda i: (-buffers[i].bytes, buffers[i].first_use),
        lambda i: (-crowds[i], -buffers[i].bytes, buffers[i].first_use),
        lambda i: (-span(buffers[i]), -buffers[i].bytes, buffers[i].first_use),
        lambda i: (-span(buffers[i]) * buffers[i].bytes, buffers[i].first_use),
        lambda i: (buffers[i].first_use, -buffers[i].bytes),
        lambda i: (-buffers[i].last_use, -buffers[i].bytes),
    )
    return [sorted(range(len(buffers)), key=key) for key in keys]


def _improve(
    buffers: Sequence[Lifetime],
    neighbours: Sequence[Sequence[int]],
    order: list[int],
    fit: Fit,
    bound: int,
) -> Placement:
    best = _place_in_order(buffers, neighbours, order, fit)
    current = best
    for _ in range(_PROMOTION_ROUNDS):
        if best.arena_bytes == bound:
            return best
        top = next(
            index
            for index in order
            if current.offsets[index] + aligned(buffers[index].bytes) == current.arena_bytes
        )
        if top == order[0]:
            return best
        order = [top, *(index for index in order if index != top)]
        current = _place_in_order(buffers, neighbours, order, fit)
        best = min(best, current, key=lambda placement: placement.arena_bytes)
    return best


def _place_in_order(
    buffers: Sequence[Lifetime],
    neighbours: Sequence[Sequence[int]],
    order: Sequence[int],
    fit: Fit,
) -> Placement:
    offsets: dict[int, int] = {}
    total = 0
    for index in order:
        size = aligned(buffers[index].bytes)
        taken = sorted(
            (offsets[other], offsets[other] + aligned(buffers[other].bytes))
            for other in neighbours[index]
            if other in offsets
        )
        offsets[index] = _gap(taken, size, fit)
        total = max(total, offsets[index] + size)
    return Placement(tuple(offsets[index] for index in range(len(buffers))), total)


def _gap(taken: Sequence[tuple[int, int]], size: int, fit: Fit) -> int:
    """Return the offset of a free gap between the sorted ranges, or the end of them."""
    end = 0
    found: tuple[int, int] | None = None
    for begin, after in taken:
        room = begin - end
        if room >= size and (found is None or room < found[0]):
            found = (room, end)
            if fit == "lowest":
                break
        end = max(end, after)
    return end if found is None else found[1]
