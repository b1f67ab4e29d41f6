"""The fixed-point primitives against an independent version in plain Python integers.

The versions here follow the published descriptions (sign-dependent nudges, truncating division,
remainder and threshold), not the shortened identities that the package computes.
"""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnc.ir.types import Activation, Quantization, Rounding
from cnnc.quantize.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    Arithmetic,
    activation_limits,
    dequantize,
    quantize_multiplier,
    quantize_multipliers,
    quantize_real,
    round_half_away,
    rounding_divide_by_power_of_two,
    saturating_rounding_doubling_high_multiply,
    wrap_int32,
)

EDGES = (
    INT32_MIN,
    INT32_MIN + 1,
    -(2**30) - 1,
    -(2**30),
    -(2**30) + 1,
    -3,
    -2,
    -1,
    0,
    1,
    2,
    3,
    2**30 - 1,
    2**30,
    2**30 + 1,
    INT32_MAX - 1,
    INT32_MAX,
)
int32s = st.integers(INT32_MIN, INT32_MAX)
mantissas = st.integers(2**30, INT32_MAX)
shifts = st.integers(-31, 30)


def int64(*values: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def truncating_divide(a: int, b: int) -> int:
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def wrap(x: int) -> int:
    low = x & 0xFFFFFFFF
    return low - 2**32 if low >= 2**31 else low


def plain_high_multiply(a: int, b: int) -> int:
    if a == b == INT32_MIN:
        return INT32_MAX
    nudge = 2**30 if a * b >= 0 else 1 - 2**30
    return truncating_divide(a * b + nudge, 2**31)


def plain_divide_by_power_of_two(x: int, exponent: int) -> int:
    mask = (1 << exponent) - 1
    threshold = (mask >> 1) + (1 if x < 0 else 0)
    return (x >> exponent) + (1 if (x & mask) > threshold else 0)


def plain_rescale(x: int, multiplier: int, shift: int, rounding: Rounding) -> int:
    if rounding == "single":
        total = 31 - shift
        return wrap((x * multiplier + (1 << (total - 1))) >> total)
    high = plain_high_multiply(wrap(x << max(shift, 0)), multiplier)
    return plain_divide_by_power_of_two(high, max(-shift, 0))


def exact_half_away(value: Fraction) -> int:
    magnitude = math.floor(abs(value) + Fraction(1, 2))
    return magnitude if value >= 0 else -magnitude


def test_high_multiply_at_every_pair_of_edges() -> None:
    pairs = list(itertools.product(EDGES, EDGES))
    a, b = int64(*(pair[0] for pair in pairs)), int64(*(pair[1] for pair in pairs))
    found = saturating_rounding_doubling_high_multiply(a, b)
    assert found.tolist() == [plain_high_multiply(*pair) for pair in pairs]


def test_high_multiply_saturates_only_at_the_two_minima() -> None:
    found = saturating_rounding_doubling_high_multiply(
        int64(INT32_MIN, INT32_MIN), int64(INT32_MIN, INT32_MAX)
    )
    assert found.tolist() == [INT32_MAX, -INT32_MAX]


@pytest.mark.parametrize("product", [-3, -1, 1, 3])
def test_high_multiply_rounds_ties_up(product: int) -> None:
    # product * 2^30 / 2^31 is product / 2.
    found = saturating_rounding_doubling_high_multiply(int64(product), 2**30)
    assert found.tolist() == [math.floor(Fraction(product, 2) + Fraction(1, 2))]


@given(st.lists(st.tuples(int32s, int32s), min_size=1, max_size=50))
def test_high_multiply_of_any_pair(pairs: list[tuple[int, int]]) -> None:
    a, b = int64(*(pair[0] for pair in pairs)), int64(*(pair[1] for pair in pairs))
    found = saturating_rounding_doubling_high_multiply(a, b)
    assert found.tolist() == [plain_high_multiply(*pair) for pair in pairs]


@pytest.mark.parametrize("exponent", range(32))
def test_divide_by_power_of_two_at_ties_and_edges(exponent: int) -> None:
    step = 1 << exponent
    ties = [k * step + step // 2 + d for k in range(-3, 3) for d in (-1, 0, 1)]
    values = [value for value in (*EDGES, *ties) if INT32_MIN <= value <= INT32_MAX]
    found = rounding_divide_by_power_of_two(int64(*values), exponent)
    assert found.tolist() == [plain_divide_by_power_of_two(value, exponent) for value in values]
    assert found.tolist() == [exact_half_away(Fraction(value, step)) for value in values]


@given(int32s, st.integers(0, 31))
def test_divide_by_power_of_two_of_anything(x: int, exponent: int) -> None:
    found = rounding_divide_by_power_of_two(int64(x), exponent)
    assert found.tolist() == [plain_divide_by_power_of_two(x, exponent)]


def test_divide_takes_one_exponent_a_channel() -> None:
    found = rounding_divide_by_power_of_two(int64(6, 6, -6), int64(0, 2, 2))
    assert found.tolist() == [6, 2, -2]


@given(st.integers(-(2**62), 2**62))
def test_wrap_is_what_a_32_bit_register_holds(x: int) -> None:
    assert wrap_int32(int64(x)).tolist() == [wrap(x)]


@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("shift", range(-31, 31))
def test_rescale_at_edges_for_every_shift(shift: int, rounding: Rounding) -> None:
    for multiplier in (0, 2**30, 2**30 + 1, 1518500250, INT32_MAX):
        found = Arithmetic(rounding).rescale(int64(*EDGES), multiplier, shift)
        expected = [plain_rescale(x, multiplier, shift, rounding) for x in EDGES]
        assert found.tolist() == expected, multiplier


@given(int32s, mantissas, shifts, st.sampled_from(["double", "single"]))
def test_rescale_of_anything(x: int, multiplier: int, shift: int, rounding: Rounding) -> None:
    found = Arithmetic(rounding).rescale(int64(x), multiplier, shift)
    assert found.tolist() == [plain_rescale(x, multiplier, shift, rounding)]


@given(int32s, mantissas, st.integers(-31, 0))
def test_single_rounding_is_the_nearest_integer(x: int, multiplier: int, shift: int) -> None:
    exact = Fraction(x * multiplier, 2 ** (31 - shift))
    found = Arithmetic("single").rescale(int64(x), multiplier, shift)
    assert found.tolist() == [math.floor(exact + Fraction(1, 2))]


@given(int32s, mantissas, st.integers(-31, 0))
def test_double_rounding_is_at_most_one_off(x: int, multiplier: int, shift: int) -> None:
    single = Arithmetic("single").rescale(int64(x), multiplier, shift)
    double = Arithmetic("double").rescale(int64(x), multiplier, shift)
    assert abs(int(single[0]) - int(double[0])) <= 1


def test_the_two_roundings_differ_where_the_first_makes_a_tie() -> None:
    # -1 * (2^31 - 1) / 2^32 is just above -1/2; the first of two roundings makes it -1, a tie.
    accumulator = int64(-1)
    assert Arithmetic("double").rescale(accumulator, INT32_MAX, -1).tolist() == [-1]
    assert Arithmetic("single").rescale(accumulator, INT32_MAX, -1).tolist() == [0]


def test_rescale_takes_int32_and_one_multiplier_a_channel() -> None:
    accumulators = np.array([[100, 100], [-100, INT32_MIN]], dtype=np.int32)
    multipliers, shifts_ = quantize_multipliers(np.array([0.5, 0.01]))
    found = Arithmetic().rescale(accumulators, multipliers, shifts_)
    assert found.tolist() == [
        [50, 1],
        [-50, plain_rescale(INT32_MIN, int(multipliers[1]), int(shifts_[1]), "double")],
    ]


def test_requantize_adds_the_zero_point_and_clamps() -> None:
    multiplier, shift = quantize_multiplier(0.5)
    accumulators = np.array([-1000, -20, 0, 20, 1000], dtype=np.int32)
    found = Arithmetic().requantize(accumulators, multiplier, shift, -5, (-12, 100))
    assert found.dtype == np.int8
    assert found.tolist() == [-12, -12, -5, 5, 100]


@given(st.floats(2.0**-31, 2.0**29))
def test_multiplier_is_within_half_a_unit_of_the_real_one(real: float) -> None:
    multiplier, shift = quantize_multiplier(real)
    assert 2**30 <= multiplier <= INT32_MAX
    assert abs(Fraction(multiplier) * Fraction(2) ** (shift - 31) - Fraction(real)) <= Fraction(
        2
    ) ** (shift - 32)


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (0.0, (0, 0)),
        (1.0, (2**30, 1)),
        (0.5, (2**30, 0)),
        (math.nextafter(1.0, 0.0), (2**30, 1)),  # the mantissa rounds up to 2^31
        (0.75, (3 * 2**29, 0)),
        (2.0**-32, (2**30, -31)),
        (2.0**-33, (0, 0)),
        (math.nextafter(2.0**-32, 0.0), (2**30, -31)),  # rounding up saves it from 0
        (5e-324, (0, 0)),
        (2.0**29, (2**30, 30)),
        (2.0**30, (INT32_MAX, 30)),
        (math.nextafter(2.0**30, 0.0), (INT32_MAX, 30)),
        (1e300, (INT32_MAX, 30)),
        ((2**30 + 0.5) / 2**31, (2**30 + 1, 0)),  # ties go away from zero
    ],
)
def test_multiplier_edges(real: float, expected: tuple[int, int]) -> None:
    assert quantize_multiplier(real) == expected


