"""Mean on Armv6: remainders, long runs of reduced elements."""

import pytest
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variants, refusal

from cnnc.ir.types import Rounding
from cnnc.ops.mean import Mean

KERNEL = "mean_words_s8_armv6simd"


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_bytes_are_the_references(rounding: Rounding) -> None:
    shapes = [(1, 5, 3, 8), (3, 4, 6, 11), (2, 13, 1, 9), (1, 20, 16, 9), (1, 257, 1, 16)]
    cases = [OpCase(f"mean {s}", Mean((1, 2), keep_dims=True), (s,)) for s in shapes]
    check_variants(cases, KERNEL, rounding)


def test_refuses_axes_that_are_not_neighbours() -> None:
    case = OpCase("mean", Mean((1, 3), keep_dims=False), ((1, 4, 7, 9),))
    assert "not neighbours" in refusal(case, KERNEL)
