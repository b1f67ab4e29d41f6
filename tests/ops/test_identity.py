"""Nodes that vanish: Identity, Dropout; and what is refused."""

import numpy as np
import pytest
from onnx import TensorProto, helper
from tests.support.kinds import kinds
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto
from tests.support.op_cases import check_onnx

from cnnc.errors import UnsupportedOpError

_HALF = np.array(0.5, dtype=np.float32)


@pytest.mark.parametrize("opset", [7, 13, 17])
def test_identity(opset: int) -> None:
    assert kinds(check_onnx("Identity", {}, [(1, 3, 4, 5)], opset)) == ["reshape"]


@pytest.mark.parametrize("opset", [7, 10])
def test_dropout_with_an_attribute(opset: int) -> None:
    assert kinds(check_onnx("Dropout", {"ratio": 0.3}, [(1, 3, 4, 5)], opset)) == ["reshape"]


def test_dropout_with_operands() -> None:
    constants = {1: _HALF, 2: np.array(False)}
    assert kinds(check_onnx("Dropout", {"seed": 3}, [(2, 3)], 17, constants)) == ["reshape"]
    assert kinds(check_onnx("Dropout", {}, [(2, 3)], 17, {1: _HALF})) == ["reshape"]
    assert kinds(check_onnx("Dropout", {}, [(2, 3)], 17)) == ["reshape"]


def test_dropout_in_training_is_refused() -> None:
    constants = {1: _HALF, 2: np.array(True)}
    with pytest.raises(UnsupportedOpError, match="training_mode is true"):
        check_onnx("Dropout", {}, [(2, 3)], 17, constants)


def test_a_mask_keeps_everything() -> None:
    nodes = [
        helper.make_node("Dropout", ["x"], ["kept", "mask"], name="dropout"),
        helper.make_node("Cast", ["mask"], ["ones"], name="cast", to=TensorProto.FLOAT),
        helper.make_node("Add", ["kept", "ones"], ["y"], name="add"),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])]
    graph = helper.make_graph(nodes, "mask", inputs, outputs)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    compare_with_onnx_runtime(import_proto(proto), proto)


def test_an_unused_mask_does_not_matter() -> None:
    nodes = [
        helper.make_node("Dropout", ["x"], ["kept", "mask"], name="dropout", ratio=0.5),
        helper.make_node("Relu", ["kept"], ["y"], name="relu"),
    ]
    shape = [1, 3, 2, 2]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)]
    graph = helper.make_graph(nodes, "mask", inputs, outputs)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 10)], ir_version=8)
    model = import_proto(proto)
    assert [node.op.kind for node in model.nodes] == ["clip"]
    compare_with_onnx_runtime(model, proto)
