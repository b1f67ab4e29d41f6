"""Round the weights of one layer so that the errors of its inputs and weights cancel.

A layer is y = W x + b for float operands x, and sees x~ once everything before it is on int8. With
both centred on their means over the calibration data,

    H = sum x~ x~^T      C = sum x x~^T      h = mean(diag H)
    W' = (W C + f W) (H + f I)^-1            f = FIT_DAMPING h

W' is the least squares fit of W' x~ to W x, held near W so that it does not learn the calibration
data by heart. It is then rounded to the int8 grid of its output channel one tap after the other;
what rounding tap k is off by is made good by the taps that are still real:

    w_j -= e_k U_kj / U_kk  for j > k        (H + r I)^-1 = U^T U,  r = ROUNDING_DAMPING h

with U upper triangular (optimal brain surgeon; Frantar et al. 2022, GPTQ, section 3). The bias
takes the means: b' = b + W mean(x) - W'' mean(x~).

Shapes: [groups][out][taps] for weights, [groups][rows][taps] for operands, [groups][taps][taps].
"""

from dataclasses import dataclass

import numpy as np

from cnnc.ir.types import F32, F64

FIT_DAMPING = 1.0
"""Of 0.01, 0.1 and 1 the one that holds best on data that were not calibrated with."""

ROUNDING_DAMPING = 0.01
WEIGHT_MAX = 127


@dataclass(eq=False)
class OperandMoments:
    """Sums over the calibration rows of a layer's float and int8 operands.

    Attributes:
        real_sum: sum x, [groups][taps].
        int8_sum: sum x~, [groups][taps].
        int8_square: sum x~ x~^T, [groups][taps][taps].
        cross: sum x x~^T, [groups][taps][taps].
        rows: How many rows were added.
    """

    real_sum: F64
    int8_sum: F64
    int8_square: F64
    cross: F64
    rows: int = 0

    @staticmethod
    def empty(groups: int, taps: int) -> "OperandMoments":
        """Return sums over no rows."""
        return OperandMoments(
            real_sum=np.zeros((groups, taps)),
            int8_sum=np.zeros((groups, taps)),
            int8_square=np.zeros((groups, taps, taps)),
            cross=np.zeros((groups, taps, taps)),
        )

    def add(self, real: F32, int8: F32) -> None:
        """Add rows; both [groups][rows][taps], the second one dequantized."""
        # Matrix products of strided arrays do not reach BLAS.
        real, int8 = np.ascontiguousarray(real), np.ascontiguousarray(int8)
        self.real_sum += real.sum(axis=1, dtype=np.float64)
        self.int8_sum += int8.sum(axis=1, dtype=np.float64)
        self.int8_square += np.matmul(int8.transpose(0, 2, 1), int8)
        self.cross += np.matmul(real.transpose(0, 2, 1), int8)
        self.rows += real.shape[1]


def compensated_weights(weight: F32, bias: F32, moments: OperandMoments) -> tuple[F32, F32]:
    """Return weights on the int8 grid of their output channel, and the bias that goes with them.

    The largest weight of each channel is +-127 steps, so that quantizing finds the same grid.

    Args:
        weight: [groups][out][taps].
        bias: [groups * out].
        moments: Of the operands, at least one row.
    """
    real_mean = moments.real_sum / moments.rows
    int8_mean = moments.int8_sum / moments.rows
    square = moments.int8_square - moments.rows * _outer(int8_mean, int8_mean)
    cross = moments.cross - moments.rows * _outer(real_mean, int8_mean)
    spread = np.trace(square, axis1=1, axis2=2) / square.shape[1]
    # An operand that never varies says nothing: the weights are rounded as they are.
    spread = np.where(spread > 0.0, spread, 1.0)[:, np.newaxis, np.newaxis]
    diagonal = spread * np.eye(square.shape[1])
    wide = weight.astype(np.float64)
    target = np.matmul(wide, cross + FIT_DAMPING * diagonal)
    fitted = np.matmul(target, np.linalg.inv(square + FIT_DAMPING * diagonal))
    rounded = _round_in_turn(fitted, _upper_factor(square + ROUNDING_DAMPING * diagonal))
    shift = np.matmul(wide, real_mean[..., np.newaxis]) - np.matmul(
        rounded, int8_mean[..., np.newaxis]
    )
    return rounded.astype(np.float32), (bias + shift.reshape(-1)).astype(np.float32)


def _outer(first: F64, second: F64) -> F64:
    product: F64 = first[:, :, np.newaxis] * second[:, np.newaxis, :]
    return product


def _upper_factor(matrix: F64) -> F64:
    """Return U, upper triangular with matrix^-1 = U^T U."""
    inverse = np.linalg.inv(matrix)
    symmetric = (inverse + inverse.transpose(0, 2, 1)) / 2.0
    lower = np.linalg.cholesky(symmetric).astype(np.float64, copy=False)
    return lower.transpose(0, 2, 1)


def _round_in_turn(weight: F64, factor: F64) -> F64:
    """Return the weights rounded to multiples of max |w| / 127 per output channel."""
    largest = np.abs(weight).max(axis=2)
    scale = np.where(largest > 0.0, largest / WEIGHT_MAX, 1.0)
    anchor = np.abs(weight).argmax(axis=2)
    left, result = weight.copy(), np.empty_like(weight)
    for tap in range(weight.shape[2]):
        steps = np.clip(np.rint(left[:, :, tap] / scale), -WEIGHT_MAX, WEIGHT_MAX)
        # The weight that defines the grid must stay at its end.
        extreme = np.sign(weight[:, :, tap]) * WEIGHT_MAX
        steps = np.where(anchor == tap, extreme, steps)
        result[:, :, tap] = steps * scale
        error = (left[:, :, tap] - result[:, :, tap]) / factor[:, np.newaxis, tap, tap]
        left[:, :, tap + 1 :] -= error[..., np.newaxis] * factor[:, np.newaxis, tap, tap + 1 :]
    return result
