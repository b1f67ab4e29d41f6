"""Mul and Add with constants become affine maps."""

import numpy as np
import pytest
from tests.passes.network import Network, assert_fires, assert_idle, dense, random

from cnnc.ir.types import F32, Activation
from cnnc.ops.add import Add
from cnnc.ops.div import Div
from cnnc.ops.mul import Mul
from cnnc.ops.sub import Sub
from cnnc.passes.fold_batch_norm import FOLD_BATCH_NORM
from cnnc.passes.fold_constant_arithmetic import FOLD_CONSTANT_ARITHMETIC


@pytest.mark.parametrize("op", [Add(), Mul()])
@pytest.mark.parametrize(
    "constant",
    [
        random(1, 1, 1, 1, 4),
        random(1, 1, 1, 1, 1),
        random(1, 4),
        np.float32(2.5).reshape(()),
        np.broadcast_to(random(1, 4), (1, 3, 3, 4)).copy(),
    ],
    ids=["per channel", "one", "vector", "scalar", "full"],
)
@pytest.mark.parametrize("constant_first", [False, True])
def test_becomes_an_affine_map(op: Add | Mul, constant: F32, constant_first: bool) -> None:
    net = Network(x=(1, 3, 3, 4))
    operands = (net.constant(constant), "x")
    value = net.add(op, *(operands if constant_first else operands[::-1]))
    after = assert_fires(net.model(value), [FOLD_CONSTANT_ARITHMETIC], ["channel_affine"])
    assert not after.constants


@pytest.mark.parametrize(
    "constant",
    [random(1, 1, 3, 1, 1), random(1, 1, 3, 3, 4), random(1, 2, 3, 3, 4)],
    ids=["per row", "per element", "enlarges"],
)
def test_other_constants_stay_operands(constant: F32) -> None:
    net = Network(x=(1, 3, 3, 4))
    assert_idle(net.model(net.add(Add(), "x", net.constant(constant))), FOLD_CONSTANT_ARITHMETIC)


def test_two_computed_operands_stay() -> None:
    net = Network(x=(1, 3, 3, 4), y=(1, 3, 3, 4))
    assert_idle(net.model(net.add(Mul(), "x", "y")), FOLD_CONSTANT_ARITHMETIC)


def test_a_fused_activation_keeps_it() -> None:
    net = Network(x=(1, 4))
    value = net.add(Add(Activation.RELU), "x", net.constant(random(1, 4)))
    assert_idle(net.model(value), FOLD_CONSTANT_ARITHMETIC)


def test_unfolded_batch_norm_behind_a_product_vanishes() -> None:
    net = Network(x=(1, 6))
    scaled = net.add(Mul(), net.add(dense(1, 6, 4), "x"), net.constant(random(3, 4)))
    value = net.add(Add(), scaled, net.constant(random(4, 4)))
    passes = [FOLD_CONSTANT_ARITHMETIC, FOLD_BATCH_NORM]
    assert_fires(net.model(value), passes, ["fully_connected"])


@pytest.mark.parametrize(("op", "constant_first"), [(Sub(), False), (Sub(), True), (Div(), False)])
def test_differences_and_quotients_become_affine_maps(op: Sub | Div, constant_first: bool) -> None:
    net = Network(x=(1, 3, 3, 4))
    constant = net.constant(np.array([0.5, -2.0, 3.0, 7.0], np.float32))
    value = net.add(op, *((constant, "x") if constant_first else ("x", constant)))
    passes = [FOLD_CONSTANT_ARITHMETIC] * 2
    assert_fires(net.model(value), passes, ["channel_affine"])


def test_a_divisor_per_row_becomes_a_factor() -> None:
    net = Network(x=(1, 3, 3, 4))
    divisor = np.array([0.5, -2.0, 3.0], np.float32).reshape(1, 3, 1, 1)
    value = net.add(Div(), "x", net.constant(divisor))
    assert_fires(net.model(value), [FOLD_CONSTANT_ARITHMETIC], ["mul"])


def test_a_constant_dividend_becomes_a_factor() -> None:
    net = Network(x=(1, 3, 3, 4))
    value = net.add(Div(), net.constant(np.array([0.5], np.float32)), "x")
    after = [FOLD_CONSTANT_ARITHMETIC] * 2
    assert_fires(net.model(value), after, ["reciprocal", "channel_affine"])


def test_a_divisor_of_zero_stays() -> None:
    net = Network(x=(1, 4))
    value = net.add(Div(), "x", net.constant(np.array([1.0, 0.0, 1.0, 1.0], np.float32)))
    assert_idle(net.model(value), FOLD_CONSTANT_ARITHMETIC)
