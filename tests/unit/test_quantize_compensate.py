"""Rounding of weights so that the errors of int8 cancel, on matrices."""

import tracemalloc

import numpy as np
import pytest

from cnnc.ir.types import F32, Quantization
from cnnc.quantize.compensate import OperandMoments, compensated_weights
from cnnc.quantize.fixed_point import dequantize, quantize_real
from cnnc.quantize.parameters import format_of_range

Fitted = tuple[F32, F32]
"""Weights [groups][out][taps] and bias [groups * out]."""


def reals(seed: int, *shape: int) -> F32:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def steps_of(operand: F32) -> tuple[F32, Quantization]:
    """Return the int8 values of an operand [groups][rows][taps] and their format."""
    format_ = format_of_range(float(operand.min()), float(operand.max()))
    return quantize_real(operand, format_).astype(np.float32), format_


def adapted(weight: F32, bias: F32, real: F32, integers: F32, format_: Quantization) -> Fitted:
    """Return adapted weights and bias, from moments that were collected in two parts."""
    moments = OperandMoments.empty(real.shape[0], real.shape[2])
    error = real / np.float32(format_.scale) - (integers - np.float32(format_.zero_point))
    half = real.shape[1] // 2
    moments.add(integers[:, :half], error[:, :half])
    moments.add(integers[:, half:], error[:, half:])
    found = compensated_weights(weight, bias, moments, format_)
    assert found is not None
    return found


def adapted_to(weight: F32, bias: F32, operand: F32) -> Fitted:
    return adapted(weight, bias, operand, *steps_of(operand))


def correlated(seed: int, groups: int, rows: int, taps: int) -> F32:
    """Return operands as images give them: most of their variance in a few directions."""
    mixing = reals(seed + 1, groups, 3, taps)
    signal: F32 = np.matmul(reals(seed, groups, rows, 3), mixing)
    noise: F32 = np.float32(0.05) * reals(seed + 2, groups, rows, taps)
    return signal + noise + np.float32(1)


def plainly_rounded(weight: F32) -> F32:
    scale = np.abs(weight).max(axis=2, keepdims=True) / 127
    rounded: F32 = (np.rint(weight / scale) * scale).astype(np.float32)
    return rounded


def test_rounding_errors_cancel() -> None:
    operand, weight, bias = correlated(30, 2, 4000, 40), reals(33, 2, 8, 40), reals(34, 16)
    integers, format_ = steps_of(operand)
    seen = dequantize(integers, format_)
    found, found_bias = adapted(weight, bias, seen, integers, format_)

    def error(candidate: F32, offset: F32) -> float:
        difference = np.matmul(seen, (candidate - weight).transpose(0, 2, 1)).astype(np.float64)
        return float(np.square(difference + offset.reshape(2, 1, 8)).mean())

    assert error(found, found_bias - bias) < 0.1 * error(
        plainly_rounded(weight), np.zeros(16, np.float32)
    )


def test_systematic_errors_of_the_operand_are_made_good() -> None:
    real, weight, bias = correlated(40, 1, 4000, 10), reals(43, 1, 4, 10), reals(44, 4)
    off = real * np.float32(0.9) + np.float32(0.3)  # as if a range had been too narrow
    integers, format_ = steps_of(off)
    found, found_bias = adapted(weight, bias, real, integers, format_)
    seen = dequantize(integers, format_)
    wanted = np.matmul(real, weight.transpose(0, 2, 1)) + bias
    before = np.matmul(seen, weight.transpose(0, 2, 1)) + bias
    after = np.matmul(seen, found.transpose(0, 2, 1)) + found_bias
    assert np.square(after - wanted).mean() < 0.3 * np.square(before - wanted).mean()


def test_weights_lie_on_the_grid_that_quantization_finds() -> None:
    weight = reals(53, 3, 4, 9)
    found, _ = adapted_to(weight, np.zeros(12, np.float32), correlated(50, 3, 500, 9))
    steps = found / (np.abs(found).max(axis=2, keepdims=True) / 127)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-4)
    assert np.abs(found).max() <= 1.1 * np.abs(weight).max()


