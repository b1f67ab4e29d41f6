"""Rows times weights with AArch64's dot products: remainders of every size, and scales."""

import dataclasses

import numpy as np
from tests.ops.test_fully_connected import CASES as OPERATOR_CASES
from tests.ops.test_fully_connected import fully_connected
from tests.support.changed_layers import changed
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant_models, check_variants

from cnnc.codegen.packing.neon_dot import Blocks
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Activation
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected

KERNEL = "fully_connected_s8_neon_dot"


def _case(outputs: int, inputs: int, rows: int) -> OpCase:
    name = f"{rows}_rows_{outputs}_from_{inputs}"
    return OpCase(name, fully_connected(outputs, inputs), ((rows, inputs),))


# Each remainder of rows by 4, of depth by quads, vectors and steps of several, of channels by 16.
SHAPES = [
    *(_case(16, inputs, rows) for rows, inputs in ((1, 4), (2, 16), (3, 20), (4, 28), (5, 32))),
    *(_case(16, inputs, rows) for rows, inputs in ((6, 33), (7, 48), (9, 59), (1, 64), (1, 127))),
    *(_case(outputs, 21, outputs % 5 + 1) for outputs in range(1, 34)),
    *(_case(outputs, 100, 1) for outputs in (4, 8, 32)),
]
RELU = OpCase(
    "relu_from_the_lowest",
    fully_connected(45, 40, Activation.RELU),
    ((11, 40),),
    output_range=(0.0, 9.0),
)
SMALL = OpCase("small_multipliers", fully_connected(20, 9), ((3, 9),), output_range=(-90.0, 70.0))
SCALES = [
    RELU,
    SMALL,
    OpCase(
        "relu_above_the_lowest",
        fully_connected(45, 40, Activation.RELU),
        ((11, 40),),
        output_range=(-4.0, 9.0),
    ),
    OpCase(
        "multipliers_up_to_one",
        fully_connected(20, 3),
        ((5, 3),),
        input_ranges=((-30.0, 30.0),),
        output_range=(-1.6, 1.4),
    ),
    OpCase(
        "sums_beyond_16_bits",
        fully_connected(21, 900),
        ((18, 900),),
        input_ranges=((-30.0, 30.0),),
        output_range=(-2.0, 2.0),
    ),
]
CASES = [*OPERATOR_CASES, *SHAPES, *SCALES]


def test_gives_the_bytes_of_the_reference() -> None:
    check_variants(CASES, KERNEL)


def test_gives_the_bytes_of_the_reference_with_single_rounding() -> None:
    check_variants([*OPERATOR_CASES, *SCALES, *SHAPES[-8:]], KERNEL, "single")


def test_takes_weights_of_minus_128() -> None:
    model = quantized_case(_case(16, 64, 5), "double")
    check_variant_models({"lowest_weights": _with_lowest_weights(model)}, KERNEL)


def test_scales_sums_that_pass_16_bits_by_less_than_twice() -> None:
    model = changed(
        _case(16, 8, 5),
        weight=np.full((16, 8), 127, np.int8),
        bias=np.zeros(16, np.int32),
        multipliers=np.full(16, 2**30, np.int32),
        shifts=np.full(16, -1, np.int32),
        input_zero_point=-128,
    )
    check_variant_models({"largest_sums": model}, KERNEL)


def test_blocks_cover_every_channel_and_no_other() -> None:
    for channels in range(4, 70):
        parts = Blocks.of(channels).parts()
        assert {c for begin, width in parts for c in range(begin, begin + width)} == set(
            range(channels)
        )


def _with_lowest_weights(model: QuantModel) -> QuantModel:
    (node,) = model.nodes
    assert isinstance(node.op, QuantFullyConnected)
    weight = node.op.weight.copy()
    weight[::3] = -128
    op = dataclasses.replace(node.op, weight=weight)
    return dataclasses.replace(model, nodes=(dataclasses.replace(node, op=op),))
