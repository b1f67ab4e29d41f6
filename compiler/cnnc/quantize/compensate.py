"""Round the weights of one layer so that the errors of its inputs and weights cancel.

A layer is y = W x + b for float operands x, and sees x~ = s (q - z) once everything before it is on
int8. In steps of the operand's format, with u = q - z and e = x / s - u the error of the operand,
all centred on their means over the calibration data,

    H = sum u u^T        E = sum e u^T        h = mean(diag H)
    W' = W + W E (H + f I)^-1                 f = FIT_DAMPING h

W' is the least squares fit of W' x~ to W x, held near W so that it does not learn the calibration
data by heart. It is then rounded to the int8 grid of its output channel one tap after the other;
what the taps before are off by is made good by those that are still real:

    w_k += sum over j < k of (w'_j - round(w_j)) R_jk / R_kk      H + r I = R R^T,
                                                                  r = ROUNDING_DAMPING h

with R upper triangular (optimal brain surgeon; Frantar et al. 2022, GPTQ, section 3). The bias
takes the means: b' = b + s (W mean(u + e) - W'' mean(u)).

Sums over q are exact integers, hence so is H up to one division: no operand, however little it
varies, is lost to cancellation, and the order of summation does not matter.

Shapes: [groups][out][taps] for weights, [groups][rows][taps] for operands, [groups][taps][taps].
"""

from dataclasses import dataclass

import numpy as np

from cnnc.ir.types import F32, F64, Quantization

FIT_DAMPING = 1.0
"""Of 0.01, 0.1 and 1 the one that holds best on data that were not calibrated with."""

ROUNDING_DAMPING = 0.01
WEIGHT_MAX = 127

SMALLEST_VARIANCE = 1e-4
"""In steps squared, mean over the taps. An operand that varies less says nothing."""

EXACT_ROWS = 1024
"""Rows whose products of int8 values sum up exactly in float32: 2^10 times 2^14 is 2^24."""

BLOCK_TAPS = 128
"""Taps that are rounded before what they are off by reaches all later ones, in one product."""


@dataclass(eq=False)
class OperandMoments:
    """Sums over the calibration rows of a layer's operand, in steps of its format.

    Attributes:
        integer_sum: sum q, [groups][taps].
        error_sum: sum e, [groups][taps].
        square: sum q q^T, [groups][taps][taps].
        cross: sum e q^T, [groups][taps][taps].
        rows: How many rows were added.
    """

    integer_sum: F64
    error_sum: F64
    square: F64
    cross: F64
    rows: int = 0

    @staticmethod
    def empty(groups: int, taps: int) -> "OperandMoments":
        """Return sums over no rows."""
        return OperandMoments(
            integer_sum=np.zeros((groups, taps)),
            error_sum=np.zeros((groups, taps)),
            square=np.zeros((groups, taps, taps)),
            cross=np.zeros((groups, taps, taps)),
        )

    def add(self, integers: F32, error: F32) -> None:
        """Add rows; both [groups][rows][taps].

        Args:
            integers: q, -128..127.
            error: x / s - (q - z).
        """
        for begin in range(0, integers.shape[1], EXACT_ROWS):
            # Matrix products of strided arrays do not reach BLAS.
            q = np.ascontiguousarray(integers[:, begin : begin + EXACT_ROWS])
            e = np.ascontiguousarray(error[:, begin : begin + EXACT_ROWS])
            self.integer_sum += q.sum(axis=1, dtype=np.float64)
            self.square += np.matmul(q.transpose(0, 2, 1), q)
            # Infinities are found when the sums are used.
            with np.errstate(over="ignore", invalid="ignore"):
                self.error_sum += e.sum(axis=1, dtype=np.float64)
                self.cross += np.matmul(e.transpose(0, 2, 1), q)
            self.rows += q.shape[1]


