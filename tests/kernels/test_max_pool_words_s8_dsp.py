"""Max pooling by words: remainders of the channels, borders, large windows, refusals."""

import pytest
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant, refusal

from cnnc.ir.types import Shape, Window
from cnnc.ops.max_pool import MaxPool

KERNEL = "max_pool_words_s8_dsp"
AROUND = {"pad_top": 1, "pad_left": 1, "pad_bottom": 2, "pad_right": 1}


@pytest.mark.parametrize("channels", range(4, 13))
def test_max_pool_remainders(channels: int) -> None:
    case = OpCase("max", MaxPool(Window(2, 2, 2, 2)), ((1, 6, 4, channels),))
    check_variant(case, KERNEL)


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
    check_variant(OpCase("max", MaxPool(window), (shape,)), KERNEL)


def test_refuses_three_channels() -> None:
    case = OpCase("max", MaxPool(Window(2, 2)), ((1, 4, 4, 3),))
    assert refusal(case, KERNEL) == "there are fewer than 4 channels"
