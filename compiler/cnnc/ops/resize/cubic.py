"""Resize by weighted sums of several elements, on real numbers: cubic convolution, antialias.

With antialias, where an axis becomes shorter by a factor, the function that gives the weights is
wider by this factor, and the weights are divided by their sum (ONNX Resize).

Source: R. Keys, Cubic convolution interpolation for digital image processing, 1981. At a distance
d from an element its weight is, with the model's parameter a,
    (a + 2) d^3 - (a + 3) d^2 + 1         for d <= 1,
    a d^3 - 5 a d^2 + 8 a d - 4 a         for 1 < d < 2.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.ir.op import FloatOp, NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, F64, I32, Shape, Tensor
from cnnc.ops.resize.coordinates import ResizedAxis
from cnnc.ops.resize.geometry import resized_shape, span_of
from cnnc.ops.resize.taps import Taps, interpolate, lower_taps
from cnnc.quantize.context import QuantizeContext

_LINEAR_REACH, _CUBIC_REACH = 1, 2
"""Distance from which an element weighs nothing."""


@dataclass(frozen=True, eq=False)
class ResizeWeighted(FloatOp):
    """Element i of a resized axis is a weighted sum of elements of the operand's.

    Attributes:
        axes: Resized axes in memory, ascending.
        sizes: Their sizes in the result.
        indices: int32 [sum of sizes][taps], those of the first axis, then those of the next.
        weights: float32, the same shape.
    """

    axes: tuple[int, ...]
    sizes: tuple[int, ...]
    indices: I32
    weights: F32

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the resized shape."""
        return resized_shape(inputs[0], self.axes, self.sizes)

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Interpolate along the last resized axis first, in the order of the C."""
        span = span_of(inputs[0].shape[1:], self.axes, self.sizes)
        return interpolate(inputs[0], span, self._taps(), self.axes, self.sizes)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse."""
        raise NoIntegerRuleError("weighted sums of more than two elements have no rule on int8")

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel of weighted elements."""
        return lower_taps(span_of(site.inputs[0], self.axes, self.sizes), self._taps())

    def _taps(self) -> list[Taps]:
        ends = np.cumsum(self.sizes)[:-1]
        tables = zip(np.split(self.indices, ends), np.split(self.weights, ends), strict=True)
        return [Taps(indices, weights) for indices, weights in tables]


def cubic_taps(
    axis: ResizedAxis, a: float, *, exclude_outside: bool, antialias: bool = False
) -> Taps:
    """Return the elements around each position and their weights: four, or more with antialias.

    Args:
        axis: The resized axis.
        a: cubic_coeff_a.
        exclude_outside: Whether elements outside the operand weigh nothing and the others are
            scaled to a sum of 1; else the outermost element stands for them.
        antialias: Whether the weights reach as far as the elements of a shorter axis are apart.
    """
    return _taps(
        axis,
        lambda d: _kernel(d, a),
        _CUBIC_REACH,
        exclude_outside=exclude_outside,
        antialias=antialias,
    )


def linear_antialias_taps(axis: ResizedAxis, *, exclude_outside: bool) -> Taps:
    """Return the elements around each position, weighted by a triangle."""
    return _taps(
        axis,
        lambda d: np.clip(1 - d, 0, 1),
        _LINEAR_REACH,
        exclude_outside=exclude_outside,
        antialias=True,
    )


def widened(taps: Sequence[Taps]) -> list[Taps]:
    """Return taps of one count: missing ones have weight 0."""
    count = max(entry.weights.shape[1] for entry in taps)
    return [
        Taps(_padded(entry.indices, count, "edge"), _padded(entry.weights, count, "constant"))
        for entry in taps
    ]


def _padded(array: Tensor, count: int, mode: Literal["edge", "constant"]) -> Tensor:
    return np.pad(array, ((0, 0), (0, count - array.shape[1])), mode=mode)


def _taps(
    axis: ResizedAxis,
    weight: Callable[[F64], F64],
    reach: int,
    *,
    exclude_outside: bool,
    antialias: bool,
) -> Taps:
    """Return the elements within the reach of a function of the distance."""
    scale = min(axis.scale, 1.0) if antialias else 1.0
    position = axis.positions().astype(np.float64)
    start = math.floor(-reach / scale) + 1
    places = np.floor(position)[:, np.newaxis] + np.arange(start, 2 - start)
    weights = weight(np.abs(position[:, np.newaxis] - places) * scale)
    if exclude_outside:
        weights = np.where((places < 0) | (places > axis.extent - 1), 0.0, weights)
    if exclude_outside or antialias:
        weights = weights / weights.sum(axis=1, keepdims=True)
    indices = np.clip(places, 0, axis.extent - 1).astype(np.int32)
    return Taps(indices, weights.astype(np.float32))


def _kernel(d: F64, a: float) -> F64:
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    weight: F64 = np.where(d <= 1, near, np.where(d < 2, far, 0.0))
    return weight
