"""runtime/cnnc_fixed_point*.h under ASan and UBSan against Python's integers."""

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import floor
from pathlib import Path

import numpy as np
import pytest
from tests.support.emitted import C_FLAGS, SANITIZERS, run_tool

from cnnc.ir.types import Rounding
from cnnc.quantize.fixed_point_functions import exp_of_negative, reciprocal_of_one_plus

RUNTIME = Path(__file__).parents[2] / "runtime"
PROGRAM = Path(__file__).parent / "programs" / "fixed_point.c"

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
MULTIPLY, SHIFT_RIGHT, RESCALE, REQUANTIZE, SHIFT_LEFT, EXP, RECIPROCAL, CLAMP = range(8)

Row = tuple[int, ...]
Ask = Callable[[Sequence[Row]], list[int]]

# Around both ends of int32, around zero, and around each power of two.
EDGES = sorted(
    {
        sign * 2**bits + step
        for bits in range(32)
        for sign in (-1, 1)
        for step in (-1, 0, 1)
        if INT32_MIN <= sign * 2**bits + step <= INT32_MAX
    }
)
MULTIPLIERS = (0, 2**30, 2**30 + 1, 1518500250, 2**31 - 2, INT32_MAX)
SHIFTS = range(-31, 31)


@pytest.fixture(scope="module", params=["double", "single"])
def rounding(request: pytest.FixtureRequest) -> Rounding:
    """Return each rounding in turn."""
    chosen: Rounding = request.param
    return chosen


@pytest.fixture(scope="module")
def ask(rounding: Rounding, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Return the C functions as one function of rows."""
    program = tmp_path_factory.mktemp(rounding) / "program"
    macros = ["-DCNNC_SINGLE_ROUNDING"] if rounding == "single" else []
    command = ["gcc", "-O1", *C_FLAGS, *SANITIZERS, *macros, f"-I{RUNTIME}", PROGRAM]
    run_tool([*command, "-o", program])

    def asked(rows: Sequence[Row]) -> list[int]:
        table = np.zeros((len(rows), 8), dtype=np.int32)
        for index, row in enumerate(rows):
            table[index, : len(row)] = row
        results = np.frombuffer(run_tool([program], table.tobytes()), dtype=np.int32)
        return [int(result) for result in results]

    return asked


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def half_away(value: Fraction) -> int:
    return half_up(value) if value >= 0 else -half_up(-value)


def fits(value: int) -> bool:
    return INT32_MIN <= value <= INT32_MAX


def wrapped(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


def high_product(a: int, b: int) -> int:
    return min(half_up(Fraction(a * b, 2**31)), INT32_MAX)


def rescaled(row: Row, rounding: Rounding) -> int:
    _, x, multiplier, shift = row
    if rounding == "single":
        return half_up(Fraction(x * multiplier, 2 ** (31 - shift)))
    high = high_product(wrapped(x << max(shift, 0)), multiplier)
    return half_away(Fraction(high, 2 ** max(-shift, 0)))


def rescale_rows(rounding: Rounding) -> list[Row]:
    rows = itertools.product(EDGES, MULTIPLIERS, SHIFTS)
    # Ties: the product is an odd multiple of half the unit.
    ties = ((RESCALE, k << 10, 2**30, -shift) for k in (-5, -3, -1, 1, 3, 5) for shift in range(31))
    return [
        row
        for row in itertools.chain(((RESCALE, *row) for row in rows), ties)
        if fits(rescaled(row, rounding))
    ]


def test_doubling_high_multiply(ask: Ask) -> None:
    rows = [(MULTIPLY, a, b) for a, b in itertools.product(EDGES, repeat=2)]

    assert ask(rows) == [high_product(a, b) for _, a, b in rows]


def test_rounding_shift_right(ask: Ask) -> None:
    ties = [x for k in (-3, -1, 1, 3) for e in range(30) if fits(x := k << e)]
    rows = [(SHIFT_RIGHT, x, exponent) for x in (*EDGES, *ties) for exponent in range(32)]

    assert ask(rows) == [half_away(Fraction(x, 2**exponent)) for _, x, exponent in rows]


def test_rescale(ask: Ask, rounding: Rounding) -> None:
    rows = rescale_rows(rounding)

    assert len(rows) > 10_000
    assert ask(rows) == [rescaled(row, rounding) for row in rows]


@pytest.mark.parametrize(
    ("zero_point", "minimum", "maximum"),
    [
        (-128, -128, 127),
        (127, -128, 127),
        (0, 0, 127),
        (-128, -128, -100),
        (5, -1, 3),
        (127, 127, 127),
    ],
)
def test_requantize(
    ask: Ask, rounding: Rounding, zero_point: int, minimum: int, maximum: int
) -> None:
    rows = rescale_rows(rounding)[::7]

    expected = [max(minimum, min(maximum, rescaled(row, rounding) + zero_point)) for row in rows]
    assert ask([(REQUANTIZE, *row[1:], zero_point, minimum, maximum) for row in rows]) == expected


def test_saturating_shift_left(ask: Ask) -> None:
    rows = [(SHIFT_LEFT, x, bits) for x in EDGES for bits in range(1, 31)]

    expected = [max(INT32_MIN, min(INT32_MAX, x << bits)) for _, x, bits in rows]
    assert ask(rows) == expected


def test_clamp(ask: Ask) -> None:
    rows = [(CLAMP, x, low, high) for x in EDGES for low, high in ((-128, 127), (-3, 4), (9, 9))]

    assert ask(rows) == [max(low, min(high, x)) for _, x, low, high in rows]


def test_exp_of_negative(ask: Ask) -> None:
    random = np.random.default_rng(0).integers(INT32_MIN, 0, 2000).tolist()
    arguments = [*(x for x in EDGES if x <= 0), *random]

    results = ask([(EXP, a) for a in arguments])

    assert results == exp_of_negative(np.array(arguments, dtype=np.int64), 5).tolist()
    real = np.exp(np.array(arguments) / 2**26)
    np.testing.assert_allclose(np.array(results) / 2**31, real, atol=1e-6)


def test_reciprocal_of_one_plus(ask: Ask) -> None:
    random = np.random.default_rng(0).integers(0, INT32_MAX, 2000).tolist()
    arguments = [*(x for x in EDGES if x >= 0), *random]

    results = ask([(RECIPROCAL, a) for a in arguments])

    assert results == reciprocal_of_one_plus(np.array(arguments, dtype=np.int64)).tolist()
    real = 1 / (1 + np.array(arguments) / 2**31)
    np.testing.assert_allclose(np.array(results) / 2**31, real, atol=1e-6)
