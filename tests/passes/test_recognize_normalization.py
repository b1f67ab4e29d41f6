"""Normalizations that are written in single operators become one layer."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.passes.network import Network, assert_fires, assert_idle, random
from tests.support.kinds import kinds
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto

from cnnc.ir.types import Activation, AnyArray, Shape
from cnnc.ops.add import Add
from cnnc.ops.div import Div
from cnnc.ops.mean import Mean
from cnnc.ops.mul import Mul
from cnnc.ops.normalization import Normalization
from cnnc.ops.pow import PowConstant
from cnnc.ops.reciprocal import Reciprocal
from cnnc.ops.sqrt import Sqrt
from cnnc.ops.sub import Sub
from cnnc.passes.eliminate_dead_code import ELIMINATE_DEAD_CODE
from cnnc.passes.recognize_normalization import RECOGNIZE_NORMALIZATION
from cnnc.passes.simplify import simplify

SHAPE: Shape = (2, 5, 6)
PASSES = [RECOGNIZE_NORMALIZATION, ELIMINATE_DEAD_CODE]
Step = Callable[[Network, str], str]


def centered(net: Network, value: str, axes: tuple[int, ...] = (2,)) -> str:
    return net.add(Sub(), value, net.add(Mean(axes, keep_dims=True), value))


def power(net: Network, value: str) -> str:
    return net.add(PowConstant(2.0), value)


def product(net: Network, value: str) -> str:
    return net.add(Mul(), value, value)


def epsilon_last(net: Network, value: str) -> str:
    return net.add(Add(), value, net.constant(np.array([0.01], np.float32)))


def epsilon_first(net: Network, value: str) -> str:
    return net.add(Add(), net.constant(np.array(0.01, np.float32)), value)


def no_epsilon(net: Network, value: str) -> str:
    return value


def deviation(net: Network, value: str, square: Step = power, shift: Step = epsilon_last) -> str:
    variance = net.add(Mean((2,), keep_dims=True), square(net, value))
    return net.add(Sqrt(), shift(net, variance))


@pytest.mark.parametrize("square", [power, product])
@pytest.mark.parametrize("shift", [epsilon_last, epsilon_first, no_epsilon])
def test_quotients(square: Step, shift: Step) -> None:
    net = Network(x=SHAPE)
    rest = centered(net, "x")
    value = net.add(Div(), rest, deviation(net, rest, square, shift))
    after = assert_fires(net.model(value), PASSES, ["normalization"])
    op = after.nodes[0].op
    assert isinstance(op, Normalization)
    assert (op.axes, op.is_centered) == ((2,), True)
    assert len(after.nodes[0].sources) == (6 if shift is no_epsilon else 7)


def test_difference_that_is_computed_twice() -> None:
    net = Network(x=SHAPE)
    value = net.add(Div(), centered(net, "x"), deviation(net, centered(net, "x")))
    assert kinds(simplify(net.model(value))) == ["normalization"]


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("reciprocal", [False, True])
def test_products_with_the_inverse(first: bool, reciprocal: bool) -> None:
    net = Network(x=SHAPE)
    rest = centered(net, "x")
    root = deviation(net, rest)
    if reciprocal:
        inverse = net.add(Reciprocal(), root)
    else:
        inverse = net.add(Div(), net.constant(np.ones((), np.float32)), root)
    value = net.add(Mul(), *((inverse, rest) if first else (rest, inverse)))
    assert_fires(net.model(value), PASSES, ["normalization"])


def test_root_mean_square() -> None:
    net = Network(x=SHAPE)
    value = net.add(Div(), "x", deviation(net, "x"))
    after = assert_fires(net.model(value), PASSES, ["normalization"])
    op = after.nodes[0].op
    assert isinstance(op, Normalization)
    assert not op.is_centered


def test_mean_over_other_axes_is_not_part_of_it() -> None:
    net = Network(x=SHAPE)
    rest = centered(net, "x", (1,))
    value = net.add(Div(), rest, deviation(net, rest))
    assert_fires(net.model(value), PASSES, ["mean", "sub", "normalization"])


def _epsilon_of_higher_rank(net: Network) -> str:
    def shift(net: Network, value: str) -> str:
        return net.add(Add(), value, net.constant(np.full((1, 1, 1, 1), 0.01, np.float32)))

    return net.add(Div(), "x", deviation(net, "x", shift=shift))


def _of_another(net: Network) -> str:
    return net.add(Div(), "y", deviation(net, centered(net, "x")))


def _cube(net: Network) -> str:
    rest = centered(net, "x")
    return net.add(Div(), rest, deviation(net, rest, lambda n, v: n.add(PowConstant(3.0), v)))


def _activation(net: Network) -> str:
    rest = centered(net, "x")

    def shift(net: Network, value: str) -> str:
        return net.add(Add(Activation.RELU), value, net.constant(np.ones(1, np.float32)))

    return net.add(Div(), rest, deviation(net, rest, power, shift))


def _epsilon_per_element(net: Network) -> str:
    rest = centered(net, "x")

    def shift(net: Network, value: str) -> str:
        return net.add(Add(), value, net.constant(np.abs(random(1, 5, 1))))

    return net.add(Div(), rest, deviation(net, rest, power, shift))


def _negative_epsilon(net: Network) -> str:
    rest = centered(net, "x")

    def shift(net: Network, value: str) -> str:
        return net.add(Add(), value, net.constant(np.full(1, -1e-9, np.float32)))

    return net.add(Div(), rest, deviation(net, rest, power, shift))


def _other_quotient(net: Network) -> str:
    return net.add(Div(), "x", "y")


@pytest.mark.parametrize(
    "build",
    [
        _of_another,
        _cube,
        _activation,
        _epsilon_per_element,
        _epsilon_of_higher_rank,
        _negative_epsilon,
        _other_quotient,
    ],
)
def test_what_stays(build: Callable[[Network], str]) -> None:
    net = Network(x=SHAPE, y=SHAPE)
    assert_idle(net.model(build(net)), RECOGNIZE_NORMALIZATION)


def _exported(axis: int, gamma: Shape) -> onnx.ModelProto:
    """Return Conv, LayerNorm and Conv as exporters write it in single operators."""
    constants: dict[str, AnyArray] = {
        "w0": random(1, 4, 2, 3, 3),
        "w1": random(2, 3, 4, 1, 1),
        "two": np.array(2.0, np.float32),
        "epsilon": np.array(1e-6, np.float32),
        "gamma": random(3, *gamma),
        "beta": random(4, *gamma),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("ReduceMean", ["c"], ["m"], axes=[axis]),
        helper.make_node("Sub", ["c", "m"], ["d"]),
        helper.make_node("Pow", ["d", "two"], ["s"]),
        helper.make_node("ReduceMean", ["s"], ["v"], axes=[axis]),
        helper.make_node("Add", ["v", "epsilon"], ["e"]),
        helper.make_node("Sqrt", ["e"], ["r"]),
        helper.make_node("Div", ["d", "r"], ["n"]),
        helper.make_node("Mul", ["n", "gamma"], ["g"]),
        helper.make_node("Add", ["g", "beta"], ["b"]),
        helper.make_node("Conv", ["b", "w1"], ["y"], pads=[1, 1, 1, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "layer_norm",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 5, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.mark.parametrize(("axis", "gamma"), [(1, (4, 1, 1)), (-1, (6,)), (2, (5, 1))])
def test_as_it_is_exported(axis: int, gamma: Shape) -> None:
    proto = _exported(axis, gamma)
    model = simplify(import_proto(proto))
    compare_with_onnx_runtime(model, proto)
    assert kinds(model) == ["conv2d", "normalization", "conv2d"]
