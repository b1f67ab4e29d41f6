"""Depthwise convolution with AArch64's dot products: lines, columns and channels that are left."""

import pytest
from tests.ops.test_depthwise_conv2d import depthwise
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variants, refusal

from cnnc.ir.types import Activation

KERNEL = "depthwise_conv2d_s8_neon_dot"

CASES = [
    *(
        OpCase(
            f"{rows}_times_{cols}_outputs",
            depthwise((3, 3, 16), **ONE_AROUND),
            ((1, rows, cols, 16),),
        )
        for rows, cols in ((1, 1), (2, 2), (3, 3), (4, 4), (5, 7))
    ),
    *(
        OpCase(f"channels_{channels}", depthwise((3, 3, channels)), ((2, 5, 6, channels),))
        for channels in (16, 17, 31, 40)
    ),
    *(
        OpCase(
            f"strides_{rows}_{cols}_of_{width}",
            depthwise((3, 3, 24), stride_rows=rows, stride_cols=cols, **ONE_AROUND),
            ((1, 9, width, 24),),
        )
        for rows, cols, width in ((2, 2, 7), (2, 2, 8), (2, 1, 5), (1, 2, 10), (3, 2, 12))
    ),
    *(
        OpCase(
            f"neighbours_{rows}_times_{cols}",
            depthwise((3, 3, 8), stride_rows=stride, **ONE_AROUND),
            ((2, rows, cols, 8),),
        )
        for rows, cols, stride in ((1, 2, 1), (2, 4, 1), (5, 6, 1), (5, 8, 2))
    ),
    OpCase("neighbours_in_place", depthwise((3, 3, 8)), ((1, 6, 8, 8),)),
    OpCase("bands", depthwise((3, 3, 96), **ONE_AROUND), ((1, 11, 60, 96),)),
    OpCase(
        "bands_stride_2",
        depthwise((3, 3, 96), stride_rows=2, stride_cols=2, pad_bottom=1, pad_right=1),
        ((2, 12, 80, 96),),
    ),
    OpCase("asymmetric_pads", depthwise((3, 3, 20), pad_top=3, pad_right=4), ((1, 4, 4, 20),)),
    OpCase(
        "relu_from_the_lowest",
        depthwise((3, 3, 19), activation=Activation.RELU, **ONE_AROUND),
        ((1, 5, 5, 19),),
        output_range=(0.0, 5.0),
    ),
    OpCase(
        "relu_above_the_lowest",
        depthwise((3, 3, 19), activation=Activation.RELU, **ONE_AROUND),
        ((1, 5, 5, 19),),
        output_range=(-4.0, 5.0),
    ),
    OpCase(
        "relu6_stride_2",
        depthwise((3, 3, 16), activation=Activation.RELU6, stride_rows=2, stride_cols=2),
        ((1, 7, 9, 16),),
        output_range=(-1.0, 9.0),
    ),
    OpCase(
        "highest_zero_points",
        depthwise((3, 3, 16), **ONE_AROUND),
        ((1, 4, 5, 16),),
        input_ranges=((-6.0, 0.0),),
        output_range=(-9.0, 0.0),
    ),
]

REFUSED = {
    "several filters": depthwise((3, 3, 32), multiplier=2),
    "not 3x3": depthwise((3, 2, 16)),
    "dilated": depthwise((3, 3, 16), dilation_rows=2),
    "column stride": depthwise((3, 3, 16), stride_cols=3),
    "fewer than 16 channels": depthwise((3, 3, 15)),
    "no pairs": depthwise((3, 3, 8)),
}


def test_gives_the_bytes_of_the_reference() -> None:
    check_variants(CASES, KERNEL)


def test_gives_the_bytes_of_the_reference_with_single_rounding() -> None:
    check_variants([*CASES[4:7], *CASES[-5:]], KERNEL, "single")


@pytest.mark.parametrize("reason", REFUSED)
def test_refuses_what_it_cannot_compute(reason: str) -> None:
    channels = 16 if "several" in reason else REFUSED[reason].weight.shape[2]
    assert reason in refusal(OpCase("refused", REFUSED[reason], ((1, 8, 9, channels),)), KERNEL)


def test_refuses_multipliers_of_half_and_more() -> None:
    case = OpCase(
        "large",
        depthwise((3, 3, 16)),
        ((1, 5, 5, 16),),
        input_ranges=((-300.0, 300.0),),
        output_range=(-1.0, 1.0),
    )
    assert "1/2 or more" in refusal(case, KERNEL)
