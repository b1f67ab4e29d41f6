"""Convolutions with AVX-512 VNNI: tiles of every size, borders, remainders, both roundings."""

from typing import Unpack

import numpy as np
from tests.support.geometry import ONE_AROUND, Geometry
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variants, lowered, refusal

from cnnc.codegen.kernel import KernelCall, Lowering
from cnnc.codegen.packing.x86_tiles import VNNI, plan_tiles
from cnnc.ir.types import Activation, Window
from cnnc.ops.conv2d import Conv2d

KERNEL = "conv2d_s8_avx512vnni"
GENERATOR = np.random.default_rng(5)


def conv2d(
    outputs: int,
    depth: int,
    kernel: tuple[int, int] = (3, 3),
    activation: Activation = Activation.NONE,
    groups: int = 1,
    **window: Unpack[Geometry],
) -> Conv2d:
    return Conv2d(
        weight=GENERATOR.normal(size=(outputs, *kernel, depth // groups)).astype(np.float32),
        bias=GENERATOR.normal(size=outputs).astype(np.float32),
        activation=activation,
        window=Window(*kernel, **window),
        groups=groups,
    )


def image(name: str, op: Conv2d, rows: int, cols: int, batch: int = 1) -> OpCase:
    shape = (batch, rows, cols, op.weight.shape[3] * op.groups)
    return OpCase(name, op, (shape,), ((-0.4, 1.0),))


CASES = [
    *(image(f"one_line_of_{n}", conv2d(33, 5, (1, 2)), 1, n) for n in (2, 3, 8, 11, 13)),
    *(image(f"channels_{n}", conv2d(n, 4, (2, 2)), 3, 4) for n in (1, 16, 17, 65)),
    *(image(f"few_pixels_{n}", conv2d(n, 20, (2, 2)), 2, 4) for n in (49, 64)),
    *(image(f"depth_{depth}", conv2d(8, depth, (2, 3)), 3, 4) for depth in (21, 22, 23)),
    image("padded", conv2d(8, 17, **ONE_AROUND), 3, 4, batch=3),
    image("mostly_padding", conv2d(8, 16, pad_top=5, pad_left=6, pad_right=4), 2, 2),
    image("apart", conv2d(8, 18, dilation_rows=2, dilation_cols=3, **ONE_AROUND), 6, 8),
    image("strided", conv2d(9, 18, stride_rows=2, stride_cols=3, pad_right=1), 7, 8),
    image("strided_pointwise", conv2d(12, 150, (1, 1), stride_rows=2), 5, 3),
    image("first_layer", conv2d(16, 3, stride_rows=2, stride_cols=2, pad_bottom=1), 9, 12),
    image("several_bands", conv2d(8, 32, **ONE_AROUND), 43, 11),
    image("bands_apart", conv2d(4, 32, (2, 1), stride_rows=3, dilation_rows=2), 41, 15, batch=2),
    image("relu", conv2d(9, 24, activation=Activation.RELU, **ONE_AROUND), 3, 3),
    image("relu6", conv2d(40, 24, activation=Activation.RELU6, **ONE_AROUND), 3, 3),
    # Rows times weights.
    image("pointwise", conv2d(5, 67, (1, 1)), 3, 4, batch=2),
    image("pointwise_chunks", conv2d(16, 256, (1, 1)), 9, 12),
    image("whole_image", conv2d(6, 7, (4, 5)), 4, 5, batch=2),
    OpCase(
        "lowest_zero_points",
        conv2d(4, 24, **ONE_AROUND),
        ((1, 2, 3, 24),),
        input_ranges=((0.0, 6.0),),
        output_range=(0.0, 9.0),
    ),
    OpCase(
        "lines_of_zeros",
        conv2d(4, 24, pad_top=4, pad_bottom=5, stride_rows=2, dilation_rows=2),
        ((2, 6, 5, 24),),
        input_ranges=((0.0, 6.0),),
    ),
    OpCase(
        "highest_zero_points",
        conv2d(5, 24, **ONE_AROUND),
        ((1, 2, 3, 24),),
        input_ranges=((-6.0, 0.0),),
        output_range=(-9.0, 0.0),
    ),
    OpCase(
        "two_products_to_scale",
        conv2d(32, 64),
        ((1, 4, 4, 64),),
        ((-0.4, 1.0),),
        output_range=(-150.0, 150.0),
    ),
    OpCase("small_multipliers", conv2d(4, 7), ((1, 3, 3, 7),), output_range=(-3e6, 2e6)),
    OpCase(
        "multipliers_above_one",
        conv2d(4, 3),
        ((1, 3, 3, 3),),
        input_ranges=((-300.0, 300.0),),
        output_range=(-1.6, 1.4),
    ),
]


def test_gives_the_bytes_of_the_reference() -> None:
    check_variants(CASES, KERNEL)


def test_gives_the_bytes_of_the_reference_with_single_rounding() -> None:
    check_variants([case for case in CASES if case.output_range is not None], KERNEL, "single")


def test_scales_by_real_numbers_where_that_is_proven() -> None:
    relu = image("relu", conv2d(8, 16, activation=Activation.RELU), 4, 4)
    assert _call(relu).parameters["is_real"] == 3
    assert _call(image("usual", conv2d(8, 16), 4, 4)).parameters["is_real"] == 2
    cases = {case.name: case for case in CASES}
    assert _call(cases["two_products_to_scale"]).parameters["is_real"] == 1
    assert _call(cases["small_multipliers"]).parameters["is_real"] == 0


def test_tiles_of_a_last_layer_overlap_little() -> None:
    tiles = plan_tiles(VNNI, 7, 7, 4608 // 4, 512)
    assert tiles.rows == 7
    rows = plan_tiles(VNNI, 1, 49, 1024 // 4, 1024)
    assert -(-49 // rows.rows) * rows.rows <= 52


def test_refuses_groups() -> None:
    grouped = image("grouped", conv2d(8, 16, groups=2), 3, 3)
    assert "groups" in refusal(grouped, KERNEL)


def _call(case: OpCase) -> KernelCall:
    answer = lowered(quantized_case(case, "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    (call,) = answer.calls
    return call