def compensated_weights(
    weight: F32, bias: F32, moments: OperandMoments, format_: Quantization
) -> tuple[F32, F32] | None:
    """Return weights on the int8 grid of their output channel, and the bias that goes with them.

    The largest weight of each channel is +-127 steps, so that quantizing finds the same grid.

    Args:
        weight: [groups][out][taps].
        bias: [groups * out].
        moments: Of the operand, at least one row.
        format_: Of the operand.

    Returns:
        None where float32 cannot hold the result: then the weights are best left as they are.
    """
    if not (np.isfinite(moments.error_sum).all() and np.isfinite(moments.cross).all()):
        return None
    wide = weight.astype(np.float64)
    hessian = _centred(moments.square, moments.integer_sum, moments.integer_sum, moments.rows)
    spread = np.trace(hessian, axis1=1, axis2=2) / hessian.shape[1]
    spread = np.maximum(spread, SMALLEST_VARIANCE * moments.rows)
    try:
        fitted = wide + _fit(wide, moments, hessian, FIT_DAMPING * spread)
        factor = _upper_factor(hessian, ROUNDING_DAMPING * spread)
    except np.linalg.LinAlgError:
        return None
    rounded = _round_in_turn(fitted, factor)
    integer_mean = moments.integer_sum / moments.rows - format_.zero_point
    real_mean = integer_mean + moments.error_sum / moments.rows
    shift = _applied(wide, real_mean) - _applied(rounded, integer_mean)
    with np.errstate(over="ignore"):
        result = rounded.astype(np.float32)
        offset = (bias + format_.scale * shift.reshape(-1)).astype(np.float32)
    finite = bool(np.isfinite(result).all() and np.isfinite(offset).all())
    return (result, offset) if finite else None


def _applied(weight: F64, operand: F64) -> F64:
    """Return W x; [groups][out]."""
    product: F64 = np.matmul(weight, operand[..., np.newaxis])[..., 0]
    return product


def _centred(product: F64, left: F64, right: F64, rows: int) -> F64:
    """Return sum (a - mean a)(b - mean b)^T from sum a b^T, sum a and sum b."""
    # For integers this is exact up to the division: rows^2 2^14 stays far below 2^53.
    centred = product * rows
    centred -= left[:, :, np.newaxis] * right[:, np.newaxis, :]
    centred /= rows
    return centred


def _fit(weight: F64, moments: OperandMoments, hessian: F64, damping: F64) -> F64:
    """Return W E (H + f I)^-1."""
    cross = _centred(moments.cross, moments.error_sum, moments.integer_sum, moments.rows)
    target = np.matmul(weight, cross)
    del cross
    # H is symmetric: the transposed system has the same matrix.
    solved = np.linalg.solve(_damped(hessian, damping), target.transpose(0, 2, 1))
    result: F64 = solved.transpose(0, 2, 1).astype(np.float64, copy=False)
    return result


def _damped(hessian: F64, damping: F64) -> F64:
    result = hessian.copy()
    diagonal = np.arange(hessian.shape[1])
    result[:, diagonal, diagonal] += damping[:, np.newaxis]
    return result


def _upper_factor(hessian: F64, damping: F64) -> F64:
    """Return R, upper triangular with H + r I = R R^T, its columns divided by R's diagonal."""
    # With the taps in reverse order the lower Cholesky factor becomes the upper one.
    lower = np.linalg.cholesky(_damped(hessian, damping)[:, ::-1, ::-1])
    upper: F64 = np.ascontiguousarray(lower[:, ::-1, ::-1], dtype=np.float64)
    upper /= np.diagonal(upper, axis1=1, axis2=2).copy()[:, np.newaxis, :]
    return upper


def _round_in_turn(weight: F64, factor: F64) -> F64:
    """Return the weights rounded to multiples of max |w| / 127 per output channel."""
    # [groups][taps][out]: what belongs to one tap is contiguous.
    fitted = np.ascontiguousarray(weight.transpose(0, 2, 1))
    magnitude = np.abs(fitted)
    largest = magnitude.max(axis=1)
    scale = np.where(largest > 0.0, largest / WEIGHT_MAX, 1.0)
    anchor = magnitude.argmax(axis=1)
    del magnitude
    left, result = fitted.copy(), np.empty_like(fitted)
    taps = fitted.shape[1]
    for begin in range(0, taps, BLOCK_TAPS):
        end = min(begin + BLOCK_TAPS, taps)
        for tap in range(begin, end):
            steps = np.clip(np.rint(left[:, tap] / scale), -WEIGHT_MAX, WEIGHT_MAX)
            # The weight that defines the grid must stay at its end.
            extreme = np.sign(fitted[:, tap]) * WEIGHT_MAX
            result[:, tap] = np.where(anchor == tap, extreme, steps) * scale
            error = fitted[:, tap] - result[:, tap]
            row = factor[:, tap, tap + 1 : end, np.newaxis]
            left[:, tap + 1 : end] += row * error[:, np.newaxis, :]
        if end < taps:
            errors = fitted[:, begin:end] - result[:, begin:end]
            left[:, end:] += np.matmul(factor[:, begin:end, end:].transpose(0, 2, 1), errors)
    return np.ascontiguousarray(result.transpose(0, 2, 1))
