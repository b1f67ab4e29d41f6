"""Convolutions for kernels by blocks of channels and depth: windows, borders, extremes."""

from typing import Unpack

import numpy as np
from tests.support.geometry import ONE_AROUND, Geometry
from tests.support.op_cases import OpCase

from cnnc.ir.types import F32, Activation, Window
from cnnc.ops.conv2d import Conv2d


def conv2d(
    outputs: int,
    depth: int,
    kernel: tuple[int, int] = (3, 3),
    activation: Activation = Activation.NONE,
    groups: int = 1,
    **window: Unpack[Geometry],
) -> Conv2d:
    generator = np.random.default_rng(outputs * 64 + depth)

    def normal(*shape: int) -> F32:
        return generator.normal(size=shape).astype(np.float32)

    return Conv2d(
        weight=normal(outputs, *kernel, depth // groups),
        bias=normal(outputs),
        activation=activation,
        window=Window(*kernel, **window),
        groups=groups,
    )


def case(
    name: str,
    op: Conv2d,
    rows: int,
    cols: int,
    *,
    output_range: tuple[float, float] | None = None,
    input_range: tuple[float, float] = (-1.0, 1.0),
) -> OpCase:
    depth = op.weight.shape[3] * op.groups
    shape = (1, rows, cols, depth)
    return OpCase(name, op, (shape,), (input_range,), output_range=output_range)


RELU = Activation.RELU
POINTWISE = (1, 1)

# Output channels: pairs and a single one. Depth: units of four, turns, runs of no whole word.
WINDOW_CASES = [
    *(
        case(f"pointwise_{depth}_{outputs}", conv2d(outputs, depth, POINTWISE, RELU), 2, 3)
        for depth, outputs in [(1, 2), (2, 3), (7, 4), (28, 5), (32, 2), (37, 3)]
    ),
    *(
        case(f"pixels_{rows}x{cols}", conv2d(3, 6, POINTWISE), rows, cols)
        for rows, cols in [(1, 1), (1, 2), (3, 1), (1, 5)]
    ),
    *(
        case(f"same_3x3_{depth}", conv2d(4, depth, activation=RELU, **ONE_AROUND), 4, 5)
        for depth in (1, 2, 3, 4)
    ),
    case("image_1x1", conv2d(3, 2, (5, 3), pad_top=4, pad_left=2, pad_bottom=4), 1, 3),
    case("mostly_padding", conv2d(2, 4, (3, 3), pad_top=5, pad_left=6, pad_right=4), 2, 2),
    case("taller_than_image", conv2d(4, 4, (5, 1), pad_top=1, pad_bottom=1), 4, 7),
    case("inside_only", conv2d(5, 4, (2, 3)), 5, 7),
    case("one_row_kernel", conv2d(2, 3, (1, 5), pad_left=2, pad_right=1), 2, 9),
    case("one_col_kernel", conv2d(2, 3, (5, 1), pad_top=1, pad_bottom=2), 9, 2),
    case(
        "keyword_first", conv2d(6, 1, (10, 4), RELU, stride_rows=2, stride_cols=2, pad_top=4), 17, 9
    ),
    case("strided", conv2d(4, 3, stride_rows=2, stride_cols=3, pad_bottom=1, pad_right=1), 7, 8),
    case("strided_pointwise", conv2d(4, 8, POINTWISE, stride_rows=2, stride_cols=2), 5, 7),
    case("padded_pointwise", conv2d(4, 8, POINTWISE, pad_top=1, pad_right=1), 2, 3),
    case("apart", conv2d(3, 5, dilation_rows=2, dilation_cols=2, **ONE_AROUND), 7, 6),
    case("rows_apart", conv2d(3, 4, dilation_rows=3), 8, 5),
    case("apart_and_strided", conv2d(2, 4, (2, 2), dilation_cols=3, stride_cols=2), 4, 9),
    OpCase("batch", conv2d(3, 4, **ONE_AROUND), ((3, 3, 3, 4),)),
    case("relu6", conv2d(4, 3, activation=Activation.RELU6), 4, 4, output_range=(0.0, 6.0)),
    case(
        "clamped_both_sides",
        conv2d(4, 3, activation=Activation.RELU_N1_TO_1),
        4,
        4,
        output_range=(-3.0, 4.0),
    ),
    case(
        "lowest_zero_points",
        conv2d(3, 4, **ONE_AROUND),
        3,
        4,
        output_range=(0.0, 9.0),
        input_range=(0.0, 6.0),
    ),
    case(
        "highest_zero_points",
        conv2d(3, 4, **ONE_AROUND),
        3,
        4,
        output_range=(-9.0, 0.0),
        input_range=(-6.0, 0.0),
    ),
    case("saturates", conv2d(4, 8, POINTWISE, RELU), 3, 3, output_range=(0.0, 0.5)),
    case("tiny_scale", conv2d(4, 8, POINTWISE), 3, 3, output_range=(-900.0, 900.0)),
]