@pytest.mark.parametrize("real", [-1.0, -5e-324, math.inf, math.nan])
def test_multiplier_refuses_what_is_not_a_size(real: float) -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        quantize_multiplier(real)


def test_multipliers_are_int32_arrays() -> None:
    mantissa, shift = quantize_multipliers(np.array([1.0, 0.0, 0.75]))
    assert mantissa.dtype == np.int32
    assert shift.dtype == np.int32
    assert list(zip(mantissa.tolist(), shift.tolist(), strict=True)) == [
        (2**30, 1),
        (0, 0),
        (3 * 2**29, 0),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, 1),
        (-0.5, -1),
        (1.5, 2),
        (2.5, 3),
        (-2.5, -3),
        (0.49999997, 0),
        (-0.49999997, 0),
        (8388609.0, 8388609),
    ],
)
def test_round_half_away_in_float32(value: float, expected: int) -> None:
    found = round_half_away(np.array([value], dtype=np.float32))
    assert found.dtype == np.float32
    assert found.tolist() == [expected]


@given(st.floats(-(2.0**40), 2.0**40, width=32))
def test_round_half_away_is_exact(value: float) -> None:
    found = round_half_away(np.array([value], dtype=np.float32))
    assert int(found[0]) == exact_half_away(Fraction(value))


