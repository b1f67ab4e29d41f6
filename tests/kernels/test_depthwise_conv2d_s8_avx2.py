"""Depthwise convolution with AVX2: remainders of channels and columns, borders, any kernel."""

from tests.support.depthwise_cases import CASES, SEVERAL_FILTERS, SINGLE_ROUNDING_CASES
from tests.support.variant_cases import check_variants, refusal

KERNEL = "depthwise_conv2d_s8_avx2"


def test_gives_the_bytes_of_the_reference() -> None:
    check_variants(CASES, KERNEL)


def test_gives_the_bytes_of_the_reference_with_single_rounding() -> None:
    check_variants(SINGLE_ROUNDING_CASES, KERNEL, "single")


def test_refuses_several_filters_for_a_channel() -> None:
    assert "several filters" in refusal(SEVERAL_FILTERS, KERNEL)
