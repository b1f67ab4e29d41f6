"""Rows in chains of 16 bits: remainders of steps, rows and channels, extremes, every scaling."""

import numpy as np
import pytest
from tests.support.changed_layers import changed
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant_models, check_variants, lowered

from cnnc.codegen.kernel import ConstantArgument, Lowering
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import I32, Activation, Rounding
from cnnc.ops.fully_connected import FullyConnected

KERNEL = "fully_connected_s8_neon64"
GENERATOR = np.random.default_rng(5)


def rows(
    count: int,
    depth: int,
    outputs: int,
    activation: Activation = Activation.NONE,
    output_range: tuple[float, float] | None = None,
) -> OpCase:
    op = FullyConnected(
        weight=GENERATOR.normal(size=(outputs, depth)).astype(np.float32),
        bias=GENERATOR.normal(size=outputs).astype(np.float32),
        activation=activation,
    )
    name = f"{count}x{depth}_{outputs}_{activation.name}"
    return OpCase(name, op, ((count, depth),), ((-1.0, 0.2),), output_range=output_range)


CASES = [
    *(rows(1, depth, 8) for depth in (1, 7, 8, 9, 16, 23, 24, 31, 32, 33, 40, 57, 64, 127, 320)),
    *(rows(count, 41, 9) for count in range(1, 6)),
    *(rows(4, depth, 12) for depth in (3, 8, 13, 16, 19, 24, 27, 32)),
    *(rows(3, 20, outputs) for outputs in (1, 2, 7, 8, 15, 16, 17, 24)),
    rows(3, 5000, 3),
    rows(12, 3000, 11),
    rows(5, 72, 16, Activation.RELU, (0.0, 9.0)),
    rows(4, 64, 12, Activation.RELU6),
    rows(4, 33, 12, Activation.RELU, (-3.0, 9.0)),
    rows(2, 9, 9, output_range=(-0.05, 0.04)),
]


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_rows(rounding: Rounding) -> None:
    check_variants(CASES, KERNEL, rounding)


def test_chains_of_every_length_and_extremes() -> None:
    case = rows(3, 200, 9)
    scales = {
        "multipliers": np.array([2**30, 2**31 - 1, 0, 2**31 - 1, 1518500250] * 2, np.int32)[:9],
        "shifts": np.array([1, -31, 0, 7, -16, 0, -1, -5, -9], np.int32),
    }
    no_left = {**scales, "shifts": np.minimum(scales["shifts"], 0)}
    models = {
        f"all_{weight}": changed(case, weight=np.full((9, 200), weight, np.int8))
        for weight in (-128, 127, 85, 84, 64, 63, 32, 31, 1)
    }
    for depth in (8, 16, 24, 32):
        kept = rows(3, depth, 9, Activation.RELU)
        models |= {
            f"{depth}_{weight}": changed(kept, weight=np.full((9, depth), weight, np.int8))
            for weight in (-128, 127, 80, 60, -3)
        }
    models["bias"] = changed(case, bias=np.full(9, 2**30, np.int32))
    models["scales"] = changed(case, **scales)
    models["no_left_shifts"] = changed(case, **no_left)
    models["some_large"] = changed(case, weight=_sparse_weights())
    check_variant_models(models, KERNEL)


def _sparse_weights() -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    weights = GENERATOR.integers(-20, 21, (9, 200)).astype(np.int8)
    weights[GENERATOR.random((9, 200)) < 0.02] = -128
    return weights


def runs(model: QuantModel) -> I32:
    answer = lowered(model, 0, KERNEL)
    assert isinstance(answer, Lowering)
    arguments = {a.role: a for a in answer.calls[0].arguments if isinstance(a, ConstantArgument)}
    return arguments["runs"].array.astype(np.int32)


@pytest.mark.parametrize(
    ("weight", "kind"), [(31, 7), (32, 6), (63, 6), (64, 5), (85, 5), (86, 4), (127, 4)]
)
def test_chains_are_as_long_as_the_weights_allow(weight: int, kind: int) -> None:
    model = changed(rows(1, 128, 8), weight=np.full((8, 128), weight, np.int8))
    assert runs(model).tolist() == [0, 2**16 + 4 * kind, -1]


@pytest.mark.parametrize(
    ("depth", "weight", "way"),
    [
        (8, 127, 1),
        (8, -128, 0),
        (16, 127, 2),
        (16, -128, 0),
        (24, 85, 3),
        (24, 86, 4),
        (32, 63, 5),
        (32, 64, 6),
        (33, 60, 0),
    ],
)
def test_weights_of_short_rows_stay_in_registers(depth: int, weight: int, way: int) -> None:
    model = changed(rows(2, depth, 8), weight=np.full((8, depth), weight, np.int8))
    assert runs(model)[0] == 4 * way


def test_two_products_of_the_least_weights_do_not_share_a_chain() -> None:
    model = changed(rows(1, 64, 8), weight=np.full((8, 64), -128, np.int8))
    assert runs(model).tolist() == [0, 7 * 2**16, -1]
