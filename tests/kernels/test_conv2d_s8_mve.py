"""Convolution with Helium: geometry, remainders of pixels and of rows, and refusals."""

import pytest
from tests.ops.test_conv2d import CASES as OPERATOR_CASES
from tests.ops.test_conv2d import conv2d
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant, refusal

KERNEL = "conv2d_s8_mve"

REFUSED = {
    "dilation": "dilated",
    "dilation_and_stride": "dilated",
    "groups_2": "groups",
    "groups_3_1x1": "groups",
    "groups_of_one_output": "groups",
    "multiplier_above_one": "1 or more",
}

CASES = [
    *[case for case in OPERATOR_CASES if case.name not in REFUSED],
    OpCase("dilated_rows", conv2d((4, 3, 2, 2), dilation_rows=3, pad_top=2), ((1, 9, 5, 2),)),
    OpCase("stride_passes_span", conv2d((4, 2, 2, 3), stride_rows=4), ((2, 11, 5, 3),)),
    OpCase("tall", conv2d((4, 10, 4, 1), stride_rows=2, stride_cols=2), ((1, 14, 11, 1),)),
    OpCase("row_of_48_bytes", conv2d((8, 3, 3, 16), **ONE_AROUND), ((1, 4, 5, 16),)),
    OpCase("more_than_9_steps", conv2d((8, 3, 3, 19), **ONE_AROUND), ((1, 3, 4, 19),)),
    OpCase("17_steps", conv2d((4, 3, 3, 30), **ONE_AROUND), ((1, 3, 3, 30),)),
    OpCase("odd_channels", conv2d((7, 3, 3, 3), **ONE_AROUND), ((1, 5, 3, 3),)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gives_the_bytes_of_the_reference(case: OpCase) -> None:
    check_variant(case, KERNEL)


@pytest.mark.parametrize("case", CASES[-3:], ids=str)
def test_gives_the_bytes_of_the_reference_with_single_rounding(case: OpCase) -> None:
    check_variant(case, KERNEL, "single")


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_it_cannot_compute(name: str) -> None:
    case = next(case for case in OPERATOR_CASES if case.name == name)
    assert REFUSED[name] in refusal(case, KERNEL)


def test_refuses_a_kernel_that_is_too_tall() -> None:
    case = OpCase("tall", conv2d((4, 17, 1, 1)), ((1, 20, 3, 1),))
    assert "16 kernel rows" in refusal(case, KERNEL)
