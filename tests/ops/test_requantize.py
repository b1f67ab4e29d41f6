"""Requantize: TFLite's very table for many formats, the emitted C, both roundings."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, quantized_case
from tests.support.tables import ALL_INPUTS, assert_same_as_tflite, random_formats

from cnnc.ir.types import INT8_MAX, INT8_MIN, Quantization, Rounding
from cnnc.ops.concat import Concat
from cnnc.ops.requantize import requantize
from cnnc.quantize.fixed_point import Arithmetic

# Graph inputs keep their own formats: joining them puts a requantize behind each.
CASES = (
    OpCase("narrower", Concat(0), ((70,), (9,)), ((-1.0, 1.0), (-0.3, 0.2))),
    OpCase("zero_points_differ", Concat(0), ((70,), (9,)), ((0.0, 1.0), (-1.0, 0.0))),
    OpCase("saturates", Concat(0), ((70,), (9,)), ((-1, 1), (-9, 9)), output_range=(-0.1, 0.2)),
)


@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase, rounding: Rounding) -> None:
    check_case(case, rounding)
    kinds = [node.op.kind for node in quantized_case(case, rounding).nodes]
    assert "requantize" in kinds


def test_tables_are_tflites() -> None:
    sources, targets = random_formats(400, 1e-3, 1.0), random_formats(400, 1e-3, 1.0, seed=1)
    pairs = [*zip(sources, targets, strict=True), *((same, same) for same in sources[:10])]
    assert_same_as_tflite(
        [(requantize(source, target, "double"), source, target) for source, target in pairs]
    )


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_table_and_formula_agree(rounding: Rounding) -> None:
    for source, target in zip(
        random_formats(50, 1e-3, 1.0), random_formats(50, 1e-3, 1.0, seed=1), strict=True
    ):
        op = requantize(source, target, rounding)
        (result,) = op.evaluate([ALL_INPUTS[np.newaxis]], Arithmetic(rounding))
        np.testing.assert_array_equal(result, op.table)


def test_a_result_is_less_than_one_step_from_the_real_value() -> None:
    source, target = Quantization(0.03125, -20), Quantization(0.125, 11)
    op = requantize(source, target, "double")
    real = 0.03125 * (ALL_INPUTS.astype(float) + 20)
    exact = np.clip(real / 0.125 + 11, INT8_MIN, INT8_MAX)
    # Two roundings, each by at most half a unit of what it rounds to.
    assert np.abs(op.table - exact).max() <= 0.75


def test_equal_formats_change_nothing() -> None:
    same = Quantization(0.125, 7)
    np.testing.assert_array_equal(requantize(same, same, "double").table, ALL_INPUTS)


def test_a_ratio_beyond_int32_saturates() -> None:
    op = requantize(Quantization(1.0, -3), Quantization(float(np.float32(1e-20)), 4), "single")
    expected = np.where(ALL_INPUTS > -3, 127, np.where(ALL_INPUTS < -3, -128, 4))
    np.testing.assert_array_equal(op.table, expected)


def test_a_ratio_near_zero_gives_the_zero_point() -> None:
    op = requantize(Quantization(float(np.float32(1e-20)), -3), Quantization(1.0, 4), "double")
    np.testing.assert_array_equal(op.table, np.full(256, 4))
