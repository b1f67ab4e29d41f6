"""Convolution with AArch64's dot products: geometry, lines in place, padded and gathered."""

import pytest
from tests.ops.test_conv2d import CASES as OPERATOR_CASES
from tests.ops.test_conv2d import conv2d
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variants, lowered, refusal

from cnnc.codegen.kernel import Lowering
from cnnc.ir.types import Activation

KERNEL = "conv2d_s8_neon_dot"

GROUPS = {"groups_2", "groups_3_1x1", "groups_of_one_output"}

IN_PLACE = OpCase("in_place", conv2d((16, 3, 3, 16)), ((2, 6, 9, 16),))
PADDED = OpCase("padded", conv2d((24, 3, 3, 24), **ONE_AROUND), ((2, 5, 7, 24),))
GATHERED = OpCase("gathered", conv2d((64, 10, 4, 1), stride_rows=2, pad_top=4), ((2, 9, 9, 1),))

CASES = [
    *[case for case in OPERATOR_CASES if case.name not in GROUPS],
    IN_PLACE,
    PADDED,
    GATHERED,
    OpCase("bands", conv2d((16, 3, 3, 64), **ONE_AROUND), ((1, 17, 60, 64),)),
    OpCase("wide_lines", conv2d((8, 1, 5, 300), pad_left=2, pad_right=2), ((1, 4, 40, 300),)),
    OpCase("line_of_9_bytes", conv2d((40, 3, 3, 3), **ONE_AROUND), ((1, 9, 13, 3),)),
    OpCase(
        "strides",
        conv2d((17, 3, 3, 18), stride_rows=2, stride_cols=2, **ONE_AROUND),
        ((1, 9, 13, 18),),
    ),
    OpCase(
        "pointwise_strides", conv2d((32, 1, 1, 16), stride_rows=2, stride_cols=2), ((1, 8, 8, 16),)
    ),
    OpCase("dilated_rows", conv2d((16, 3, 1, 20), dilation_rows=3, pad_top=2), ((1, 9, 5, 20),)),
    OpCase("dilated_cols", conv2d((16, 1, 3, 20), dilation_cols=3, pad_right=2), ((2, 3, 9, 20),)),
    OpCase("padding_alone", conv2d((16, 2, 2, 16), pad_top=3, pad_left=4), ((1, 2, 3, 16),)),
    OpCase("pointwise", conv2d((19, 1, 1, 24)), ((2, 3, 3, 24),)),
    OpCase("relu_16", conv2d((16, 3, 3, 8), activation=Activation.RELU), ((1, 7, 7, 8),)),
    OpCase(
        "two_channels_of_any_scale",
        conv2d((2, 3, 3, 16), **ONE_AROUND),
        ((1, 5, 21, 16),),
        input_ranges=((-90.0, 30.0),),
        output_range=(-1.0, 1.0),
    ),
]


def test_gives_the_bytes_of_the_reference() -> None:
    check_variants(CASES, KERNEL)


def test_gives_the_bytes_of_the_reference_with_single_rounding() -> None:
    check_variants(CASES[-10:], KERNEL, "single")


@pytest.mark.parametrize(
    ("case", "is_padded", "is_gathered"),
    [(IN_PLACE, False, False), (PADDED, True, False), (GATHERED, True, True)],
    ids=str,
)
def test_reads_pixels_the_cheapest_way(case: OpCase, is_padded: bool, is_gathered: bool) -> None:
    answer = lowered(quantized_case(case, "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    (call,) = answer.calls
    assert (call.parameters["padded_cols"] > 0) == is_padded
    assert (call.parameters["patch_bytes"] > 0) == is_gathered


def test_copies_a_large_image_in_bands() -> None:
    case = next(case for case in CASES if case.name == "bands")
    answer = lowered(quantized_case(case, "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    assert answer.calls[0].parameters["lines_at_once"] == 4
    assert answer.scratch_bytes == 6 * 62 * 64 + 64


def test_refuses_groups() -> None:
    case = next(case for case in OPERATOR_CASES if case.name == "groups_2")
    assert "groups" in refusal(case, KERNEL)
