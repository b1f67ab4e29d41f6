"""Derive the polynomials of runtime/cnnc_float_math.h: near-minimax, coefficients in float32.

    python -m bench.float_polynomials

Lawson's iteration (least squares, re-weighted by the error) approaches the polynomial of least
largest error. Coefficients are rounded to float32 lowest power first; the others are fitted again
around each one that is fixed, so that they take up its rounding.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Polynomial

from cnnc.ir.types import F64

_POINTS = 4001
_STEPS = 200


@dataclass(frozen=True)
class Fit:
    """One polynomial in z = x^2 or in x itself.

    Attributes:
        name: Of the constants in C.
        low: Least argument of the polynomial.
        high: Greatest one.
        degree: Of the polynomial.
        target: What it approximates.
        weight: By how much an error at an argument counts.
    """

    name: str
    low: float
    high: float
    degree: int
    target: Callable[[float], float]
    weight: Callable[[float], float]


def _exp(r: float) -> float:
    """exp(r) = 1 + r + r^2 P(r)."""
    if abs(r) < 1e-2:
        return sum(r**k / math.factorial(k + 2) for k in range(8))
    return (math.expm1(r) - r) / (r * r)


def _log(z: float) -> float:
    """2 atanh(s) = 2 s + s z P(z), z = s^2."""
    return sum(2.0 * z**k / (2 * k + 3) for k in range(30))


def _tanh(z: float) -> float:
    """tanh(x) = x + x z P(z), z = x^2."""
    x = math.sqrt(z)
    if z < 1e-4:
        return -1 / 3 + 2 / 15 * z - 17 / 315 * z * z
    return (math.tanh(x) - x) / (x * z)


def _erf(z: float) -> float:
    """erf(x) = x + x P(z), z = x^2."""
    x = math.sqrt(z)
    terms = [(-z) ** k / (math.factorial(k) * (2 * k + 1)) for k in range(30)]
    return 2.0 / math.sqrt(math.pi) * sum(terms) - 1.0 if x > 0 else 2.0 / math.sqrt(math.pi) - 1.0


def _log_erfc(x: float) -> float:
    """erf(x) = 1 - exp(-x P(x))."""
    return -math.log(math.erfc(x)) / x


def _sin(z: float) -> float:
    """sin(x) = x + x z P(z), z = x^2."""
    return sum((-1.0) ** (k + 1) * z**k / math.factorial(2 * k + 3) for k in range(12))


def _cos(z: float) -> float:
    """cos(x) = 1 - z / 2 + z^2 P(z), z = x^2."""
    return sum((-1.0) ** k * z**k / math.factorial(2 * k + 4) for k in range(12))


_HALF_LOG_2 = 0.5 * math.log(2.0)
_LARGEST_S = (math.sqrt(2.0) - 1.0) / (math.sqrt(2.0) + 1.0)
_QUARTER_PI_SQUARED = (math.pi / 4.0) ** 2

FITS = (
    Fit("exp", -_HALF_LOG_2, _HALF_LOG_2, 4, _exp, lambda r: r * r),
    Fit("log", 0.0, _LARGEST_S**2, 3, _log, lambda z: z),
    Fit("tanh", 0.0, 0.625**2, 4, _tanh, lambda z: z),
    Fit("erf", 0.0, 0.9**2, 6, _erf, lambda z: 1.0),
    Fit("erfc", 0.9, 4.0, 8, _log_erfc, lambda x: x * math.erfc(x)),
    Fit("sin", 0.0, _QUARTER_PI_SQUARED, 3, _sin, lambda z: z),
    Fit("cos", 0.0, _QUARTER_PI_SQUARED, 3, _cos, lambda z: z * z),
)


def fit(case: Fit) -> tuple[list[float], float]:
    """Return float32 coefficients, lowest power first, and the largest weighted error."""
    angle = np.linspace(0.0, math.pi, _POINTS)
    x = 0.5 * (case.low + case.high) - 0.5 * (case.high - case.low) * np.cos(angle)
    target = np.array([case.target(float(point)) for point in x])
    weight = np.array([case.weight(float(point)) for point in x])
    fixed: list[float] = []
    for power in range(case.degree + 1):
        rest = target - _values(fixed, x)
        fixed.append(float(np.float32(_minimax(x, rest, weight, range(power, case.degree + 1))[0])))
    error = weight * (target - _values(fixed, x))
    return fixed, float(np.abs(error).max())


def _values(coefficients: list[float], x: F64) -> F64:
    return np.asarray(Polynomial(coefficients or [0.0])(x), dtype=np.float64)


def _minimax(x: F64, target: F64, weight: F64, powers: range) -> F64:
    scale = float(np.abs(x).max())
    columns = np.stack([(x / scale) ** power for power in powers], axis=1) * weight[:, np.newaxis]
    share = np.full(len(x), 1.0 / len(x))
    solution = np.zeros(len(powers))
    for _ in range(_STEPS):
        root = np.sqrt(share)
        solution = np.linalg.lstsq(columns * root[:, None], target * weight * root, rcond=None)[0]
        error = np.abs(columns @ solution - target * weight)
        share = share * error
        share /= share.sum()
    return np.asarray(solution / np.array([scale**power for power in powers]), dtype=np.float64)


def main() -> None:
    """Print every polynomial."""
    for case in FITS:
        coefficients, error = fit(case)
        lines = [f"{case.name}: largest weighted error 2^{math.log2(error):.1f}"]
        lines += [f"    {power}: {value:.9g}f" for power, value in enumerate(coefficients)]
        sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
