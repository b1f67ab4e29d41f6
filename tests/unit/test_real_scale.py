"""Requantization by real numbers: what is proven holds for every sum, and most channels are."""

import numpy as np
import pytest

from cnnc.codegen.packing.proven_scale import Rescaling
from cnnc.codegen.packing.real_scale import evaluate_real_scale, prove_real_scale
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
