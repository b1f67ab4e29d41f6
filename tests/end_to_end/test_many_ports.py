"""Networks with several inputs and outputs, and batches of three, through compile and simulate."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.support.compiling import no_progress
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto

from cnnc.ir.types import Shape
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.simulator.run import SimulationRequest, simulate

Nodes = list[onnx.NodeProto]
_SAME = [1, 1, 1, 1]


def _model(
    nodes: Nodes,
    inputs: dict[str, Shape],
    outputs: list[str],
    weights: dict[str, Shape] | None = None,
) -> onnx.ModelProto:
    """Return a network whose weights are drawn from a fixed seed."""
    generator = np.random.default_rng(0)
    arrays = {
        name: generator.normal(0.0, 0.4, shape).astype(np.float32)
        for name, shape in (weights or {}).items()
    }
    graph = helper.make_graph(
        nodes,
        "ports",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, list(s)) for n, s in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _siamese() -> onnx.ModelProto:
    """Return two images through the same convolution, joined, with two heads."""
    make = helper.make_node
    nodes = [
        make("Conv", ["left", "w", "b"], ["a"], "conv_left", pads=_SAME),
        make("Conv", ["right", "w", "b"], ["c"], "conv_right", pads=_SAME),
        make("Relu", ["a"], ["ra"], "relu_left"),
        make("Relu", ["c"], ["rc"], "relu_right"),
        make("Concat", ["ra", "rc"], ["joined"], "join", axis=1),
        make("GlobalAveragePool", ["joined"], ["mean"], "mean"),
        make("Flatten", ["mean"], ["flat"], "flat"),
        make("Gemm", ["flat", "v", "c0"], ["scores"], "dense", transB=1),
        make("MaxPool", ["joined"], ["mask"], "mask", kernel_shape=[2, 2]),
    ]
    weights: dict[str, Shape] = {"w": (4, 2, 3, 3), "b": (4,), "v": (3, 8), "c0": (3,)}
    shapes: dict[str, Shape] = {"left": (1, 2, 6, 5), "right": (1, 2, 6, 5)}
    return _model(nodes, shapes, ["scores", "mask"], weights)


def _read_outputs() -> onnx.ModelProto:
    """Return a network whose first two outputs are read by its third."""
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "w"], ["features"], "conv", pads=_SAME),
        make("MaxPool", ["features"], ["largest"], "max", kernel_shape=[3, 3], pads=_SAME),
        make("Concat", ["features", "largest"], ["both"], "join", axis=1),
    ]
    shapes: dict[str, Shape] = {"x": (1, 3, 4, 4)}
    return _model(nodes, shapes, ["features", "largest", "both"], {"w": (3, 3, 3, 3)})


def _passed_on() -> onnx.ModelProto:
    """Return a network with an input that is an output, one nobody reads, and a value twice."""
    make = helper.make_node
    nodes = [
        make("MaxPool", ["x"], ["y"], "max", kernel_shape=[2, 2]),
        make("Identity", ["y"], ["again"], "again"),
        make("Identity", ["x"], ["same"], "same"),
    ]
    shapes: dict[str, Shape] = {"x": (1, 2, 3, 4), "unread": (1, 5)}
    return _model(nodes, shapes, ["y", "again", "same"])


def _batch_of_three() -> onnx.ModelProto:
    """Return a classifier of three images at a time."""
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "w", "b"], ["a"], "conv", pads=_SAME, strides=[2, 1]),
        make("Relu", ["a"], ["ra"], "relu"),
        make("Conv", ["ra", "d"], ["e"], "depthwise", group=4, pads=_SAME),
        make(
            "MaxPool", ["e"], ["m"], "max", kernel_shape=[2, 2], strides=[2, 2], pads=[0, 1, 0, 0]
        ),
        make("AveragePool", ["m"], ["p"], "average", kernel_shape=[2, 2]),
        make("Split", ["p"], ["left", "right"], "split", axis=1),
        make("Concat", ["right", "left"], ["swapped"], "swap", axis=1),
        make("GlobalAveragePool", ["swapped"], ["g"], "mean"),
        make("Flatten", ["swapped"], ["f"], "flat"),
        make("Gemm", ["f", "v"], ["logits"], "dense", transB=1),
        make("Softmax", ["logits"], ["scores"], "softmax", axis=1),
        make("Transpose", ["swapped"], ["turned"], "turn", perm=[2, 3, 0, 1]),
    ]
    weights: dict[str, Shape] = {
        "w": (4, 2, 3, 3),
        "b": (4,),
        "d": (4, 1, 3, 3),
        "v": (5, 4 * 1 * 3),
    }
    return _model(nodes, {"x": (3, 2, 9, 7)}, ["scores", "g", "turned"], weights)


def _pixels() -> onnx.ModelProto:
    """Return an image of bytes that is scaled and convolved."""
    make = helper.make_node
    nodes = [
        make("Cast", ["x"], ["real"], "cast", to=TensorProto.FLOAT),
        make("Conv", ["real", "w"], ["y"], "conv", pads=_SAME),
    ]
    model = _model(nodes, {"x": (1, 3, 6, 5)}, ["y"], {"w": (4, 3, 3, 3)})
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    return model


def _indexed() -> onnx.ModelProto:
    """Return rows of a convolution that a second input picks."""
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "w"], ["c"], "conv", pads=_SAME),
        make("Gather", ["c", "rows"], ["y"], "gather", axis=2),
    ]
    shapes: dict[str, Shape] = {"x": (1, 3, 6, 5), "rows": (2, 2)}
    model = _model(nodes, shapes, ["y"], {"w": (4, 3, 3, 3)})
    model.graph.input[1].type.tensor_type.elem_type = TensorProto.INT64
    return model


MODELS = {
    "siamese": _siamese,
    "read_outputs": _read_outputs,
    "passed_on": _passed_on,
    "batch_of_three": _batch_of_three,
    "pixels": _pixels,
    "indexed": _indexed,
}


@pytest.fixture(params=MODELS)
def proto(request: pytest.FixtureRequest) -> onnx.ModelProto:
    build: Callable[[], onnx.ModelProto] = MODELS[request.param]
    return build()


def test_imports_as_onnx_runtime_computes(proto: onnx.ModelProto) -> None:
    compare_with_onnx_runtime(import_proto(proto), proto)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_engines_agree(
    proto: onnx.ModelProto, dtype: Literal["int8", "float32"], tmp_path: Path
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    options = CompileOptions(model=path, output=tmp_path / "out", dtype=dtype)
    directory, _ = compile_to_folder(options, no_progress, print)
    engines = ["reference", "host", *(["tflite"] if dtype == "int8" else [])]
    report = simulate(directory, SimulationRequest(engines=tuple(engines), random=4))
    document = report.to_json()["engines"]
    for name in engines[1:]:
        assert document[name]["skipped"] is None, document[name]
        assert document[name]["bit_exact"] is True, document[name]
