"""Group normalization as exporters write it runs on channels that stay last."""

from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.passes.network import Network, assert_fires, assert_idle, random
from tests.support.kinds import kinds
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto

from cnnc.ir.types import AnyArray, Shape
from cnnc.ops.normalization import Normalization
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose
from cnnc.passes.eliminate_dead_code import ELIMINATE_DEAD_CODE
from cnnc.passes.merge_moves import MERGE_MOVES
from cnnc.passes.simplify import simplify
from cnnc.passes.straighten_group_norm import STRAIGHTEN_GROUP_NORM

MOVED = ["reshape", "normalization", "reshape", "transpose", "reshape"]


def normalization(groups: int, scale: Shape | None = None) -> Normalization:
    shape = scale or (1, groups, 1)
    return Normalization((2,), 1.0 + random(1, *shape), random(2, *shape), 0.001)


def test_transposes_undo_each_other() -> None:
    net = Network(x=(2, 3, 5, 6))
    value = net.add(Reshape((2, 2, 45)), net.add(Transpose((0, 3, 1, 2)), "x"))
    value = net.add(Reshape((2, 6, 3, 5)), net.add(normalization(2), value))
    value = net.add(Transpose((0, 2, 3, 1)), value)
    passes = [STRAIGHTEN_GROUP_NORM, MERGE_MOVES, MERGE_MOVES, ELIMINATE_DEAD_CODE]
    assert_fires(net.model(value), passes, ["reshape", "normalization", "reshape"])


@pytest.mark.parametrize("shape", [(1, 7, 4), (1, 2, 2, 3, 4)])
def test_lines_and_volumes(shape: Shape) -> None:
    net = Network(x=shape)
    rank = len(shape)
    value = net.add(Transpose((0, rank - 1, *range(1, rank - 1))), "x")
    value = net.add(normalization(2), net.add(Reshape((1, 2, int(np.prod(shape)) // 2)), value))
    assert_fires(net.model(value), [STRAIGHTEN_GROUP_NORM, ELIMINATE_DEAD_CODE], MOVED)


@pytest.mark.parametrize(
    ("permutation", "grouped", "op"),
    [
        ((0, 2, 1, 3), (1, 2, 36), normalization(2)),
        ((0, 3, 1, 2), (1, 4, 18), normalization(4)),
        ((0, 3, 1, 2), (2, 2, 18), normalization(2)),
        ((0, 3, 1, 2), (1, 2, 36), normalization(2, (1, 1, 36))),
        ((0, 3, 1, 2), (2, 36), Normalization((1,), random(1, 1, 1), random(2, 1, 1), 0.001)),
    ],
    ids=["other_axes", "parts_of_channels", "batch_as_groups", "scale_of_pixels", "rank_2"],
)
def test_what_stays(permutation: Sequence[int], grouped: Shape, op: Normalization) -> None:
    net = Network(x=(1, 3, 4, 6))
    value = net.add(Reshape(grouped), net.add(Transpose(tuple(permutation)), "x"))
    assert_idle(net.model(net.add(op, value)), STRAIGHTEN_GROUP_NORM)


def test_what_comes_in_that_order() -> None:
    net = Network(x=(1, 2, 36))
    assert_idle(net.model(net.add(normalization(2), "x")), STRAIGHTEN_GROUP_NORM)


def _exported() -> onnx.ModelProto:
    """Return Conv, GroupNorm and Conv as PyTorch's older exporter writes them."""
    constants: dict[str, AnyArray] = {
        "w0": random(1, 6, 2, 3, 3),
        "w1": random(2, 3, 6, 3, 3),
        "grouped": np.array([0, 3, -1]),
        "image": np.array([1, 6, 5, 5]),
        "ones": np.ones(3, np.float32),
        "zeros": np.zeros(3, np.float32),
        "gamma": random(3, 6, 1, 1),
        "beta": random(4, 6, 1, 1),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w0"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Reshape", ["c", "grouped"], ["g"]),
        helper.make_node("InstanceNormalization", ["g", "ones", "zeros"], ["n"]),
        helper.make_node("Reshape", ["n", "image"], ["i"]),
        helper.make_node("Mul", ["i", "gamma"], ["m"]),
        helper.make_node("Add", ["m", "beta"], ["a"]),
        helper.make_node("Conv", ["a", "w1"], ["y"], pads=[1, 1, 1, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "group_norm",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 5, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_as_it_is_exported() -> None:
    proto = _exported()
    model = simplify(import_proto(proto))
    compare_with_onnx_runtime(model, proto)
    assert kinds(model) == ["conv2d", "reshape", "normalization", "reshape", "conv2d"]
