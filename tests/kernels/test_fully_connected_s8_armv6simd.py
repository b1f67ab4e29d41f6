"""Rows on Armv6: remainders of every block, extremes, refusals."""

from dataclasses import replace

import numpy as np
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant_models, check_variants, lowered

from cnnc.codegen.kernel import Lowering
from cnnc.codegen.variants import Refusal
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Activation, Rounding
from cnnc.ops.fully_connected import FullyConnected

KERNEL = "fully_connected_s8_armv6simd"


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

# Units of 8 inputs, turns of 64; blocks of 4 channels; one row, and rows as pixels.
CASES = [
    *(
        case(1, depth, outputs)
        for depth, outputs in [(1, 4), (7, 5), (8, 6), (9, 7), (16, 8), (24, 9), (32, 4), (43, 5)]
    ),
    *(case(1, 5, outputs) for outputs in (1, 2, 3)),
    *(case(1, depth, 5, RELU) for depth in (64, 65, 128, 136)),
    case(3, 5, 1),
    *(case(rows, 6, 5, RELU) for rows in (2, 3, 4)),
    case(1, 20, 6, RELU),
    case(1, 20, 6, Activation.RELU6, (0.0, 6.0)),
    case(1, 20, 6, Activation.RELU_N1_TO_1, (-3.0, 4.0)),
    case(1, 8, 4, output_range=(-500.0, 500.0)),
]


def test_bytes_are_the_references() -> None:
    check_variants(CASES, KERNEL)


def test_bytes_are_the_references_with_single_rounding() -> None:
    check_variants([case(1, 9, 7), case(1, 20, 6, RELU), case(3, 6, 5, RELU)], KERNEL, "single")


def changed(one: OpCase, rounding: Rounding = "double", **fields: object) -> QuantModel:
    """Return a model of one integer layer with other fields."""
    model = quantized_case(one, rounding)
    node = model.nodes[0]
    return replace(model, nodes=(replace(node, op=replace(node.op, **fields)),))


def far_apart(rounding: Rounding) -> QuantModel:
    """Return a model whose channels are scaled by 0, by more than one, and by next to nothing."""
    multipliers = np.array(
        [0, 2**30, 2**31 - 1, 1288490189, 1518500250, 2**30, 2**31 - 1], np.int32
    )
    shifts = np.array([0, -1, -16, 0, 5, -9, -21], np.int32)
    return changed(case(1, 10, 7), rounding, multipliers=multipliers, shifts=shifts)


def test_extreme_scales_and_weights() -> None:
    def weights(value: int, zero_point: int) -> QuantModel:
        full = np.full((5, 10), value, np.int8)
        return changed(case(1, 10, 5), weight=full, input_zero_point=zero_point)

    models = {
        "far_apart": far_apart("double"),
        "least": weights(-128, -128),
        "most": weights(127, 127),
    }
    check_variant_models(models, KERNEL)


def test_extreme_scales_with_single_rounding() -> None:
    check_variant_models({"far_apart": far_apart("single")}, KERNEL)


def test_refusals_say_why() -> None:
    def refused(**fields: object) -> str:
        answer = lowered(changed(case(1, 4, 4), "double", **fields), 0, KERNEL)
        assert isinstance(answer, Refusal)
        return answer.reason

    assert "scale" in refused(shifts=np.array([-3, 9, -3, -3], np.int32))
    assert "29 bits" in refused(bias=np.array([2**30, 0, 0, 0], np.int32))


def test_instructions_for_a_product() -> None:
    answer = lowered(quantized_case(case(1, 256, 64), "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    assert answer.instructions is not None
    assert 0.65 < answer.instructions / (256 * 64) < 0.8
