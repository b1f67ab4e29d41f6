"""Depthwise 3x3 on Armv6: remainders of channels, lines and positions, strides, borders, blocks."""

from dataclasses import replace

from tests.kernels.test_depthwise_conv2d_3x3_s8_dsp import HALVED, PADDED, STRIDE_2, case, depthwise
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variants, refusal

from cnnc.ir.types import Activation

KERNEL = "depthwise_conv2d_3x3_s8_armv6simd"

CASES = [
    *(case(4, 5, channels, **ONE_AROUND) for channels in (4, 6, 7, 9)),
    *(case(rows, 3, **ONE_AROUND) for rows in range(2, 9)),
    *(case(rows, cols, **HALVED) for rows, cols in ((4, 6), (5, 7), (7, 6), (9, 9))),
    *(replace(case(6, 7, **window), name=f"padded {window}") for window in PADDED),
    case(33, 34, 6, **HALVED),
    case(3, 31, 6, **ONE_AROUND),
    case(66, 5, 6, **STRIDE_2),
    case(5, 4, 6, batch=3, **ONE_AROUND),
]


def test_bytes_are_the_references() -> None:
    check_variants(CASES, KERNEL)


def test_bytes_are_the_references_with_single_rounding() -> None:
    signed = depthwise(8, Activation.NONE, **ONE_AROUND)
    cases = [OpCase("none", signed, ((1, 5, 4, 8),)), case(7, 5, 5, **ONE_AROUND)]
    check_variants(cases, KERNEL, "single")


def test_refuses_what_the_kernel_of_the_extension_refuses() -> None:
    assert "fewer than 4 channels" in refusal(case(4, 4, 3, **ONE_AROUND), KERNEL)
