"""Max pooling on Armv6: remainders of the channels, borders, dilations, large windows."""

from tests.kernels.test_max_pool_words_s8_dsp import AROUND
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variants, refusal

from cnnc.ir.types import Window
from cnnc.ops.max_pool import MaxPool

KERNEL = "max_pool_words_s8_armv6simd"


def test_bytes_are_the_references() -> None:
    shapes = [(1, 6, 4, channels) for channels in range(4, 9)]
    halved = [OpCase(f"max {s[3]}", MaxPool(Window(2, 2, 2, 2)), (s,)) for s in shapes]
    others = [
        OpCase("around", MaxPool(Window(3, 3, 2, 2, **AROUND)), ((2, 7, 8, 5),)),
        OpCase("apart", MaxPool(Window(2, 3, dilation_rows=2, dilation_cols=3)), ((1, 6, 9, 6),)),
        OpCase("large", MaxPool(Window(5, 7)), ((1, 5, 7, 9),)),
    ]
    check_variants([*halved, *others], KERNEL)


def test_refuses_three_channels() -> None:
    case = OpCase("max", MaxPool(Window(2, 2)), ((1, 4, 4, 3),))
    assert refusal(case, KERNEL) == "there are fewer than 4 channels"
