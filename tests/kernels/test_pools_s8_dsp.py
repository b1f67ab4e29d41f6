"""Pools and means by words: remainders of the channels, borders, large windows, refusals."""

import pytest
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant, refusal

from cnnc.ir.types import Shape, Window
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.max_pool import MaxPool
from cnnc.ops.mean import Mean

MAX_POOL = "max_pool_words_s8_dsp"
AVERAGE_POOL = "average_pool_words_s8_dsp"
MEAN = "mean_words_s8_dsp"
AROUND = {"pad_top": 1, "pad_left": 1, "pad_bottom": 2, "pad_right": 1}


@pytest.mark.parametrize("channels", range(4, 13))
def test_max_pool_remainders(channels: int) -> None:
    case = OpCase("max", MaxPool(Window(2, 2, 2, 2)), ((1, 6, 4, channels),))
    check_variant(case, MAX_POOL)


@pytest.mark.parametrize(
    ("window", "shape"),
    [
        (Window(3, 3, 2, 2, **AROUND), (2, 7, 8, 5)),
        (Window(2, 3, dilation_rows=2, dilation_cols=3), (1, 6, 9, 6)),
        (Window(1, 1), (1, 1, 1, 4)),
        (Window(5, 7), (1, 5, 7, 9)),
    ],
)
def test_max_pool_windows(window: Window, shape: Shape) -> None:
    check_variant(OpCase("max", MaxPool(window), (shape,)), MAX_POOL)


@pytest.mark.parametrize("channels", [8, 9, 15, 16, 17, 64])
def test_average_pool_remainders(channels: int) -> None:
    case = OpCase("average", AveragePool(Window(4, 3)), ((1, 5, 3, channels),))
    check_variant(case, AVERAGE_POOL)


@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize(
    ("window", "shape"),
    [
        (Window(4, 4, 2, 2, **AROUND), (2, 7, 8, 9)),
        (Window(3, 4, dilation_rows=2, dilation_cols=2), (1, 6, 9, 8)),
        (Window(16, 16), (1, 16, 16, 8)),
        (Window(3, 256), (1, 3, 256, 8)),
        (Window(40, 7), (1, 40, 8, 10)),
    ],
)
def test_average_pool_windows(window: Window, shape: Shape, count_include_pad: bool) -> None:
    op = AveragePool(window, count_include_pad=count_include_pad)
    check_variant(OpCase("average", op, (shape,)), AVERAGE_POOL)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((1, 5, 3, 8), (1, 2)),
        ((3, 4, 6, 11), (1, 2)),
        ((2, 3, 5, 7), (1,)),
        ((1, 20, 16, 9), (1, 2)),
        ((1, 257, 1, 16), (1,)),
        ((2, 2, 1, 8), (1, 2)),
    ],
)
def test_mean(shape: Shape, axes: tuple[int, ...]) -> None:
    check_variant(OpCase("mean", Mean(axes, keep_dims=True), (shape,)), MEAN)


def test_mean_in_single_rounding() -> None:
    case = OpCase("mean", Mean((1, 2), keep_dims=False), ((1, 5, 5, 8),))
    check_variant(case, MEAN, "single")


@pytest.mark.parametrize(
    ("case", "kernel", "reason"),
    [
        (OpCase("", MaxPool(Window(2, 2)), ((1, 4, 4, 3),)), MAX_POOL, "fewer than 4 channels"),
        (
            OpCase("", AveragePool(Window(4, 4)), ((1, 4, 4, 7),)),
            AVERAGE_POOL,
            "fewer than 8 channels",
        ),
        (OpCase("", AveragePool(Window(3, 3)), ((1, 4, 4, 8),)), AVERAGE_POOL, "12 taps"),
        (OpCase("", AveragePool(Window(1, 257)), ((1, 1, 257, 8),)), AVERAGE_POOL, "wider"),
        (OpCase("", Mean((1,), keep_dims=False), ((1, 4, 7),)), MEAN, "fewer than 8 elements"),
        (OpCase("", Mean((1, 3), keep_dims=False), ((1, 4, 7, 9),)), MEAN, "not neighbours"),
    ],
)
def test_refuses(case: OpCase, kernel: str, reason: str) -> None:
    assert reason in refusal(case, kernel)
