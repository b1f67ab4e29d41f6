"""Offsets of buffers: no overlap, and close to the lower bound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnc.memory.lifetime import Lifetime
from cnnc.memory.place import ALIGNMENT, aligned, lower_bound, place


def _lifetime(size: int, first: int, length: int) -> Lifetime:
    return Lifetime(size, first, first + length)


lifetimes = st.builds(_lifetime, st.integers(0, 200), st.integers(0, 10), st.integers(0, 6))


@given(st.lists(lifetimes, max_size=15))
def test_buffers_that_meet_do_not_overlap(buffers: list[Lifetime]) -> None:
    placement = place(buffers)
    ranges = [
        (b, offset, offset + aligned(b.bytes))
        for b, offset in zip(buffers, placement.offsets, strict=True)
    ]
    for index, (one, begin, end) in enumerate(ranges):
        assert begin % ALIGNMENT == 0
        assert 0 <= begin <= end <= placement.arena_bytes
        for other, other_begin, other_end in ranges[index + 1 :]:
            assert not one.meets(other) or end <= other_begin or other_end <= begin


@given(st.lists(lifetimes, max_size=15))
def test_total_is_at_least_the_bound_and_at_most_the_sum(buffers: list[Lifetime]) -> None:
    total = place(buffers).arena_bytes
    assert lower_bound(buffers) <= total <= sum(aligned(b.bytes) for b in buffers)


def test_chain_of_layers_needs_two_neighbours() -> None:
    sizes = [784, 6272, 1568, 3136, 784, 128, 16]
    buffers = [Lifetime(size, index, index + 1) for index, size in enumerate(sizes)]
    assert place(buffers).arena_bytes == lower_bound(buffers) == 6272 + 1568


def test_residual_network_meets_the_bound() -> None:
    buffers = []
    for block in range(6):
        start, size = 3 * block, 4096 >> (block // 2)
        buffers += [
            Lifetime(size, start, start + 3),
            Lifetime(size, start + 1, start + 2),
            Lifetime(size, start + 2, start + 3),
        ]
    assert place(buffers).arena_bytes == lower_bound(buffers)


@pytest.mark.parametrize("growth", [12, 32])
def test_dense_block_meets_the_bound(growth: int) -> None:
    """Each layer reads a concatenation that grows, and makes a small new result."""
    buffers = []
    for layer in range(12):
        width = 64 * (24 + growth * layer)
        buffers += [
            Lifetime(width, 2 * layer, 2 * layer + 2),
            Lifetime(64 * growth, 2 * layer + 1, 2 * layer + 2),
        ]
    assert place(buffers).arena_bytes == lower_bound(buffers)


def test_no_buffers_need_no_memory() -> None:
    assert place([]).arena_bytes == 0
