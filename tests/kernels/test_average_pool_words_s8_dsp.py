"""Average pooling by words: remainders of the channels, borders, large windows, refusals."""

import pytest
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant, refusal

from cnnc.ir.types import Shape, Window
from cnnc.ops.average_pool import AveragePool

KERNEL = "average_pool_words_s8_dsp"
AROUND = {"pad_top": 1, "pad_left": 1, "pad_bottom": 2, "pad_right": 1}


@pytest.mark.parametrize("channels", [8, 9, 15, 16, 17, 64])
def test_average_pool_remainders(channels: int) -> None:
    case = OpCase("average", AveragePool(Window(4, 3)), ((1, 5, 3, channels),))
    check_variant(case, KERNEL)


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
    check_variant(OpCase("average", op, (shape,)), KERNEL)


@pytest.mark.parametrize(
    ("window", "shape", "reason"),
    [
        (Window(4, 4), (1, 4, 4, 7), "fewer than 8 channels"),
        (Window(3, 3), (1, 4, 4, 8), "12 taps"),
        (Window(1, 257), (1, 1, 257, 8), "wider"),
    ],
)
def test_refuses(window: Window, shape: Shape, reason: str) -> None:
    assert reason in refusal(OpCase("average", AveragePool(window), (shape,)), KERNEL)
