"""Pointwise convolution with Helium: remainders of pixels, channels and depth, and refusals."""

import pytest
from tests.ops.test_conv2d import conv2d
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant, lowered, refusal

from cnnc.codegen.kernel import Lowering
from cnnc.ir.types import Activation

KERNEL = "conv2d_1x1_s8_mve"

CASES = [
    OpCase("one_of_each", conv2d((1, 1, 1, 1)), ((1, 1, 1, 1),)),
    OpCase("two_channels_depth_15", conv2d((2, 1, 1, 15)), ((1, 1, 2, 15),)),
    OpCase("three_channels_depth_16", conv2d((3, 1, 1, 16)), ((1, 3, 1, 16),)),
    OpCase("four_channels_depth_17", conv2d((4, 1, 1, 17)), ((1, 2, 2, 17),)),
    OpCase("five_channels_depth_32", conv2d((5, 1, 1, 32)), ((1, 1, 5, 32),)),
    OpCase("eight_channels_depth_144", conv2d((8, 1, 1, 144)), ((1, 2, 3, 144),)),
    OpCase("eight_channels_depth_145", conv2d((8, 1, 1, 145)), ((1, 1, 7, 145),)),
    OpCase("seven_channels_depth_272", conv2d((7, 1, 1, 272)), ((1, 1, 4, 272),)),
    OpCase("twelve_channels_depth_288", conv2d((12, 1, 1, 288)), ((1, 1, 4, 288),)),
    OpCase("four_channels_depth_8", conv2d((4, 1, 1, 8)), ((1, 3, 3, 8),)),
    OpCase("strides", conv2d((8, 1, 1, 20), stride_rows=2, stride_cols=3), ((1, 5, 8, 20),)),
    OpCase("strides_batch_3", conv2d((6, 1, 1, 4), stride_rows=3, stride_cols=2), ((3, 5, 4, 4),)),
    OpCase("relu", conv2d((8, 1, 1, 16), activation=Activation.RELU), ((1, 3, 3, 16),)),
    OpCase("relu6", conv2d((6, 1, 1, 5), activation=Activation.RELU6), ((1, 3, 3, 5),)),
    OpCase(
        "lowest_zero_points",
        conv2d((4, 1, 1, 24)),
        ((1, 2, 3, 24),),
        input_ranges=((0.0, 6.0),),
        output_range=(0.0, 9.0),
    ),
    OpCase(
        "highest_zero_points",
        conv2d((5, 1, 1, 24)),
        ((1, 2, 3, 24),),
        input_ranges=((-6.0, 0.0),),
        output_range=(-9.0, 0.0),
    ),
    OpCase(
        "small_multipliers",
        conv2d((4, 1, 1, 7)),
        ((1, 3, 3, 7),),
        output_range=(-30.0, 25.0),
    ),
    OpCase(
        "multipliers_up_to_one",
        conv2d((4, 1, 1, 3)),
        ((1, 3, 3, 3),),
        input_ranges=((-30.0, 30.0),),
        output_range=(-1.6, 1.4),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gives_the_bytes_of_the_reference(case: OpCase) -> None:
    check_variant(case, KERNEL)


@pytest.mark.parametrize("case", CASES[4:8], ids=str)
def test_gives_the_bytes_of_the_reference_with_single_rounding(case: OpCase) -> None:
    check_variant(case, KERNEL, "single")


def test_short_lines_are_left_to_the_kernel_that_gathers_pixels() -> None:
    # Three pixels of a line make three panels of four here, and less than one there.
    op = conv2d((32, 1, 1, 32), stride_rows=2, stride_cols=2)
    model = quantized_case(OpCase("short", op, ((1, 20, 5, 32),)), "double")
    here, there = (lowered(model, 0, kernel) for kernel in (KERNEL, "conv2d_s8_mve"))
    assert isinstance(here, Lowering)
    assert isinstance(there, Lowering)
    assert here.instructions is not None
    assert there.instructions is not None
    assert there.instructions < here.instructions


def test_refuses_what_it_cannot_compute() -> None:
    taps = OpCase("taps", conv2d((4, 1, 2, 3)), ((1, 3, 3, 3),))
    assert "1x1" in refusal(taps, KERNEL)
    padded = OpCase("padded", conv2d((4, 1, 1, 3), pad_top=1), ((1, 3, 3, 3),))
    assert "padding" in refusal(padded, KERNEL)
    large = OpCase(
        "large",
        conv2d((4, 1, 1, 3)),
        ((1, 3, 3, 3),),
        input_ranges=((-300.0, 300.0),),
        output_range=(-1.0, 1.0),
    )
    assert "1 or more" in refusal(large, KERNEL)
