"""Random networks of moves, elementwise ops and layers with weights compute the same."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.passes.network import Network, affine, assert_equal, conv, dense, kinds, random

from cnnc.ir.op import FloatOp, WeightedOp
from cnnc.ir.types import Shape, Window
from cnnc.ops.add import Add
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.clip import Clip
from cnnc.ops.max_pool import MaxPool
from cnnc.ops.mul import Mul
from cnnc.ops.pad import Pad
from cnnc.ops.reshape import Reshape
from cnnc.ops.tanh import Tanh
from cnnc.ops.transpose import Transpose
from cnnc.passes.simplify import simplify

SHAPES: tuple[Shape, ...] = ((1, 2, 3, 4), (1, 24), (2, 12), (1, 6, 4), (1, 1, 1, 24), (1, 4, 3, 2))
WINDOW = Window(2, 2, pad_top=1, pad_left=1)
CLIPS = ((0.0, math.inf), (0.0, 6.0), (-1.0, 1.0), (-0.5, 0.5))


class Grower:
    """Adds random ops to a network; values that were computed may be read again."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self.network = Network(x=(1, 2, 3, 4))
        self._shapes: dict[str, Shape] = {"x": (1, 2, 3, 4)}

    def grow(self, seed: int) -> str:
        """Add one op behind the latest value or, at times, behind an earlier one."""
        names = list(self._shapes)
        source = names[-1] if self._draw(st.integers(0, 3)) else self._draw(st.sampled_from(names))
        shape = self._shapes[source]
        op = self._operator(shape, seed)
        operands = [source]
        if isinstance(op, (Add, Mul)):
            operands.append(self._second_operand(source, shape, seed))
        value = self.network.add(op, *operands)
        self._shapes[value] = op.output_shape([shape] * len(operands))
        return value

    def _operator(self, shape: Shape, seed: int) -> FloatOp:
        options: list[FloatOp] = [
            Tanh(),
            Add(),
            Mul(),
            affine(seed, shape[-1]),
            affine(seed, shape[-1]),
        ]
        options += [Clip(*self._draw(st.sampled_from(CLIPS))) for _ in range(2)]
        options.append(Transpose(tuple(self._draw(st.permutations(range(len(shape)))))))
        fitting = [target for target in SHAPES if math.prod(target) == math.prod(shape)]
        options += [Reshape(target) for target in fitting[:1] + fitting[-1:]]
        if len(shape) == 2:
            options += [_tamed(dense(seed, shape[1], columns)) for columns in (shape[1], 24)]
        if len(shape) == 4:
            options += [_tamed(conv(seed, shape[3], 3)), _tamed(conv(seed, shape[3], 4, WINDOW))]
            options += [MaxPool(WINDOW), Pad((0, 1, 0, 0), (0, 0, 1, 0), 0.0)]
            options.append(AveragePool(WINDOW, count_include_pad=True))
        return self._draw(st.sampled_from(options))

    def _second_operand(self, source: str, shape: Shape, seed: int) -> str:
        alike = [name for name, other in self._shapes.items() if other == shape]
        kind = self._draw(st.integers(0, 3))
        if kind == 0:
            return self._draw(st.sampled_from(alike))
        constant = {1: (1,) * len(shape), 2: shape, 3: (1,) * (len(shape) - 1) + shape[-1:]}[kind]
        return self.network.constant(random(seed, *constant))


def _tamed(op: WeightedOp) -> WeightedOp:
    """Return the op scaled such that values, and with them rounding errors, do not grow."""
    channels = len(op.bias)
    factor = np.full(channels, 1.0 / math.sqrt(op.weight.size / channels), np.float32)
    return op.scale_output(factor, np.zeros(channels, np.float32))


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, list[str]]:
    """Return a network and its outputs: the last value and maybe one before it."""
    grower = Grower(draw)
    values = [grower.grow(10 * seed) for seed in range(draw(st.integers(1, 9)))]
    outputs = [values[-1]]
    if draw(st.booleans()):
        outputs.append(draw(st.sampled_from(values)))
    return grower.network, list(dict.fromkeys(outputs))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(networks())
def test_simplified_networks_compute_the_same(drawn: tuple[Network, list[str]]) -> None:
    network, outputs = drawn
    model = network.model(*outputs)
    simplified = simplify(model)
    with np.errstate(all="ignore"):
        assert_equal(model, simplified)
    assert "channel_affine" not in kinds(simplified)
    assert simplify(simplified) is simplified