@pytest.mark.parametrize(
    "operand",
    [
        np.zeros((1, 50, 6), np.float32),
        np.full((1, 50, 6), 3.0, np.float32),
        np.full((1, 5000, 6), 255.0, np.float32),
        1000 + np.float32(0.01) * reals(63, 1, 5000, 6),
        np.float32(1e30) * np.full((1, 50, 6), 0.7, np.float32),
        reals(60, 1, 2, 6),
    ],
)
def test_operands_that_say_little_leave_the_weights_nearly_as_they_are(operand: F32) -> None:
    weight, bias = reals(61, 1, 4, 6), reals(62, 4)
    integers, format_ = steps_of(operand)
    found, found_bias = adapted(weight, bias, operand, integers, format_)
    step = np.abs(weight).max(axis=2, keepdims=True) / 127
    assert (np.abs(found - weight) <= 1.5 * step).all()
    wanted = np.matmul(operand.astype(np.float64).mean(axis=1), weight[0].T)
    seen = np.matmul(dequantize(integers, format_).astype(np.float64).mean(axis=1), found[0].T)
    np.testing.assert_allclose(
        found_bias, bias + (wanted - seen)[0], atol=1e-4, rtol=1e-4 * max(1.0, abs(operand).max())
    )


def test_channel_of_zeros_stays_zero() -> None:
    weight = reals(70, 1, 3, 5)
    weight[0, 1] = 0.0
    found, _ = adapted_to(weight, np.zeros(3, np.float32), correlated(71, 1, 100, 5))
    assert np.isfinite(found).all()
    assert not found[0, 1].any()


def test_rounding_in_blocks_is_rounding_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    operand, weight, bias = correlated(90, 2, 300, 37), reals(91, 2, 5, 37), reals(92, 10)
    whole, _ = adapted_to(weight, bias, operand)
    for block in (1, 5, 36):
        monkeypatch.setattr("cnnc.quantize.compensate.BLOCK_TAPS", block)
        assert np.array_equal(adapted_to(weight, bias, operand)[0], whole)


def test_sums_of_int8_are_exact_whatever_their_order() -> None:
    random = np.random.default_rng(93)
    rows = random.integers(-128, 128, (1, 5000, 12)).astype(np.float32)
    rows[0, :3000] = -128  # the largest sums that there can be
    expected = np.matmul(rows[0].T.astype(np.int64), rows[0].astype(np.int64))
    for order in (np.arange(5000), random.permutation(5000)):
        moments = OperandMoments.empty(1, 12)
        moments.add(rows[:, order], np.zeros_like(rows))
        assert np.array_equal(moments.square[0], expected)
        assert np.array_equal(moments.integer_sum[0], rows[0].sum(axis=0, dtype=np.int64))


def test_what_float32_cannot_hold_is_left_as_it_is() -> None:
    weight, bias = reals(94, 1, 2, 3), reals(95, 2)
    broken = OperandMoments.empty(1, 3)
    integers = np.zeros((1, 4, 3), np.float32)
    broken.add(integers, np.full((1, 4, 3), np.inf, np.float32))
    assert compensated_weights(weight, bias, broken, Quantization(1.0, 0)) is None
    huge = OperandMoments.empty(1, 3)
    huge.add(integers + 100, np.full((1, 4, 3), 1e6, np.float32))
    wide = Quantization(float(np.float32(1e36)), 0)
    assert compensated_weights(weight, bias, huge, wide) is None


def test_large_layers_are_quick_and_small() -> None:
    rows, weight = correlated(96, 1, 1100, 1024), reals(97, 1, 128, 1024)
    integers, format_ = steps_of(rows)
    tracemalloc.start()
    found, _ = adapted(weight, np.zeros(128, np.float32), rows, integers, format_)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    matrix_bytes = 1024 * 1024 * 8
    assert peak < 9 * matrix_bytes
    assert found.shape == weight.shape
