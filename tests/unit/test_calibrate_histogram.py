"""The streaming histogram, the choice of a clip range, and the format of a range."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnc.ir.types import F32
from cnnc.quantize.clipping import choose_range, minmax_range, mse_range, percentile_range
from cnnc.quantize.fixed_point import dequantize, quantize_real
from cnnc.quantize.histogram import BIN_COUNT, SUBSAMPLE_ABOVE, Histogram
from cnnc.quantize.parameters import format_of_range
from cnnc.quantize.ranges import ValueRange


def filled(*batches: F32) -> Histogram:
    histogram = Histogram()
    for batch in batches:
        assert histogram.update(batch)
    return histogram


def reals(seed: int, *shape: int, scale: float = 1.0) -> F32:
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def test_bins_count_every_element_where_it_lies() -> None:
    values = reals(0, 8, 1000)
    histogram = filled(values)
    edges = (np.arange(BIN_COUNT + 1) - BIN_COUNT / 2) * histogram.bin_width
    expected, _ = np.histogram(values, edges)
    assert np.array_equal(histogram.counts, expected)
    assert (histogram.minimum, histogram.maximum) == (values.min(), values.max())


def test_growing_merges_bins_exactly() -> None:
    small, large = reals(1, 4, 500, scale=0.01), reals(2, 4, 500, scale=300.0)
    one_way, other_way = filled(small, large), filled(large, small)
    assert one_way.exponent == other_way.exponent
    assert np.array_equal(one_way.counts, other_way.counts)
    assert one_way.counts.sum() == small.size + large.size


def test_growing_by_more_doublings_than_bins() -> None:
    histogram = filled(np.full((1, 3), 1e-20, np.float32), np.full((1, 2), -3e38, np.float32))
    assert histogram.counts[BIN_COUNT // 2] == 3
    assert histogram.counts.sum() == 5


@pytest.mark.parametrize("value", [3.4028235e38, -3.4028235e38, 1e-45, 1.0, -1.0, 0.99999994])
def test_extreme_values_have_a_bin(value: float) -> None:
    histogram = filled(np.array([[value]], dtype=np.float32))
    assert histogram.counts.sum() == 1
    magnitude = abs(float(np.float32(value)))
    assert magnitude < math.ldexp(1.0, histogram.exponent)


def test_exact_zeros_are_not_counted() -> None:
    histogram = filled(np.array([[0.0, -0.0, 0.0, 1.0]], dtype=np.float32))
    assert histogram.counts.sum() == 1
    assert (histogram.minimum, histogram.maximum) == (0.0, 1.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad: float) -> None:
    histogram = filled(reals(3, 2, 10))
    before = histogram.counts.copy()
    assert not histogram.update(np.array([[1.0, bad]], dtype=np.float32))
    assert np.array_equal(histogram.counts, before)


def test_empty_batch_changes_nothing() -> None:
    assert choose_range(filled(np.zeros((0, 4), np.float32)), "mse") == ValueRange(0.0, 0.0)


def test_large_tensors_are_thinned_without_losing_extremes_or_channels() -> None:
    values = np.ones((3, SUBSAMPLE_ABOVE // 2, 2), np.float32)
    values[..., 1] = 2.0
    values[1, 77, 0] = 9.0
    histogram = filled(values)
    assert histogram.maximum == 9.0
    assert histogram.counts.sum() <= SUBSAMPLE_ABOVE
    ones, twos = sorted(histogram.counts[histogram.counts > 0].tolist())[-2:]
    assert abs(ones - twos) <= 2


def test_minmax_is_extended_to_zero() -> None:
    assert minmax_range(filled(np.array([[2.0, 3.0]], np.float32))) == ValueRange(0.0, 3.0)
    assert minmax_range(filled(np.array([[-2.0, -1.0]], np.float32))) == ValueRange(-2.0, 0.0)


def test_percentile_cuts_the_rare_values() -> None:
    values = np.linspace(-1.0, 1.0, 100_000, dtype=np.float32).reshape(10, -1).copy()
    values[0, :2] = [-50.0, 50.0]
    found = percentile_range(filled(values))
    width = filled(values).bin_width
    assert found.low == pytest.approx(-1.0, abs=2 * width)
    assert found.high == pytest.approx(1.0, abs=2 * width)


def test_percentile_agrees_with_sorting() -> None:
    values = reals(5, 50, 10_000)
    found = percentile_range(filled(values), 99.9)
    low, high = np.percentile(values, [0.1, 99.9])
    assert found.low == pytest.approx(low, abs=0.01)
    assert found.high == pytest.approx(high, abs=0.01)


def test_percentile_of_few_values_is_everything() -> None:
    values = np.array([[-1.0, 4.0, 2.0]], dtype=np.float32)
    assert percentile_range(filled(values)) == ValueRange(-1.0, 4.0)


def quantization_error(values: F32, found: ValueRange) -> float:
    quantization = found.quantization()
    difference = dequantize(quantize_real(values, quantization), quantization) - values
    return float(np.square(difference.astype(np.float64)).mean())


@pytest.mark.parametrize("one_sided", [False, True])
def test_mse_beats_every_other_range(one_sided: bool) -> None:
    values = reals(6, 20, 5000)
    values[0, :40] *= 6.0
    values = np.maximum(values, 0) if one_sided else values
    histogram = filled(values)
    best = quantization_error(values, mse_range(histogram))
    full = minmax_range(histogram)
    assert best < 0.97 * quantization_error(values, full)
    assert best <= 1.02 * quantization_error(values, percentile_range(histogram))
    for fraction in np.linspace(0.1, 1.0, 40):
        shrunk = ValueRange(full.low * fraction, full.high * fraction)
        assert best <= 1.02 * quantization_error(values, shrunk)


def test_mse_cuts_one_value_far_away() -> None:
    values = reals(9, 20, 5000)
    values[3, 3] = 9.0
    assert 3.0 < mse_range(filled(values)).high < 8.0


def test_mse_keeps_a_uniform_distribution_whole() -> None:
    values = np.random.default_rng(7).uniform(-1, 3, (10, 5000)).astype(np.float32)
    found = mse_range(filled(values))
    assert found.low == pytest.approx(-1.0, abs=0.02)
    assert found.high == pytest.approx(3.0, abs=0.02)


def test_mse_of_one_sign_stays_on_that_side() -> None:
    positive = np.abs(reals(8, 10, 1000))
    assert mse_range(filled(positive)).low == 0.0
    assert mse_range(filled(-positive)).high == 0.0


@pytest.mark.parametrize("method", ["minmax", "percentile", "mse"])
def test_a_value_that_is_always_zero(method: str) -> None:
    histogram = filled(np.zeros((4, 4), np.float32))
    found = choose_range(histogram, method)  # type: ignore[arg-type]
    assert found == ValueRange(0.0, 0.0)
    assert (found.quantization().scale, found.quantization().zero_point) == (1 / 128, -128)


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [
        (0.0, 255.0, 1.0, -128),
        (-255.0, 0.0, 1.0, 127),
        (-128.0, 127.0, 1.0, 0),
        (0.0, 6.0, 6.0 / 255.0, -128),
        (3.0, 255.0, 1.0, -128),
        (-255.0, -3.0, 1.0, 127),
        (-1.0, 254.0, 1.0, -127),
        (-0.5, 254.5, 1.0, -128),  # -127.5 is a tie: away from zero
        (0.0, 0.0, 1.0 / 128.0, -128),
        (0.0, 1e-44, 1.0 / 128.0, -128),
    ],
)
def test_format_of_range(low: float, high: float, scale: float, zero_point: int) -> None:
    found = format_of_range(low, high)
    assert found.scale == float(np.float32(scale))
    assert found.zero_point == zero_point


@given(st.floats(-1e30, 1e30), st.floats(-1e30, 1e30))
def test_format_covers_the_range_and_has_an_exact_zero(first: float, second: float) -> None:
    low, high = min(first, second, 0.0), max(first, second, 0.0)
    found = format_of_range(min(first, second), max(first, second))
    if high - low < 1e-35:
        return
    # Half a step of the zero point's rounding on either side, and half a step of the last code.
    slack = found.scale * (1.0 + 1e-5)
    assert found.scale * (-128 - found.zero_point) - slack <= low
    assert found.scale * (127 - found.zero_point) + slack >= high
    zero = quantize_real(np.zeros(1, np.float32), found)
    assert dequantize(zero, found).tolist() == [0.0]


@pytest.mark.parametrize(
    ("low", "high"), [(1.0, -1.0), (0.0, math.inf), (math.nan, 1.0), (-1.7e308, 1.7e308)]
)
def test_format_refuses_what_is_not_a_range(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="range"):
        format_of_range(low, high)


def test_range_must_hold_zero() -> None:
    with pytest.raises(ValueError, match="does not hold 0"):
        ValueRange(1.0, 2.0)
