"""Activations that are written as several nodes, in the orders that exporters use."""

import math
from typing import TypeAlias

import numpy as np
import pytest
from tests.passes.network import Network, assert_fires, assert_idle, random

from cnnc.ir.op import FloatOp
from cnnc.ops.add import Add
from cnnc.ops.batch_normalization import ChannelAffine
from cnnc.ops.clip import Clip
from cnnc.ops.div import Div
from cnnc.ops.erf import Erf
from cnnc.ops.hard_sigmoid import HardSigmoid
from cnnc.ops.mul import Mul
from cnnc.ops.neg import Neg
from cnnc.ops.pow import PowConstant
from cnnc.ops.sigmoid import Sigmoid
from cnnc.ops.softplus import Softplus
from cnnc.ops.sub import Sub
from cnnc.ops.tanh import Tanh
from cnnc.passes.eliminate_dead_code import ELIMINATE_DEAD_CODE
from cnnc.passes.recognize_functions import RECOGNIZE_FUNCTIONS

_RELU = Clip(0.0, math.inf)
Tree: TypeAlias = "str | float | tuple[FloatOp, Tree] | tuple[FloatOp, Tree, Tree]"
X: Tree = "x"


def _value(net: Network, tree: Tree) -> str:
    """Add an expression to a network; returns its value."""
    if isinstance(tree, str):
        return tree
    if isinstance(tree, float | int):
        return net.constant(np.full((1,), tree, np.float32))
    return net.add(tree[0], *(_value(net, operand) for operand in tree[1:]))


_PLUS_3: Tree = (Add(), X, 3.0)
_GATE: Tree = (Clip(0.0, 6.0), _PLUS_3)
_ERF: Tree = (Add(), (Erf(), (Div(), X, math.sqrt(2.0))), 1.0)
_CUBE: Tree = (Mul(), (PowConstant(3.0), X), 0.044715)
_INNER: Tree = (Mul(), (Add(), X, _CUBE), math.sqrt(2.0 / math.pi))
_TANH: Tree = (Add(), (Tanh(), _INNER), 1.0)
_NESTED: Tree = (Add(), (Mul(), (Mul(), X, X), 0.044715), 1.0)

EXPRESSIONS: dict[str, tuple[str, Tree]] = {
    "silu": ("swish", (Mul(), X, (Sigmoid(), X))),
    "silu_reversed": ("swish", (Mul(), (Sigmoid(), X), X)),
    "swish_with_beta": ("swish", (Mul(), X, (Sigmoid(), (Mul(), X, 1.702)))),
    "hard_swish_by_hard_sigmoid": ("hard_swish", (Mul(), X, (HardSigmoid(1 / 6, 0.5), X))),
    "hard_swish_add_clip_div_mul": ("hard_swish", (Mul(), X, (Div(), _GATE, 6.0))),
    "hard_swish_add_clip_mul_mul": ("hard_swish", (Mul(), (Mul(), _GATE, X), 1 / 6)),
    "hard_swish_add_clip_mul_div": ("hard_swish", (Div(), (Mul(), X, _GATE), 6.0)),
    "hard_swish_scaled_first": ("hard_swish", (Mul(), (Mul(), X, 1 / 6), _GATE)),
    "hard_sigmoid_div": ("hard_sigmoid", (Div(), _GATE, 6.0)),
    "hard_sigmoid_clip_last": ("hard_sigmoid", (Clip(0.0, 1.0), (Add(), (Mul(), X, 0.2), 0.5))),
    "mish": ("mish", (Mul(), X, (Tanh(), (Softplus(), X)))),
    "gelu": ("gelu", (Mul(), (Mul(), X, _ERF), 0.5)),
    "gelu_half_first": ("gelu", (Mul(), (Mul(), X, 0.5), _ERF)),
    "gelu_half_last": ("gelu", (Mul(), X, (Mul(), 0.5, _ERF))),
    "gelu_by_tanh": ("gelu", (Mul(), (Mul(), 0.5, X), _TANH)),
    "gelu_by_tanh_nested": (
        "gelu",
        (
            Mul(),
            (Mul(), X, 0.5),
            (Add(), 1.0, (Tanh(), (Mul(), (Mul(), X, math.sqrt(2.0 / math.pi)), _NESTED))),
        ),
    ),
    "leaky_relu": (
        "leaky_relu",
        (Add(), (_RELU, X), (Mul(), (Neg(), (_RELU, (Neg(), X))), 0.25)),
    ),
    "leaky_relu_by_difference": (
        "leaky_relu",
        (Sub(), (_RELU, X), (Mul(), (_RELU, (Neg(), X)), 0.25)),
    ),
}


