"""Mean by words: remainders, long runs of reduced elements, refusals."""

import pytest
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant, refusal

from cnnc.ir.types import Shape
from cnnc.ops.mean import Mean

KERNEL = "mean_words_s8_dsp"


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((1, 5, 3, 8), (1, 2)),
        ((3, 4, 6, 11), (1, 2)),
        ((2, 13, 5, 7), (1,)),
        ((1, 20, 16, 9), (1, 2)),
        ((1, 257, 1, 16), (1,)),
        ((2, 12, 1, 8), (1, 2)),
    ],
)
def test_mean(shape: Shape, axes: tuple[int, ...]) -> None:
    check_variant(OpCase("mean", Mean(axes, keep_dims=True), (shape,)), KERNEL)


def test_mean_in_single_rounding() -> None:
    case = OpCase("mean", Mean((1, 2), keep_dims=False), ((1, 5, 5, 8),))
    check_variant(case, KERNEL, "single")


@pytest.mark.parametrize(
    ("axes", "shape", "reason"),
    [
        ((1,), (1, 4, 7), "fewer than 8 elements"),
        ((1,), (1, 11, 8), "fewer than 12 elements"),
        ((1, 3), (1, 4, 7, 9), "not neighbours"),
    ],
)
def test_refuses(axes: tuple[int, ...], shape: Shape, reason: str) -> None:
    assert reason in refusal(OpCase("mean", Mean(axes, keep_dims=False), (shape,)), KERNEL)
