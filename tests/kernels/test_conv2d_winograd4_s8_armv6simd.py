"""Winograd F(4x4,3x3) on Armv6: remainders of tiles, blocks and rounds, borders, both roundings."""

from tests.support.variant_cases import check_variants, refusal
from tests.support.winograd_checks import BORDERS, DEPTHS, FORMATS, REFUSED, REMAINDERS

KERNEL = "conv2d_winograd4_s8_armv6simd"


def test_bytes_are_the_references() -> None:
    check_variants([*REMAINDERS, *BORDERS, *DEPTHS, *FORMATS], KERNEL)


def test_bytes_are_the_references_with_single_rounding() -> None:
    check_variants([*REMAINDERS[3:6], *FORMATS], KERNEL, "single")


def test_shapes_that_are_refused() -> None:
    for reason, case in REFUSED.items():
        assert reason in refusal(case, KERNEL)
