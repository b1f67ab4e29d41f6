"""Depthwise convolution by words: any window, remainders of the channels, and what it refuses."""

from typing import Unpack

import numpy as np
import pytest
from tests.support.geometry import ONE_AROUND, Geometry
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant, check_variants, refusal

from cnnc.ir.types import Activation, Rounding, Window
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d

KERNEL = "depthwise_conv2d_words_s8_dsp"


def case(
    kernel: tuple[int, int],
    channels: int,
    activation: Activation = Activation.NONE,
    multiplier: int = 1,
    **window: Unpack[Geometry],
) -> OpCase:
    generator = np.random.default_rng(channels)
    outputs = channels * multiplier
    op = DepthwiseConv2d(
        weight=generator.normal(size=(*kernel, outputs)).astype(np.float32),
        bias=generator.normal(size=outputs).astype(np.float32),
        activation=activation,
        window=Window(*kernel, **window),
        multiplier=multiplier,
    )
    name = f"{kernel[0]}x{kernel[1]}x{channels}"
    return OpCase(name, op, ((2, kernel[0] + 4, kernel[1] + 5, channels),), ((-0.3, 1.0),))


def test_every_remainder_of_channels() -> None:
    check_variants([case((3, 3), channels, **ONE_AROUND) for channels in range(4, 10)], KERNEL)


def padded_case(kernel: tuple[int, int]) -> OpCase:
    around: Geometry = {
        "pad_top": kernel[0] // 2,
        "pad_left": kernel[1] // 2,
        "pad_right": kernel[1] // 3,
    }
    return case(kernel, 6, Activation.RELU, **around)


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_windows(rounding: Rounding) -> None:
    kernels = [(5, 5), (9, 1), (1, 4), (1, 1), (8, 8)]
    check_variants([padded_case(kernel) for kernel in kernels], KERNEL, rounding)


def test_strides_and_dilations() -> None:
    geometry: Geometry = {
        "stride_rows": 2,
        "stride_cols": 3,
        "dilation_rows": 2,
        "dilation_cols": 2,
        "pad_top": 3,
        "pad_right": 2,
    }
    check_variant(case((3, 2), 5, **geometry), KERNEL)


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (case((3, 3), 3), "fewer than 4 channels"),
        (case((3, 3), 4, multiplier=2), "2 filters per channel"),
        (case((9, 8), 4), "more than 64 taps"),
    ],
)
def test_refuses(refused: OpCase, reason: str) -> None:
    assert reason in refusal(refused, KERNEL)
