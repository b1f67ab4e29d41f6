"""Convolutions by patches on AArch64: borders, strides, tiles, few channels, rows in place."""

import numpy as np
import pytest
from tests.ops.test_conv2d import conv2d
from tests.support.geometry import Geometry
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variants, lowered, refusal

from cnnc.codegen.kernel import Lowering
from cnnc.codegen.packing.neon64_rows import tile_rows
from cnnc.ir.types import Activation, Rounding

KERNEL = "conv2d_s8_neon64"

PADDED: Geometry = {"pad_top": 1, "pad_left": 2, "pad_bottom": 2, "pad_right": 1}

CASES = [
    OpCase("one_of_each", conv2d((1, 1, 1, 1)), ((1, 1, 1, 1),)),
    OpCase("in_place", conv2d((9, 1, 1, 13)), ((2, 3, 5, 13),)),
    OpCase("whole_image", conv2d((5, 3, 4, 6)), ((2, 3, 4, 6),)),
    OpCase("one_channel", conv2d((16, 10, 4, 1), stride_rows=2, stride_cols=2, pad_top=4,
                                 pad_bottom=5, pad_left=1, pad_right=1), ((1, 21, 10, 1),)),
    OpCase("three_channels", conv2d((8, 3, 3, 3), stride_rows=2, stride_cols=2, pad_bottom=1,
                                    pad_right=1, activation=Activation.RELU6), ((1, 12, 14, 3),)),
    OpCase("padded", conv2d((12, 3, 3, 16), **PADDED), ((2, 5, 4, 16),)),
    OpCase("padded_relu", conv2d((8, 2, 3, 5), activation=Activation.RELU, **PADDED),
           ((1, 4, 3, 5),)),
    OpCase("window_beyond_image", conv2d((3, 5, 5, 2), pad_top=2, pad_left=2, pad_bottom=2,
                                         pad_right=2), ((1, 2, 1, 2),)),
    OpCase("dilated", conv2d((10, 3, 2, 7), dilation_rows=2, dilation_cols=3, pad_top=1,
                              pad_right=2),
           ((1, 7, 6, 7),)),
    OpCase("pointwise_strides", conv2d((8, 1, 1, 20), stride_rows=2, stride_cols=3),
           ((3, 5, 8, 20),)),
    OpCase("tiles", conv2d((8, 3, 3, 65), pad_top=1, pad_left=1), ((1, 9, 9, 65),)),
    OpCase("deep", conv2d((4, 3, 3, 2000), pad_top=1, pad_left=1), ((1, 2, 4, 2000),)),
]  # fmt: skip


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_gives_the_bytes_of_the_reference(rounding: Rounding) -> None:
    check_variants(CASES, KERNEL, rounding)


def test_one_tap_takes_rows_in_place() -> None:
    model = quantized_case(CASES[1], "double")
    answer = lowered(model, 0, KERNEL)
    assert isinstance(answer, Lowering)
    assert answer.kernels == ("fully_connected_s8_neon64",)


def test_refuses_groups() -> None:
    grouped = OpCase("grouped", conv2d((4, 1, 1, 3), groups=2), ((1, 3, 3, 6),))
    assert "groups" in refusal(grouped, KERNEL)


@pytest.mark.parametrize(
    ("channels", "rows", "tile"),
    [(64, 1, 1), (64, 15, 8), (64, 1000, 8), (65, 1000, 32), (65, 3, 3)],
)
def test_large_weights_are_read_for_more_rows_at_a_time(
    channels: int, rows: int, tile: int
) -> None:
    assert tile_rows(np.zeros((channels, 2048), np.int8), 2048, rows) == tile
