"""Mean with NEON: remainders, long runs of reduced elements, formats, refusals."""

import pytest
from tests.support.op_cases import OpCase
from tests.support.pool_cases import MEAN_CASES
from tests.support.variant_cases import check_variants, refusal

from cnnc.ir.types import Rounding, Shape
from cnnc.ops.mean import Mean

KERNEL = "mean_s8_neon"


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_bytes_are_the_references(rounding: Rounding) -> None:
    check_variants(MEAN_CASES, KERNEL, rounding)


@pytest.mark.parametrize(
    ("axes", "shape", "reason"),
    [
        ((1,), (1, 4, 7), "fewer than 8 elements"),
        ((1, 3), (1, 4, 7, 9), "not neighbours"),
    ],
)
def test_refuses(axes: tuple[int, ...], shape: Shape, reason: str) -> None:
    assert reason in refusal(OpCase("mean", Mean(axes, keep_dims=False), (shape,)), KERNEL)
