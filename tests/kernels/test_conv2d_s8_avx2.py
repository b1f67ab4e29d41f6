"""Convolutions with AVX2: tiles of every size, borders, remainders, both roundings."""

from tests.kernels.test_conv2d_s8_avx512vnni import CASES, conv2d, image
from tests.support.variant_cases import check_variants, refusal

KERNEL = "conv2d_s8_avx2"


def test_gives_the_bytes_of_the_reference() -> None:
    check_variants(CASES, KERNEL)


def test_gives_the_bytes_of_the_reference_with_single_rounding() -> None:
    check_variants([case for case in CASES if case.output_range is not None], KERNEL, "single")


def test_refuses_groups() -> None:
    grouped = image("grouped", conv2d(8, 16, groups=2), 3, 3)
    assert "groups" in refusal(grouped, KERNEL)