@pytest.mark.parametrize(("kind", "tree"), EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_becomes_one_function(kind: str, tree: Tree) -> None:
    net = Network(x=(1, 3, 3, 4))
    model = net.model(_value(net, tree))
    assert_fires(model, [RECOGNIZE_FUNCTIONS, ELIMINATE_DEAD_CODE] * 2, [kind])


def test_slopes_of_channels_become_a_prelu() -> None:
    net = Network(x=(1, 3, 3, 4))
    below = net.add(Neg(), net.add(_RELU, net.add(Neg(), "x")))
    scaled = net.add(Mul(), below, net.constant(random(1, 1, 1, 1, 4)))
    model = net.model(net.add(Add(), net.add(_RELU, "x"), scaled))
    after = assert_fires(model, [RECOGNIZE_FUNCTIONS, ELIMINATE_DEAD_CODE], ["prelu"])
    assert [array.shape for array in after.constants.values()] == [(1, 1, 1, 4)]


def test_affine_maps_are_looked_into() -> None:
    net = Network(x=(1, 3, 3, 4))
    shifted = net.add(ChannelAffine(np.ones(4, np.float32), np.full(4, 3.0, np.float32)), "x")
    gate = net.add(Clip(0.0, 6.0), shifted)
    model = net.model(
        net.add(Div(), net.add(Mul(), "x", gate), net.constant(np.array([6.0], np.float32)))
    )
    assert_fires(model, [RECOGNIZE_FUNCTIONS, ELIMINATE_DEAD_CODE], ["hard_swish"])


OTHERS: dict[str, Tree] = {
    "other_value": (Mul(), "y", (Sigmoid(), X)),
    "other_offset": (Mul(), X, (Clip(0.0, 6.0), (Add(), X, 2.0))),
    "other_factor": (Div(), (Mul(), X, _GATE), 5.0),
    "half_of_silu": (Mul(), 0.5, (Mul(), (Tanh(), X), (Sigmoid(), X))),
    "only_a_clip": (Clip(0.0, 1.0), X),
    "gelu_without_one": (Mul(), (Mul(), X, (Erf(), (Div(), X, math.sqrt(2.0)))), 0.5),
    "mish_without_softplus": (Mul(), X, (Tanh(), X)),
}


@pytest.mark.parametrize("tree", OTHERS.values(), ids=OTHERS.keys())
def test_other_expressions_stay(tree: Tree) -> None:
    net = Network(x=(1, 3, 3, 4), y=(1, 3, 3, 4))
    assert_idle(net.model(_value(net, tree)), RECOGNIZE_FUNCTIONS)


def test_a_part_that_others_read_stays() -> None:
    net = Network(x=(1, 3, 3, 4))
    gate = net.add(Sigmoid(), "x")
    model = net.model(net.add(Mul(), "x", gate), gate)
    assert_fires(model, [RECOGNIZE_FUNCTIONS, ELIMINATE_DEAD_CODE], ["sigmoid", "swish"])


def test_a_long_chain_of_sums_is_no_expression_of_one_value() -> None:
    net = Network(x=(1, 4), y=(1, 4))
    value = "x"
    for _ in range(300):
        value = net.add(Add(), value, net.add(Mul(), value, "y"))
    assert_idle(net.model(value), RECOGNIZE_FUNCTIONS)
