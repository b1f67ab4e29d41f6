"""Rows times channel pairs: remainders of every block, extremes, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant_model, check_variants, lowered, refusal

from cnnc.codegen.kernel import Lowering
from cnnc.codegen.variants import Refusal
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Activation
from cnnc.ops.fully_connected import FullyConnected

KERNEL = "fully_connected_pairs_s8_dsp"


def case(
    rows: int,
    depth: int,
    outputs: int,
    activation: Activation = Activation.NONE,
    output_range: tuple[float, float] | None = None,
) -> OpCase:
    generator = np.random.default_rng(depth * 64 + outputs)
    op = FullyConnected(
        weight=generator.normal(size=(outputs, depth)).astype(np.float32),
        bias=generator.normal(size=outputs).astype(np.float32),
        activation=activation,
    )
    name = f"{rows}x{depth}_{outputs}_{activation.name.lower()}"
    return OpCase(name, op, ((rows, depth),), output_range=output_range)


RELU = Activation.RELU

# Units of 8 inputs, turns of 32; blocks of 4 channels; one row, and rows as pixels.
CASES = [
    *(
        case(1, depth, outputs)
        for depth, outputs in [(1, 4), (7, 5), (8, 6), (9, 7), (16, 8), (24, 9), (32, 4), (43, 5)]
    ),
    *(case(1, 5, outputs) for outputs in (2, 3)),
    *(case(rows, 6, 5, RELU) for rows in (2, 3, 4)),
    case(1, 20, 6, RELU),
    case(1, 20, 6, Activation.RELU6, (0.0, 6.0)),
    case(1, 20, 6, Activation.RELU_N1_TO_1, (-3.0, 4.0)),
    case(1, 8, 4, output_range=(-500.0, 500.0)),
]


def test_bytes_are_the_references() -> None:
    check_variants(CASES, KERNEL)


def test_bytes_are_the_references_with_single_rounding() -> None:
    check_variants([case(1, 9, 7), case(3, 6, 5, RELU)], KERNEL, "single")


def changed(one: OpCase, **fields: object) -> QuantModel:
    """Return a model of one integer layer with other fields."""
    model = quantized_case(one, "double")
    node = model.nodes[0]
    return replace(model, nodes=(replace(node, op=replace(node.op, **fields)),))


@pytest.mark.parametrize("weight", [-127, 127])
def test_extreme_weights(weight: int) -> None:
    fields = {"weight": np.full((5, 10), weight, np.int8), "input_zero_point": 127}
    check_variant_model("extremes", changed(case(1, 10, 5), **fields), KERNEL)


def test_channels_of_multiplier_0_and_of_far_apart_scales() -> None:
    model = changed(
        case(1, 10, 5),
        multipliers=np.array([0, 2**30, 2**31 - 1, 2**30, 1518500250], np.int32),
        shifts=np.array([0, -1, -16, -9, -4], np.int32),
    )
    check_variant_model("scales", model, KERNEL)


def refused(model: QuantModel) -> str:
    answer = lowered(model, 0, KERNEL)
    assert isinstance(answer, Refusal)
    return answer.reason


@pytest.mark.parametrize("rows", [1, 3])
def test_refusals_say_why(rows: int) -> None:
    assert "single output" in refusal(case(rows, 4, 1), KERNEL)
    one = case(rows, 4, 4)
    assert "-128" in refused(changed(one, weight=np.full((4, 4), -128, np.int8)))
    assert "shifts left" in refused(changed(one, shifts=np.array([-3, 0, -3, -3], np.int32)))
    assert "24 bits" in refused(changed(one, bias=np.array([2**24, 0, 0, 0], np.int32)))


def test_weights_stay_one_byte_each() -> None:
    answer = lowered(quantized_case(case(1, 256, 64), "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    assert answer.constant_bytes <= 1.03 * (256 * 64 + 64 * 9)
    assert answer.instructions is not None
    assert 0.85 < answer.instructions / (256 * 64) < 1.0
