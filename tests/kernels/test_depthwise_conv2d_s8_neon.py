"""Depthwise convolution with NEON: remainders of channels and columns, borders, taps in 16 bits."""

import numpy as np
import pytest
from tests.support.depthwise_cases import CASES, SEVERAL_FILTERS, SINGLE_ROUNDING_CASES
from tests.support.variant_cases import check_variants, refusal

from cnnc.codegen.packing.tap_chains import LENGTHS, nine_taps, pairs
from cnnc.ir.types import I8

KERNEL = "depthwise_conv2d_s8_neon"


def test_gives_the_bytes_of_the_reference() -> None:
    check_variants(CASES, KERNEL)


def test_gives_the_bytes_of_the_reference_with_single_rounding() -> None:
    check_variants(SINGLE_ROUNDING_CASES, KERNEL, "single")


def test_refuses_several_filters_for_a_channel() -> None:
    assert "several filters" in refusal(SEVERAL_FILTERS, KERNEL)


@pytest.mark.parametrize(
    ("value", "chains"), [(28, 2), (51, 2), (52, 3), (85, 3), (86, 5), (127, 5), (-127, 5)]
)
def test_puts_as_many_taps_into_a_chain_as_16_bits_hold(value: int, chains: int) -> None:
    found = nine_taps(np.full((9, 16), value, np.int8))
    assert found is not None
    assert found.chains == chains
    assert sorted(found.taps) == list(range(9))


def test_finds_taps_that_share_a_chain() -> None:
    weight = np.full((9, 16), 10, np.int8)
    weight[[0, 1]] = 120
    found = nine_taps(weight)
    assert found is not None
    assert found.chains == 2
    assert _passes_16_bits(weight, found.taps, LENGTHS[2]) is False


def test_lowest_weights_are_no_pair() -> None:
    weight = np.full((9, 8), -128, np.int8)
    assert nine_taps(weight) is None
    assert [tap for tap in pairs(weight).taps if tap < 9] == list(range(9))
    assert len(pairs(weight).taps) == 18


def test_pairs_any_number_of_taps() -> None:
    weight = np.array([[-128], [127], [-128], [5], [1]], np.int8)
    assert pairs(weight).taps == (0, 1, 2, 3, 4, 5)


def _passes_16_bits(weight: I8, taps: tuple[int, ...], lengths: tuple[int, ...]) -> bool:
    begin, passes = 0, False
    for length in lengths:
        chain = weight[list(taps[begin : begin + length])].astype(np.int64)
        begin += length
        for signs in (np.where(chain > 0, 127, -128), np.where(chain > 0, -128, 127)):
            sums = (chain * signs).sum(axis=0)
            passes |= bool((sums > 32767).any() or (sums < -32768).any())
    return passes
