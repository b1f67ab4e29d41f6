"""Convolutions by channel pairs: remainders of every block, borders, extremes, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.convolution_cases import POINTWISE, RELU, WINDOW_CASES, case, conv2d
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import quantized_case
from tests.support.variant_cases import (
    check_variant,
    check_variant_model,
    check_variants,
    lowered,
    refusal,
)

from cnnc.codegen.kernel import Lowering
from cnnc.codegen.variants import Refusal
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Activation
from cnnc.ops.conv2d import Conv2d

KERNEL = "conv2d_pairs_s8_dsp"


CASES = [
    *WINDOW_CASES,
    # Triples of pixels in a row, with all remainders; runs of whole words, and of one byte more.
    *(case(f"row_{cols}", conv2d(5, 8, POINTWISE, RELU), 1, cols) for cols in (6, 7, 8)),
    case("triples_exact", conv2d(3, 4, POINTWISE), 4, 5),
    case("triples_strided", conv2d(2, 4, POINTWISE, RELU, stride_cols=2, stride_rows=2), 3, 20),
    case("triples_of_three_channels", conv2d(3, 3, activation=RELU), 4, 13),
    case("triples_inside_borders", conv2d(2, 3, stride_cols=2, pad_right=1, pad_left=1), 4, 19),
    case("triples_of_two_rows", conv2d(2, 4, (2, 1), RELU), 3, 7),
    case("deep", conv2d(2, 64, **ONE_AROUND), 2, 3),
]


SINGLE_ROUNDING = ("pointwise_7_4", "same_3x3_3", "clamped_both_sides", "highest_zero_points")


def test_bytes_are_the_references() -> None:
    check_variants(CASES, KERNEL)


def test_a_layer_alone_is_traced() -> None:
    check_variant(CASES[0], KERNEL)


def test_bytes_are_the_references_with_single_rounding() -> None:
    check_variants([one for one in CASES if one.name in SINGLE_ROUNDING], KERNEL, "single")


def changed(op: Conv2d, **fields: object) -> QuantModel:
    """Return a model of one integer convolution with other fields."""
    model = quantized_case(case("changed", op, 3, 4), "double")
    node = model.nodes[0]
    quantized = replace(node.op, **fields)
    return replace(model, nodes=(replace(node, op=quantized),))


def test_channels_of_multiplier_0_and_of_far_apart_scales() -> None:
    multipliers = np.array([0, 2**30, 2**31 - 1, 0, 1518500250], np.int32)
    shifts = np.array([0, -1, -16, 0, -9], np.int32)
    model = changed(conv2d(5, 4, POINTWISE), multipliers=multipliers, shifts=shifts)
    check_variant_model("scales", model, KERNEL)


@pytest.mark.parametrize("weight", [-127, 127])
def test_extreme_weights_and_inputs(weight: int) -> None:
    op = conv2d(4, 6, (3, 2))
    model = changed(op, weight=np.full((4, 3, 2, 6), weight, np.int8), input_zero_point=-128)
    check_variant_model("extremes", model, KERNEL)


def test_weights_of_minus_128_where_the_halfword_has_room() -> None:
    weight = np.zeros((2, 1, 1, 4), np.int8)
    weight[1] = -128
    check_variant_model("room", changed(conv2d(2, 4, POINTWISE), weight=weight), KERNEL)


def refused(model: QuantModel) -> str:
    answer = lowered(model, 0, KERNEL)
    assert isinstance(answer, Refusal)
    return answer.reason


def test_refusals_say_why() -> None:
    assert "2 groups" in refusal(case("groups", conv2d(4, 4, groups=2), 4, 4), KERNEL)
    assert "single output" in refusal(case("single", conv2d(1, 4), 4, 4), KERNEL)
    op = conv2d(2, 4, POINTWISE)
    assert "-128" in refused(changed(op, weight=np.full((2, 1, 1, 4), -128, np.int8)))
    assert "shifts left" in refused(changed(op, shifts=np.array([-3, 1], np.int32)))
    assert "24 bits" in refused(changed(op, bias=np.array([2**24, 0], np.int32)))
    assert "int32" in refused(changed(op, bias=np.array([2**31 - 1, 0], np.int32)))


def lowering(op: Conv2d, rows: int, cols: int) -> Lowering:
    answer = lowered(quantized_case(case("asked", op, rows, cols), "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    return answer


def test_relu_takes_the_line_formula_and_signed_results_the_exact_one() -> None:
    def sign(activation: Activation) -> int:
        op = conv2d(4, 8, POINTWISE, activation)
        return lowering(op, 3, 3).calls[0].parameters["sign"]

    assert sign(Activation.RELU) == -1
    assert sign(Activation.NONE) == 128


def test_weights_stay_one_byte_each() -> None:
    answer = lowering(conv2d(64, 64, POINTWISE, RELU), 6, 6)
    plain_bytes = 64 * 64 + 64 * 9
    assert answer.constant_bytes <= 1.02 * plain_bytes
    assert answer.instructions is not None
    assert 0.8 < answer.instructions / (36 * 64 * 64) < 0.9


def test_scratch_memory_is_three_expanded_pixels() -> None:
    assert lowering(conv2d(4, 8, POINTWISE), 3, 3).scratch_bytes == 3 * 2 * 8
    padded = lowering(conv2d(4, 3, **ONE_AROUND), 3, 3).scratch_bytes
    assert padded == 3 * 2 * 28 + 3 * 4 + 4 * 12
