"""Convolutions on Armv6: remainders of every block, panels, borders, extremes, refusals."""

from dataclasses import replace
from typing import Unpack

import numpy as np
from tests.support.geometry import ONE_AROUND, Geometry
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import (
    check_variant_models,
    check_variants,
    lowered,
    refusal,
)

from cnnc.codegen.kernel import Lowering
from cnnc.codegen.variants import Refusal
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import F32, Activation, Rounding, Window
from cnnc.ops.conv2d import Conv2d

KERNEL = "conv2d_s8_armv6simd"


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

# Output channels: pairs and a single one. Depth: units of four, turns of 64, runs of no whole word.
CASES = [
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
    case("single_channel", conv2d(1, 5), 4, 4),
    case("single_channel_of_a_pixel", conv2d(1, 5, POINTWISE, RELU), 1, 1),
    case("rows", conv2d(5, 60, POINTWISE, RELU), 1, 7),
    *(case(f"turns_{depth}", conv2d(3, depth, POINTWISE), 2, 2) for depth in (64, 68, 128, 131)),
    # Panels of 6 pixels, the last with 1, 2 and 3, and of one pair.
    *(case(f"panels_{cols}", conv2d(3, 64, (3, 3), RELU), 3, 2 + cols) for cols in (7, 8, 9)),
    *(case(f"pairs_{cols}", conv2d(2, 456, (3, 3)), 3, 2 + cols) for cols in (1, 3, 4)),
]


SINGLE_ROUNDING = ("pointwise_7_4", "same_3x3_3", "clamped_both_sides", "highest_zero_points")


def test_bytes_are_the_references() -> None:
    check_variants(CASES, KERNEL)


def test_bytes_are_the_references_with_single_rounding() -> None:
    check_variants([one for one in CASES if one.name in SINGLE_ROUNDING], KERNEL, "single")


def changed(op: Conv2d, rounding: Rounding = "double", **fields: object) -> QuantModel:
    """Return a model of one integer convolution with other fields."""
    model = quantized_case(case("changed", op, 3, 4), rounding)
    node = model.nodes[0]
    quantized = replace(node.op, **fields)
    return replace(model, nodes=(replace(node, op=quantized),))


def far_apart(rounding: Rounding) -> QuantModel:
    """Return a model whose channels are scaled by 0, by more than one, and by next to nothing."""
    multipliers = np.array(
        [0, 2**30, 2**31 - 1, 1288490189, 1518500250, 2**30, 2**31 - 1], np.int32
    )
    shifts = np.array([0, -1, -16, 0, 5, -9, -21], np.int32)
    return changed(conv2d(7, 4, POINTWISE), rounding, multipliers=multipliers, shifts=shifts)


def test_extreme_scales_and_weights() -> None:
    def weights(value: int, zero_point: int) -> QuantModel:
        full = np.full((4, 3, 2, 6), value, np.int8)
        return changed(conv2d(4, 6, (3, 2)), weight=full, input_zero_point=zero_point)

    def relu(shift: int) -> QuantModel:
        shifts = np.full(3, -shift, np.int32)
        op = conv2d(3, 8, POINTWISE, Activation.RELU)
        return changed(op, shifts=shifts)

    models = {
        "far_apart": far_apart("double"),
        "least": weights(-128, -128),
        "most": weights(127, 127),
        "bias": changed(conv2d(2, 4, POINTWISE), bias=np.array([2**28, -(2**28)], np.int32)),
        **{f"relu_{shift}": relu(shift) for shift in (4, 5, 6, 11, 12)},
    }
    check_variant_models(models, KERNEL)


def test_extreme_scales_with_single_rounding() -> None:
    check_variant_models({"far_apart": far_apart("single")}, KERNEL)


def refused(model: QuantModel) -> str:
    answer = lowered(model, 0, KERNEL)
    assert isinstance(answer, Refusal)
    return answer.reason


def test_refusals_say_why() -> None:
    assert "2 groups" in refusal(case("groups", conv2d(4, 4, groups=2), 4, 4), KERNEL)
    op = conv2d(2, 4, POINTWISE)
    assert "scale" in refused(changed(op, shifts=np.array([-3, 8], np.int32)))
    assert "scale" in refused(changed(op, shifts=np.array([-3, -22], np.int32)))
    assert "29 bits" in refused(changed(op, bias=np.array([2**30, 0], np.int32)))


def lowering(op: Conv2d, rows: int, cols: int) -> Lowering:
    answer = lowered(quantized_case(case("asked", op, rows, cols), "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    return answer


def test_relu_takes_the_line_formula_and_signed_results_the_exact_one() -> None:
    def exact(activation: Activation) -> int:
        op = conv2d(4, 8, POINTWISE, activation)
        return lowering(op, 3, 3).calls[0].parameters["exact"]

    assert exact(Activation.RELU) == 0
    assert exact(Activation.NONE) == 1


def test_instructions_for_a_product() -> None:
    answer = lowering(conv2d(64, 64, POINTWISE, RELU), 6, 6)
    assert answer.instructions is not None
    assert 0.65 < answer.instructions / (36 * 64 * 64) < 0.8


def test_scratch_memory_is_a_panel_and_a_padded_copy() -> None:
    assert lowering(conv2d(4, 8, POINTWISE), 3, 3).scratch_bytes == 2 * 10 * 8
    padded = lowering(conv2d(4, 3, **ONE_AROUND), 3, 3).scratch_bytes
    assert padded == 2 * 10 * 36 + 5 * 5 * 3 + 4
