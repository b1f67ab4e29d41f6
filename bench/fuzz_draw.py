"""Random numbers for layers, drawn where kernels break.

Sizes next to those of blocks; weights of -128 and +-127; biases whose sums end next to a power of
two; multipliers at both ends of their range, and ties.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import I8, I32, Activation
from cnnc.ops._requantize import WeightedFields
from cnnc.quantize.fixed_point import quantize_multiplier

F64 = npt.NDArray[np.float64]

_ACCUMULATOR_LIMIT = 2**31
_HALF = 2**30


@dataclass(frozen=True)
class Draw:
    """A source of random numbers that prefers limits.

    Attributes:
        generator: Where randomness comes from.
        kernel: Name of the variant that the layer is for.
    """

    generator: np.random.Generator
    kernel: str

    def one(self, *choices: int) -> int:
        """Return one of some numbers."""
        return int(self.generator.choice(choices))

    def chance(self, share: float) -> bool:
        """Return true that often."""
        return bool(self.generator.random() < share)

    def between(self, low: int, high: int) -> int:
        """Return a number in low..high, both included."""
        return int(self.generator.integers(low, high + 1))

    def size(self, most: int) -> int:
        """Return an extent in 1..most: small, anywhere, or next to a multiple of a block."""
        kind = self.between(0, 4)
        if kind < 2:
            return self.between(1, min(9, most))
        if kind == 4:
            return min(self.one(4, 8, 16, 32, 64), most)
        if kind == 2:
            return self.between(1, most)
        block = self.one(4, 8, 16, 32)
        near = block * self.between(1, max(1, most // block)) + self.between(-1, 1)
        return min(max(near, 1), most)

    def int8(self) -> int:
        """Return a zero point or a limit."""
        return self.one(-128, 127, 0, -1, 1, self.between(-128, 127))


def draw_weights(draw: Draw, outputs: int, depth: int) -> I8:
    """Return [outputs][depth]: uniform, extreme, sparse, some with -128, channels of zero."""
    generator, shape = draw.generator, (outputs, depth)
    kind = draw.between(0, 6)
    weight = generator.integers(-127, 128, shape)
    if kind == 1:
        weight = np.where(weight < 0, -127, 127)
    elif kind == 2:
        weight = np.broadcast_to(generator.choice([-128, -127, 127], (outputs, 1)), shape).copy()
    elif kind == 3:
        weight = np.where(generator.random(shape) < 0.1, weight, 0)
    elif kind == 4:
        weight = generator.integers(-128, 128, shape)
    elif kind == 5:
        weight = np.rint(generator.normal(0, 20, shape)).clip(-127, 127).astype(np.int64)
    elif kind == 6:
        weight = generator.integers(-2, 3, shape)
    if draw.chance(0.3):
        weight[generator.random(outputs) < 0.3] = 0
    if draw.chance(0.1):
        weight[draw.between(0, outputs - 1), draw.between(0, depth - 1)] = -128
    return weight.astype(np.int8)


def draw_weighted(draw: Draw, weight: I8, channel_axis: int) -> WeightedFields:
    """Return the fields of a layer with these weights."""
    rows = np.moveaxis(weight, channel_axis, 0).reshape(weight.shape[channel_axis], -1)
    input_zero_point = draw.int8()
    bias = _bias(draw, rows)
    multipliers, shifts = _scales(draw, rows, bias, input_zero_point)
    minimum, maximum, zero_point = draw_limits(draw)
    return WeightedFields(
        weight=weight,
        bias=bias,
        weight_scales=np.ones(len(rows), np.float32),
        multipliers=multipliers,
        shifts=shifts,
        input_zero_point=input_zero_point,
        output_zero_point=zero_point,
        activation=Activation.NONE,
        minimum=minimum,
        maximum=maximum,
    )


def _bias(draw: Draw, rows: I8) -> I32:
    """Return biases within the gate: none, natural ones, or sums that end next to 2^k."""
    generator = draw.generator
    magnitudes = np.abs(rows.astype(np.int64)).sum(axis=1)
    most = _ACCUMULATOR_LIMIT - 1 - 255 * magnitudes
    kind = draw.between(0, 5)
    if kind == 0:
        return np.zeros(len(rows), np.int32)
    bias = np.rint(generator.normal(0, 1, len(rows)) * 64 * (_spread(rows) + 1)).astype(np.int64)
    if kind >= 4:
        limit = 2 ** draw.one(18, 20, 20, 21, 23, 23, 24, 25, 27, 29, 31)
        reach = draw.one(128, 255) * magnitudes
        ends = limit - reach + generator.integers(-3, 2, len(rows))
        ends *= generator.choice([-1, 1], len(rows))
        chosen = generator.random(len(rows)) < draw.one(1, 3) / 3
        bias = np.where(chosen, ends, bias)
    clipped: I32 = np.clip(bias, -most, most).astype(np.int32)
    return clipped


def _spread(rows: I8) -> F64:
    """Return the standard deviation of a sum of random pixels, in units of 74."""
    spread: F64 = np.sqrt((rows.astype(np.float64) ** 2).sum(axis=1))
    return spread


def _scales(draw: Draw, rows: I8, bias: I32, input_zero_point: int) -> tuple[I32, I32]:
    """Return multipliers and shifts that mostly give results all over int8."""
    generator = draw.generator
    offset = np.abs(bias - input_zero_point * rows.astype(np.int64).sum(axis=1))
    width = 74 * _spread(rows) + draw.one(0, 1) * offset + 1
    real = 2 ** generator.uniform(-2, 2, len(rows)) * 60 / width
    pairs = np.array([quantize_multiplier(float(value)) for value in real], np.int64)
    multipliers, shifts = pairs[:, 0], pairs[:, 1]
    ends = np.array([_HALF, 2 * _HALF - 1, _HALF + 1, 1518500250])
    kind = draw.between(0, 4)
    if kind == 0:
        multipliers = generator.choice(ends, len(rows))
    elif kind == 1:
        multipliers[:] = _HALF
    if draw.chance(0.1):
        chosen = generator.random(len(rows)) < 0.2
        multipliers = np.where(chosen, 0, multipliers)
        shifts = np.where(chosen, 0, shifts)
    if draw.chance(0.15):
        chosen = generator.random(len(rows)) < 0.3
        low, high = ((-31, 30), (-31, -1), (-18, -1), (-14, 1))[draw.between(0, 3)]
        shifts = np.where(chosen, generator.integers(low, high + 1, len(rows)), shifts)
    return multipliers.astype(np.int32), shifts.astype(np.int32)


def draw_limits(draw: Draw) -> tuple[int, int, int]:
    """Return minimum, maximum and zero point of a result."""
    zero_point = draw.int8()
    kind = draw.between(0, 5)
    if kind < 2:
        return -128, 127, zero_point
    if kind == 2:
        return zero_point, 127, zero_point
    if kind == 3:
        return zero_point, draw.between(zero_point, 127), zero_point
    if kind == 4:
        return draw.between(-128, zero_point), draw.between(zero_point, 127), zero_point
    first, second = draw.between(-128, 127), draw.between(-128, 127)
    return min(first, second), max(first, second), zero_point
