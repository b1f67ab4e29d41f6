"""Depthwise convolution with Helium: both orders of rows and columns, remainders, refusals."""

import pytest
from tests.ops.test_depthwise_conv2d import CASES as OPERATOR_CASES
from tests.ops.test_depthwise_conv2d import depthwise
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant, refusal

from cnnc.ir.types import Activation

KERNEL = "depthwise_conv2d_s8_mve"

REFUSED = {
    "image_1x1_mostly_padding": "larger than 4x4",
    "kernel_is_image": "larger than 4x4",
    "highest_zero_points": "several filters",
    "multiplier_2": "several filters",
    "multiplier_5_strided": "several filters",
    "multiplier_of_one_channel": "several filters",
    "multiplier_batch_2": "several filters",
    "multiplier_above_one": "1 or more",
}

CASES = [
    *[case for case in OPERATOR_CASES if case.name not in REFUSED],
    OpCase("wide", depthwise((3, 3, 5), **ONE_AROUND), ((1, 4, 13, 5),)),
    OpCase("tall", depthwise((3, 3, 18), **ONE_AROUND), ((2, 13, 3, 18),)),
    OpCase("wide_4x4", depthwise((4, 4, 3), **ONE_AROUND), ((1, 6, 19, 3),)),
    OpCase("tall_4x2", depthwise((4, 2, 7), pad_top=3, stride_rows=2), ((1, 21, 4, 7),)),
    OpCase("row_kernel", depthwise((1, 3, 4), pad_left=1, pad_right=1), ((1, 3, 6, 4),)),
    OpCase(
        "stride_2_leaves_columns",
        depthwise((3, 3, 6), stride_rows=2, stride_cols=2),
        ((1, 8, 36, 6),),
    ),
    OpCase("stride_passes_kernel", depthwise((2, 2, 3), stride_cols=5), ((1, 4, 38, 3),)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gives_the_bytes_of_the_reference(case: OpCase) -> None:
    check_variant(case, KERNEL)


@pytest.mark.parametrize("case", CASES[-6:-3], ids=str)
def test_gives_the_bytes_of_the_reference_with_single_rounding(case: OpCase) -> None:
    check_variant(case, KERNEL, "single")


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_it_cannot_compute(name: str) -> None:
    case = next(case for case in OPERATOR_CASES if case.name == name)
    assert REFUSED[name] in refusal(case, KERNEL)


def test_refuses_rows_that_stores_do_not_reach() -> None:
    case = OpCase("huge", depthwise((1, 1, 9000), activation=Activation.RELU), ((1, 8, 8, 9000),))
    assert "reach" in refusal(case, KERNEL)
