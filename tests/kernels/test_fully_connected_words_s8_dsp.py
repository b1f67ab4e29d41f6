"""Rows by words of weights: what pairs of channels refuse, remainders of blocks, extremes."""

import numpy as np
import pytest
from tests.support.changed_layers import changed, chosen
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant_models, check_variants, refusal

from cnnc.ir.types import Activation, Rounding
from cnnc.ops.fully_connected import FullyConnected

KERNEL = "fully_connected_words_s8_dsp"
GENERATOR = np.random.default_rng(3)


def rows(count: int, depth: int, outputs: int, activation: Activation = Activation.NONE) -> OpCase:
    op = FullyConnected(
        weight=GENERATOR.normal(size=(outputs, depth)).astype(np.float32),
        bias=GENERATOR.normal(size=outputs).astype(np.float32),
        activation=activation,
    )
    return OpCase(f"{count}x{depth}_{outputs}", op, ((count, depth),), ((-1.0, 0.2),))


ROWS = [
    *(rows(1, depth, 5) for depth in range(120, 129)),
    *(rows(2, 206, outputs) for outputs in range(1, 10)),
    rows(3, 400, 3, Activation.RELU6),
]


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_rows(rounding: Rounding) -> None:
    check_variants(ROWS, KERNEL, rounding)


def test_extremes() -> None:
    case = rows(1, 1030, 5)
    scales = {
        "multipliers": np.array([2**30, 2**31 - 1, 0, 2**31 - 1, 1518500250], np.int32),
        "shifts": np.array([1, -31, 0, 7, -16], np.int32),
    }
    models = {
        f"{weight}": changed(case, weight=np.full((5, 1030), weight, np.int8))
        for weight in (-128, 127)
    }
    models["bias"] = changed(case, bias=np.full(5, 2**30, np.int32))
    models["scales"] = changed(case, **scales)
    check_variant_models(models, KERNEL)


def test_takes_what_pairs_refuse() -> None:
    deep = np.full((4, 600), 127, np.int8)
    assert chosen(rows(1, 600, 4).op, (1, 600), weight=deep).kernels == (KERNEL,)
    assert chosen(rows(1, 600, 1).op, (1, 600)).kernels == (KERNEL,)


@pytest.mark.parametrize("one", [rows(1, 40, 1), rows(1, 4, 4)], ids=str)
def test_leaves_small_layers_to_plain_c(one: OpCase) -> None:
    assert "plain C is faster" in refusal(one, KERNEL)