@given(
    st.floats(-(2.0**20), 2.0**20, width=32),
    st.floats(2.0**-20, 2.0**10, width=32),
    st.integers(-128, 127),
)
def test_quantize_real_divides_in_float32(real: float, scale: float, zero_point: int) -> None:
    quotient = float(np.float32(real) / np.float32(scale))
    expected = min(max(exact_half_away(Fraction(quotient)) + zero_point, -128), 127)
    found = quantize_real(np.array([real], np.float32), Quantization(scale, zero_point))
    assert found.dtype == np.int8
    assert found.tolist() == [expected]


def test_quantize_real_saturates_without_a_warning() -> None:
    tiny = Quantization(float(np.float32(1e-38)), 5)
    extremes = np.array([3e38, -3e38, np.inf, -np.inf, 0.0], dtype=np.float32)
    assert quantize_real(extremes, tiny).tolist() == [127, -128, 127, -128, 5]


@given(st.floats(2.0**-20, 2.0**10, width=32), st.integers(-128, 127))
def test_every_int8_survives_the_round_trip(scale: float, zero_point: int) -> None:
    quantization = Quantization(scale, zero_point)
    every = np.arange(-128, 128).astype(np.int8)
    assert np.array_equal(quantize_real(dequantize(every, quantization), quantization), every)


def test_dequantize_multiplies_in_double() -> None:
    scale = float(np.float32(0.1))
    found = dequantize(np.array([-128, 127], dtype=np.int8), Quantization(scale, 3))
    assert found.dtype == np.float32
    assert found.tolist() == [float(np.float32(scale * -131)), float(np.float32(scale * 124))]


@pytest.mark.parametrize(
    ("activation", "scale", "zero_point", "expected"),
    [
        (Activation.NONE, 0.5, 3, (-128, 127)),
        (Activation.RELU, 0.5, 3, (3, 127)),
        (Activation.RELU, 0.5, -128, (-128, 127)),
        (Activation.RELU6, 0.5, 3, (3, 15)),
        (Activation.RELU6, 0.5, 120, (120, 127)),
        (Activation.RELU_N1_TO_1, 0.5, 3, (1, 5)),
        (Activation.RELU_N1_TO_1, 0.5, -127, (-128, -125)),
        (Activation.RELU6, 4.0, 0, (0, 2)),  # 6 / 4 is a tie: away from zero
        (Activation.RELU_N1_TO_1, 2.0, 0, (-1, 1)),
        (Activation.RELU6, float(np.float32(1e-38)), 0, (0, 127)),
    ],
)
def test_activation_limits(
    activation: Activation, scale: float, zero_point: int, expected: tuple[int, int]
) -> None:
    assert activation_limits(activation, Quantization(scale, zero_point)) == expected
