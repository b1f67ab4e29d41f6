"""Depthwise by any taps on Armv6: remainders of the channels, windows, strides and dilations."""

import pytest
from tests.kernels.test_depthwise_conv2d_words_s8_dsp import case, padded_case
from tests.support.geometry import ONE_AROUND
from tests.support.variant_cases import check_variants, refusal

from cnnc.ir.types import Rounding

KERNEL = "depthwise_conv2d_words_s8_armv6simd"


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_bytes_are_the_references(rounding: Rounding) -> None:
    cases = [
        *(case((3, 3), channels, **ONE_AROUND) for channels in range(4, 9)),
        *(padded_case(kernel) for kernel in ((5, 5), (9, 1), (1, 4), (1, 1), (8, 8))),
        case((3, 2), 5, stride_rows=2, stride_cols=3, dilation_rows=2, dilation_cols=2, pad_top=3),
    ]
    check_variants(cases, KERNEL, rounding)


def test_refuses_what_the_kernel_of_the_extension_refuses() -> None:
    assert "fewer than 4 channels" in refusal(case((3, 3), 3), KERNEL)
