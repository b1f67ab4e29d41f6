"""Convolution three columns wide with Helium: depths, strides, remainders of columns, refusals."""

import pytest
from tests.ops.test_conv2d import conv2d
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant, refusal

from cnnc.ir.types import Activation, Shape
from cnnc.ops.conv2d import Conv2d

KERNEL = "conv2d_sliding_s8_mve"

CASES = [
    *(
        OpCase(
            f"depth_{depth}_stride_{stride}",
            conv2d((4, 3, 3, depth), stride_rows=stride, stride_cols=stride, **ONE_AROUND),
            ((1, 5, 8 * stride, depth),),
        )
        for depth in (16, 32, 64)
        for stride in (1, 2)
    ),
    *(
        OpCase(f"columns_{cols}", conv2d((8, 3, 3, 16), **ONE_AROUND), ((1, 3, cols, 16),))
        for cols in (4, 5, 7, 9)
    ),
    OpCase(
        "stride_2_ends_early",
        conv2d((4, 2, 3, 16), stride_rows=3, stride_cols=2, pad_bottom=1, pad_right=1),
        ((1, 7, 12, 16),),
    ),
    OpCase("one_row_batch_2", conv2d((4, 1, 3, 32), pad_left=2), ((2, 3, 5, 32),)),
    OpCase("dilated_rows", conv2d((4, 3, 3, 16), dilation_rows=2), ((1, 7, 6, 16),)),
    OpCase(
        "relu6",
        conv2d((12, 3, 3, 16), activation=Activation.RELU6, **ONE_AROUND),
        ((1, 4, 6, 16),),
    ),
]

REFUSED = [
    (conv2d((4, 3, 1, 16)), (1, 6, 6, 16), "three columns wide"),
    (conv2d((4, 3, 3, 16), groups=2), (1, 6, 6, 32), "one group"),
    (conv2d((4, 3, 3, 48)), (1, 6, 6, 48), "16, 32 or 64"),
    (conv2d((4, 3, 3, 16), stride_cols=3), (1, 6, 16, 16), "stride of 1 or 2"),
    (conv2d((4, 1, 3, 16)), (1, 6, 6, 16), "2 to 32 times 16"),
    (conv2d((6, 3, 3, 16)), (1, 6, 6, 16), "multiple of 4"),
    (conv2d((4, 3, 3, 16)), (1, 5, 5, 16), "shorter than 4"),
    (conv2d((4, 3, 3, 16), dilation_cols=2), (1, 5, 9, 16), "dilated"),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gives_the_bytes_of_the_reference(case: OpCase) -> None:
    check_variant(case, KERNEL)


@pytest.mark.parametrize("case", CASES[-4:-2], ids=str)
def test_gives_the_bytes_of_the_reference_with_single_rounding(case: OpCase) -> None:
    check_variant(case, KERNEL, "single")


@pytest.mark.parametrize(("op", "image", "reason"), REFUSED, ids=[row[2] for row in REFUSED])
def test_refuses_what_it_cannot_compute(op: Conv2d, image: Shape, reason: str) -> None:
    assert reason in refusal(OpCase("refused", op, (image,)), KERNEL)
