"""Vectors that are divided by their norm become one layer."""

import math

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.passes.network import Network, assert_fires, assert_idle, random
from tests.support.kinds import kinds
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto

from cnnc.ir.op import FloatOp
from cnnc.ir.types import AnyArray, Shape
from cnnc.ops.clip import Clip
from cnnc.ops.div import Div
from cnnc.ops.lp_normalization import LpNormalization
from cnnc.ops.reduce_real import Function, ReduceReal
from cnnc.ops.reduce_sum import ReduceSum, Term
from cnnc.ops.tile import Tile
from cnnc.passes.eliminate_dead_code import ELIMINATE_DEAD_CODE
from cnnc.passes.recognize_lp_normalization import RECOGNIZE_LP_NORMALIZATION
from cnnc.passes.simplify import simplify

SHAPE: Shape = (1, 5, 6)
LENGTH = ReduceReal((2,), True, Function.LENGTH)
MAGNITUDES = ReduceSum((2,), True, Term.MAGNITUDE)
ABOVE = Clip(0.25, math.inf)


def divided(net: Network, norm: FloatOp, least: FloatOp | None = ABOVE) -> str:
    value = net.add(norm, "x")
    return net.add(Div(), "x", value if least is None else net.add(least, value))


@pytest.mark.parametrize(("norm", "power"), [(LENGTH, 2), (MAGNITUDES, 1)])
@pytest.mark.parametrize("tiled", [False, True])
def test_norms(norm: FloatOp, power: int, tiled: bool) -> None:
    net = Network(x=SHAPE)
    divisor = net.add(ABOVE, net.add(norm, "x"))
    if tiled:
        divisor = net.add(Tile((1, 1, 6)), divisor)
    model = net.model(net.add(Div(), "x", divisor))
    passes = [RECOGNIZE_LP_NORMALIZATION, ELIMINATE_DEAD_CODE]
    kind = {1: "lp_normalization", 2: "l2_normalization"}[power]
    op = assert_fires(model, passes, [kind]).nodes[0].op
    assert isinstance(op, LpNormalization)
    assert (op.axis, op.power, op.least) == (2, power, 0.25)


@pytest.mark.parametrize(
    ("norm", "least"),
    [
        (LENGTH, None),
        (LENGTH, Clip(0.0, math.inf)),
        (LENGTH, Clip(0.25, 3.0)),
        (ReduceReal((1, 2), True, Function.LENGTH), ABOVE),
        (ReduceReal((1,), True, Function.PRODUCT), ABOVE),
        (ReduceSum((2,), True, Term.SQUARE), ABOVE),
    ],
    ids=["no_least", "zero", "most", "two_axes", "product", "squares"],
)
def test_other_norms_stay(norm: FloatOp, least: FloatOp | None) -> None:
    net = Network(x=SHAPE)
    assert_idle(net.model(divided(net, norm, least)), RECOGNIZE_LP_NORMALIZATION)


def test_quotients_of_other_values_stay() -> None:
    net = Network(x=SHAPE, y=SHAPE)
    norm_of_another = net.add(Div(), "y", net.add(ABOVE, net.add(LENGTH, "x")))
    assert_idle(net.model(norm_of_another), RECOGNIZE_LP_NORMALIZATION)
    quotient = net.add(Div(), "x", "y")
    assert_idle(net.model(quotient), RECOGNIZE_LP_NORMALIZATION)


def test_divisor_that_enlarges_the_value() -> None:
    net = Network(x=SHAPE)
    divisor = net.add(Tile((3, 1, 6)), net.add(ABOVE, net.add(LENGTH, "x")))
    assert_idle(net.model(net.add(Div(), "x", divisor)), RECOGNIZE_LP_NORMALIZATION)


def test_as_it_is_exported() -> None:
    constants: dict[str, AnyArray] = {
        "w": random(1, 4, 2, 3, 3),
        "least": np.array(1e-12, np.float32),
        "shape": np.array([1, 4, 3, 4]),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("ReduceL2", ["c"], ["n"], axes=[1]),
        helper.make_node("Clip", ["n", "least"], ["l"]),
        helper.make_node("Expand", ["l", "shape"], ["e"]),
        helper.make_node("Div", ["c", "e"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "normalize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 5, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    proto: onnx.ModelProto = helper.make_model(graph, opset_imports=opset, ir_version=8)
    model = simplify(import_proto(proto))
    compare_with_onnx_runtime(model, proto)
    assert kinds(model) == ["conv2d", "l2_normalization"]
