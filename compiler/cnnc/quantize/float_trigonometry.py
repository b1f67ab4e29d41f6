"""Sine and cosine in float32: the twin of runtime/cnnc_float_trigonometry.h, to the bit."""

from typing import Any

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import F32, I32
from cnnc.quantize import float_math
from cnnc.quantize.float_math import LARGEST, NAN, polynomial

_F = np.float32
_U64 = npt.NDArray[np.uint64]
_TWO_OVER_PI = np.array(
    [
        0x00000000,
        0xA2F9836E,
        0x4E441529,
        0xFC2757D1,
        0xF534DDC0,
        0xDB629599,
        0x3C439041,
        0xFE5163AB,
    ],
    np.uint64,
)
_PER_QUARTER = _F(8.51530419e-20)


def _window(skipped: I32, index: int) -> _U64:
    word = skipped // 32 + index
    pair = (_TWO_OVER_PI[word] << np.uint64(32)) | _TWO_OVER_PI[word + 1]
    result: npt.NDArray[Any] = (pair << (skipped % 32).astype(np.uint64)) >> np.uint64(32)
    return result.astype(np.uint32).astype(np.uint64)


def _reduce(x: F32) -> tuple[F32, I32]:
    bits = float_math.bits_of(x) & np.int32(0x7FFFFFFF)
    is_small = bits < np.int32(0x3F490FDB)
    used = np.where(is_small, np.int32(0x3F800000), bits)
    mantissa = ((used & np.int32(0x007FFFFF)) | np.int32(0x00800000)).astype(np.uint64)
    skipped = (used >> 23) - np.int32(120)
    carry = (mantissa * _window(skipped, 2)) >> np.uint64(32)
    turn = mantissa * _window(skipped, 1) + carry
    turn = turn + ((mantissa * _window(skipped, 0)) << np.uint64(32))
    quadrant = (turn >> np.uint64(62)).astype(np.int32)
    fraction = (turn << np.uint64(2)).view(np.int64)
    quadrant = quadrant + (fraction < 0).astype(np.int32)
    rest = fraction.astype(np.float32) * _PER_QUARTER
    is_negative = x < 0
    rest, quadrant = np.where(is_negative, -rest, rest), np.where(is_negative, -quadrant, quadrant)
    return np.where(is_small, x, rest), np.where(is_small, 0, quadrant).astype(np.int32)


@float_math.quiet
def _sin_from(x: F32, quarters: int) -> F32:
    is_finite = float_math.absolute(x) <= LARGEST
    rest, turns = _reduce(np.where(is_finite, x, _F(0)))
    quadrant = (turns + quarters) & 3
    z = rest * rest
    p = polynomial(z, 2.83754275e-06, -1.98535126e-04, 8.33338033e-03, -1.66666672e-01)
    q = polynomial(z, -2.89776466e-07, 2.48229862e-05, -1.38889824e-03, 4.16666679e-02)
    sine = rest + rest * (z * p)
    cosine = _F(1) - z * _F(0.5) + z * z * q
    result = np.where((quadrant & 1) == 0, sine, cosine)
    return np.where(is_finite, np.where((quadrant & 2) == 0, result, -result), NAN)


def sin(x: F32) -> F32:
    """Return the sine; float32, any shape. NaN for infinity."""
    result: F32 = _sin_from(x, 0)
    return result


def cos(x: F32) -> F32:
    """Return the cosine; float32, any shape. NaN for infinity."""
    result: F32 = _sin_from(x, 1)
    return result
