"""``inspect_onnx`` shows what the importer sees and refuses nothing that it can read."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.support import onnx_models as make

from cnnc.errors import DynamicShapeError
from cnnc.importer.inspect import inspect_onnx


def _network(folder: Path) -> Path:
    nodes = [
        make.node("Conv", "x w b", "c", "conv", pads=[1, 1, 1, 1]),
        make.node("Shape", "c", "s", "shape"),
        make.node("Einsum", "c", "e", "odd", equation="abcd->abdc"),
        make.node("Relu", "e", "y", "after"),
        make.node("Reshape", "c s", "z", "same"),
        make.node("Tanh", "x", "unused", "dead"),
    ]
    weights = {"w": np.ones((4, 3, 3, 3), np.float32), "b": np.zeros(4, np.float32)}
    proto = make.model(nodes, {"x": ("N", 3, 8, 6)}, ["y", "z"], weights)
    proto.producer_name = "maker"
    proto.producer_version = "1.2"
    return make.save(folder, proto, "net.onnx")


def test_inspection(tmp_path: Path) -> None:
    found = inspect_onnx(_network(tmp_path))

    assert (found.file, found.producer, found.opset, found.ir_version) == (
        "net.onnx",
        "maker 1.2",
        17,
        8,
    )
    assert found.inputs == (("x", (1, 3, 8, 6)),)
    assert found.outputs == ("y", "z")
    assert found.parameters == 4 * 27 + 4
    assert found.macs == 8 * 6 * 4 * 27
    seen = {node.name: node for node in found.nodes}
    assert list(seen) == ["conv", "shape", "odd", "after", "same"]
    assert seen["conv"].output_shape == (1, 4, 8, 6)
    assert seen["conv"].macs == found.macs
    assert seen["conv"].parameters == found.parameters
    assert seen["conv"].field is not None
    assert seen["conv"].field.sizes == (3, 3)
    assert seen["shape"].constant
    assert seen["odd"].unsupported == "this operator is not supported"
    assert seen["after"].unsupported is None
    assert seen["after"].output_shape is None
    assert seen["same"].output_shape == (1, 4, 8, 6)
    assert [node.name for node in found.unsupported] == ["odd"]


def test_inspection_as_json(tmp_path: Path) -> None:
    document = json.loads(json.dumps(inspect_onnx(_network(tmp_path)).to_json()))

    assert document["supported"] is False
    assert document["inputs"] == [{"name": "x", "shape": [1, 3, 8, 6]}]
    assert document["nodes"][2] == {
        "name": "odd",
        "op": "Einsum",
        "output_shape": None,
        "macs": 0,
        "parameters": 0,
        "receptive_field": None,
        "jump": None,
        "constant": False,
        "unsupported": "this operator is not supported",
    }


def test_shapes_can_be_pinned(tmp_path: Path) -> None:
    path = make.save(tmp_path, make.model([make.node("Relu", "x", "y")], {"x": (1, "n")}))

    with pytest.raises(DynamicShapeError):
        inspect_onnx(path)
    assert inspect_onnx(path, {"x": (1, 5)}).nodes[0].output_shape == (1, 5)


def test_parameters_are_weights_that_are_used(tmp_path: Path) -> None:
    nodes = [
        make.node("Constant", "", "c", value_floats=[1.0, 2.0, 3.0]),
        make.node("Constant", "", "one", value_float=1.0),
        make.node("Mul", "x one", "a"),
        make.node("Add", "a c", "b"),
        make.node("MatMul", "b w", "d"),
        make.node("Reshape", "d target", "y"),
    ]
    weights = {
        "w": np.ones((3, 5), np.float32),
        "unused": np.ones(9, np.float32),
        "target": np.array([5, 1]),
    }

    path = make.save(tmp_path, make.model(nodes, {"x": (1, 3)}, weights=weights))

    assert inspect_onnx(path).parameters == 3 + 15
