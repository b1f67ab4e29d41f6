"""Convolutions on Armv6: remainders of every block, panels, borders, extremes, refusals."""

from dataclasses import replace

import numpy as np
from tests.support.convolution_cases import POINTWISE, RELU, WINDOW_CASES, case, conv2d
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import quantized_case
from tests.support.variant_cases import (
    check_variant_models,
    check_variants,
    lowered,
    refusal,
)

from cnnc.codegen.kernel import Lowering
from cnnc.codegen.variants import Refusal
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Activation, Rounding
from cnnc.ops.conv2d import Conv2d

KERNEL = "conv2d_s8_armv6simd"


CASES = [
    *WINDOW_CASES,
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
