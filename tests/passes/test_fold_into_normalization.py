"""Factors and summands behind a normalization go into its scale and offset."""

import numpy as np
import pytest
from tests.passes.network import Network, affine, assert_fires, assert_idle, random

from cnnc.ir.types import Activation, Shape
from cnnc.ops.add import Add
from cnnc.ops.mul import Mul
from cnnc.ops.normalization import Normalization
from cnnc.ops.reshape import Reshape
from cnnc.passes.fold_into_normalization import FOLD_INTO_NORMALIZATION

SHAPE: Shape = (2, 6, 4)


def normalization(scale: Shape = (1, 1, 4), axes: tuple[int, ...] = (1,)) -> Normalization:
    return Normalization(axes, 1.0 + random(1, *scale), random(2, *scale), 0.001)


@pytest.mark.parametrize("shape", [(4,), (1,), (6, 1), (6, 4), (2, 6, 4), ()])
@pytest.mark.parametrize("op", [Mul(), Add()], ids=["mul", "add"])
@pytest.mark.parametrize("first", [False, True])
def test_constants(shape: Shape, op: Mul | Add, first: bool) -> None:
    net = Network(x=SHAPE)
    operands = [net.add(normalization(), "x"), net.constant(random(3, *shape))]
    value = net.add(op, *(reversed(operands) if first else operands))
    after = assert_fires(net.model(value), [FOLD_INTO_NORMALIZATION], ["normalization"])
    assert after.nodes[0].sources == ("onnx0", "onnx1")


def test_affine_maps_of_channels() -> None:
    net = Network(x=SHAPE)
    value = net.add(affine(3, 4), net.add(normalization(), "x"))
    assert_fires(net.model(value), [FOLD_INTO_NORMALIZATION], ["normalization"])


def test_behind_a_reshape_of_groups() -> None:
    net = Network(x=(1, 6, 2, 4))
    value = net.add(normalization((1, 1, 2, 1), (1, 3)), "x")
    value = net.add(affine(3, 8), net.add(Reshape((1, 3, 2, 8)), value))
    after = assert_fires(net.model(value), [FOLD_INTO_NORMALIZATION], ["normalization", "reshape"])
    op = after.nodes[0].op
    assert isinstance(op, Normalization)
    assert op.scale.shape == (1, 1, 2, 4)


def test_factor_and_summand() -> None:
    net = Network(x=SHAPE)
    value = net.add(Mul(), net.add(normalization(), "x"), net.constant(random(3, 4)))
    value = net.add(Add(), net.constant(random(4, 6, 1)), value)
    assert_fires(net.model(value), [FOLD_INTO_NORMALIZATION], ["normalization"])


def test_another_reader_keeps_it() -> None:
    net = Network(x=SHAPE)
    normalized = net.add(normalization(), "x")
    value = net.add(Mul(), normalized, net.constant(random(3, 4)))
    assert_idle(net.model(value, normalized), FOLD_INTO_NORMALIZATION)


def test_an_activation_keeps_it() -> None:
    net = Network(x=SHAPE)
    normalized = net.add(normalization(), "x")
    value = net.add(Mul(Activation.RELU), normalized, net.constant(random(3, 4)))
    assert_idle(net.model(value), FOLD_INTO_NORMALIZATION)


def test_a_constant_that_enlarges_the_value() -> None:
    net = Network(x=(1, 6, 4))
    value = net.add(Mul(), net.add(normalization(), "x"), net.constant(random(3, 5, 6, 4)))
    assert_idle(net.model(value), FOLD_INTO_NORMALIZATION)


def test_what_is_not_normalized() -> None:
    net = Network(x=SHAPE)
    assert_idle(net.model(net.add(affine(3, 4), "x")), FOLD_INTO_NORMALIZATION)


def test_numbers_that_leave_the_range() -> None:
    net = Network(x=SHAPE)
    op = Normalization((1,), np.full((1, 1, 4), 1e30, np.float32), random(2, 1, 1, 4), 0.001)
    huge = net.constant(np.full(4, 1e30, np.float32))
    value = net.add(Mul(), net.add(op, "x"), huge)
    assert_idle(net.model(value), FOLD_INTO_NORMALIZATION)
