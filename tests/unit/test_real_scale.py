"""Requantization by real numbers: what is proven holds for every sum, and most channels are."""

import numpy as np
import pytest

from cnnc.codegen.packing.proven_scale import Rescaling
from cnnc.codegen.packing.real_scale import RealScale, evaluate_real_scale, prove_real_scale
from cnnc.ir.types import Rounding
from cnnc.quantize.fixed_point import Arithmetic, quantize_multipliers


def _rescaling(
    scales: list[float], bound: int, limits: tuple[int, int, int], rounding: Rounding
) -> Rescaling:
    multipliers, shifts = quantize_multipliers(np.array(scales))
    zero_point, minimum, maximum = limits
    bounds = np.full(len(scales), bound, np.int64)
    arithmetic = Arithmetic(rounding)
    return Rescaling(multipliers, shifts, zero_point, minimum, maximum, -bounds, bounds, arithmetic)


@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("limits", [(-128, -128, 127), (7, -128, 127), (-3, -3, 90)], ids=str)
def test_equals_the_rule_for_every_sum(limits: tuple[int, int, int], rounding: Rounding) -> None:
    scales = [0.0, 0.0007, 0.0031, 0.0123, 0.3, 0.71, 1.9]
    rescaling = _rescaling(scales, 2**19, limits, rounding)
    found = prove_real_scale(rescaling)
    assert found.proven.all()
    sums = np.tile(np.arange(-(2**19), 2**19 + 1), (len(scales), 1))
    values = np.clip(evaluate_real_scale(found, sums) + limits[0], *limits[1:])
    assert np.array_equal(values, rescaling.exact(sums))


def test_most_channels_of_a_deep_layer_are_proven() -> None:
    scales = np.random.default_rng(1).uniform(1e-4, 1e-2, 1000)
    rescaling = _rescaling(list(scales), 2**22, (0, -128, 127), "double")
    assert prove_real_scale(rescaling).proven.mean() > 0.99


@pytest.mark.parametrize(
    ("scale", "bound", "rounding"),
    [
        pytest.param(1e-7, 2**30, "double", id="small"),
        pytest.param(600.0, 2**24, "double", id="wraps_around"),
        pytest.param(0.5, 2**10, "single", id="ties"),
    ],
)
def test_does_not_prove_what_does_not_hold(scale: float, bound: int, rounding: Rounding) -> None:
    rescaling = _rescaling([scale], bound, (0, -128, 127), rounding)
    assert not prove_real_scale(rescaling).proven.any()


def _evaluated(high: float, low: float, offset: float, value: int) -> int:
    parts = (np.array([constant], np.float32) for constant in (high, low, offset))
    first, second, third = parts
    form = RealScale(first, second, third, np.zeros(1, np.bool_))
    return int(evaluate_real_scale(form, np.array([[value]], np.int64))[0, 0])


def test_a_sum_below_an_integer_by_less_than_float64_sees_stays_below_it() -> None:
    # (2^22 - 1) (2^22 + 1) = 2^44 - 1
    value, high = 2**22 - 1, (2**22 + 1) * 2.0**-44
    assert _evaluated(high, 0.0, 2.0**-44 * (1 - 2.0**-24), value) == 0
    assert _evaluated(high, 0.0, 2.0**-44, value) == 1
    assert _evaluated(high, 0.0, 2.0**-44, -value) == -1


def test_the_inner_sum_is_rounded_once() -> None:
    value = 97 * 257
    # Times value it is 1 + 2^-24, a tie between two float32.
    low = 673 * 2.0**-24
    near = -pow(value, -1, 2**23) % 2**23
    steps, remainder = divmod(value * near + 1, 2**23)
    assert remainder == 0
    assert _evaluated(near * 2.0**-23, low, 0.0, value) == steps
    assert _evaluated(near * 2.0**-23, low, 2.0**-60, value) == steps + 1
