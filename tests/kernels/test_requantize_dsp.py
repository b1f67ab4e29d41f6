"""Constants that requantize in few instructions, against the reference over whole ranges."""

import numpy as np
import pytest

from cnnc.codegen.packing.requantize_dsp import (
    Exact,
    Line,
    Requantization,
    fit_exact,
    fit_line_through,
    fit_lines,
)
from cnnc.ir.types import I64, Rounding

RANGE = 40_000
MULTIPLIERS = [2**30, 2**30 + 1, 1518500250, 1761607680, 2**31 - 1]


def requantization(
    multiplier: int,
    shift: int,
    *,
    zero_point: int = -128,
    minimum: int = -128,
    rounding: Rounding = "double",
) -> Requantization:
    return Requantization(
        multipliers=np.array([multiplier], np.int64),
        shifts=np.array([shift], np.int64),
        zero_point=zero_point,
        minimum=minimum,
        maximum=127,
        rounding=rounding,
        low=np.array([-RANGE], np.int64),
        high=np.array([RANGE], np.int64),
    )


def accumulators() -> I64:
    return np.arange(-RANGE, RANGE + 1, dtype=np.int64)[np.newaxis]


def line_values(line: Line, unit: int, shift: int, x: I64) -> I64:
    scaled = ((unit * x + line.offset) * line.multiplier >> 32) + line.constant
    assert np.all(np.abs(scaled) < 2**31)
    results: I64 = np.clip(scaled >> shift, -128, 127)
    return results


def exact_values(exact: Exact, x: I64) -> I64:
    raised = ((x << 8) * exact.multipliers[0] >> 32) + exact.constants[0]
    raised = raised - np.where(x < 0, exact.sign, 0)
    assert np.all(np.abs(raised) < 2**31)
    results: I64 = np.clip(raised >> exact.shifts[0], -128, 127)
    return results


@pytest.mark.parametrize("multiplier", MULTIPLIERS)
@pytest.mark.parametrize("shift", [-5, -7, -8, -10, -13])
def test_lines_are_the_reference_where_results_are_not_negative(
    multiplier: int, shift: int
) -> None:
    layer = requantization(multiplier, shift)
    x = accumulators()
    low = next(fit_lines(layer, 0, 1, 4))
    assert np.array_equal(line_values(low, 1, 4, x), layer.values(x))
    high = fit_line_through(layer, 0, 256, 12, low.constant)
    if high is not None:
        assert np.array_equal(line_values(high, 256, 12, x), layer.values(x))


@pytest.mark.parametrize("zero_point", [-128, -3, 0, 127])
@pytest.mark.parametrize("multiplier", MULTIPLIERS)
def test_lines_are_the_reference_of_single_rounding(multiplier: int, zero_point: int) -> None:
    layer = requantization(multiplier, -8, zero_point=zero_point, rounding="single")
    line = next(fit_lines(layer, 0, 1, 4))
    assert np.array_equal(line_values(line, 1, 4, accumulators()), layer.values(accumulators()))


def test_no_line_rounds_ties_away_from_zero() -> None:
    assert list(fit_lines(requantization(1518500250, -8, zero_point=0), 0, 1, 4)) == []
    assert fit_line_through(requantization(1518500250, -8, zero_point=0), 0, 256, 12, 0) is None


@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("zero_point", [-128, -1, 0, 127])
@pytest.mark.parametrize("multiplier", [0, *MULTIPLIERS])
def test_the_exact_formula_is_the_reference(
    multiplier: int, zero_point: int, rounding: Rounding
) -> None:
    x = accumulators()
    for shift in (-1, -2, -6, -11, -15):
        layer = requantization(multiplier, shift, zero_point=zero_point, rounding=rounding)
        exact = fit_exact(layer)
        assert isinstance(exact, Exact)
        assert np.array_equal(exact_values(exact, x), layer.values(x)), shift


def test_steps_are_where_levels_begin() -> None:
    layer = requantization(1518500250, -7, zero_point=-20, minimum=-20)
    steps = layer.steps()[0]
    x = accumulators()
    values = layer.values(x)[0]
    for level, step in zip(layer.levels().tolist(), steps.tolist(), strict=True):
        reached = np.flatnonzero(values >= level)
        assert step == (x[0, reached[0]] if len(reached) else RANGE + 1)


@pytest.mark.parametrize(
    ("shift", "low", "high", "reason"),
    [
        (0, -10, 10, "shifts left"),
        (-3, -(2**23), 10, "24 bits"),
        (-3, -10, 2**31, "int32"),
        (-18, -(2**18), 2**18, "too small"),
    ],
)
def test_refusals(shift: int, low: int, high: int, reason: str) -> None:
    layer = Requantization(
        multipliers=np.array([2**31 - 1], np.int64),
        shifts=np.array([shift], np.int64),
        zero_point=0,
        minimum=-128,
        maximum=127,
        rounding="double",
        low=np.array([low], np.int64),
        high=np.array([high], np.int64),
    )
    answer = fit_exact(layer)
    assert isinstance(answer, str)
    assert reason in answer
