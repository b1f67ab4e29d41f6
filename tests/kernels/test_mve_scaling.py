"""The Helium kernels' second multiplication is the rounding shift of spec 2.2, ties included."""

import numpy as np
import pytest
from tests.ops.test_conv2d import conv2d
from tests.support.op_cases import OpCase
from tests.support.variant_cases import refusal

from cnnc.quantize.fixed_point import (
    rounding_divide_by_power_of_two,
    saturating_rounding_doubling_high_multiply,
)


@pytest.mark.parametrize("shift", range(12))
def test_dividers_move_ties_away_from_zero_and_nothing_else(shift: int) -> None:
    divider = 2**31 - 1 if shift == 0 else 2 ** (31 - shift) + 1
    half = 2**shift // 2
    ties = (np.arange(-1200, 1200) << shift) + half
    near = (ties[:, np.newaxis] + np.array([-1, 0, 1])).reshape(-1)
    far = np.random.default_rng(shift).integers(-(2**31), 2**31 - 1, 20000)
    values = np.concatenate([near, far, [-(2**31), 2**31 - 1]])
    exact = rounding_divide_by_power_of_two(values, shift)
    scaled = saturating_rounding_doubling_high_multiply(values, divider)
    for zero_point in (-128, -1, 0, 127):
        np.testing.assert_array_equal(
            np.clip(scaled + zero_point, -128, 127), np.clip(exact + zero_point, -128, 127)
        )


def test_refuses_small_multipliers_of_large_sums_that_may_be_negative_ties() -> None:
    op = conv2d((4, 1, 1, 64))
    case = OpCase("small", op, ((1, 2, 2, 64),), output_range=(-3000.0, 3000.0))
    assert "may be ties" in refusal(case, "conv2d_1x1_s8_mve")
