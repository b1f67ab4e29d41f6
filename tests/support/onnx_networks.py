"""Small float networks as ONNX files, with random weights from a fixed seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from cnnc.ir.types import F32, AnyArray, Shape

CLASSES = 5
IMAGE: Shape = (2, 8, 8)

_SAME: dict[str, Any] = {"pads": [1, 1, 1, 1]}
_STRIDED: dict[str, Any] = {"pads": [1, 1, 1, 1], "strides": [2, 2]}


def write_classifier(path: Path, batch: int | str = 1) -> Path:
    """Write convolution, batch normalization, ReLU, pooling, fully connected, softmax.

    Args:
        path: File to write.
        batch: Static batch, or the name of a dynamic one; Flatten keeps samples apart.

    Returns:
        The path.
    """
    nodes = [
        helper.make_node("Conv", ["image", "w", "b"], ["conv"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["conv", "g", "o", "m", "v"], ["norm"], "norm"),
        helper.make_node("Relu", ["norm"], ["act"], "act"),
        helper.make_node("MaxPool", ["act"], ["pool"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pool"], ["flat"], "flat"),
        helper.make_node("Gemm", ["flat", "fw", "fb"], ["logits"], "dense", transB=1),
        helper.make_node("Softmax", ["logits"], ["scores"], "softmax", axis=1),
    ]
    weights = {
        "w": _random(6, 2, 3, 3),
        "b": _random(6),
        "g": 1.0 + 0.2 * _random(6),
        "o": _random(6),
        "m": _random(6),
        "v": 1.0 + 0.5 * np.abs(_random(6)),
        "fw": _random(CLASSES, 96),
        "fb": _random(CLASSES),
    }
    return _write(path, nodes, {"image": (batch, *IMAGE)}, {"scores": (batch, CLASSES)}, weights)


def write_separable(path: Path) -> Path:
    """Write a small network of all that a keyword spotter or a person detector is made of.

    A first 3x3 convolution of 3 channels, three pairs of depthwise and 1x1 convolutions with ReLU
    (one of them strided), a residual sum, global average pooling, fully connected, softmax.

    Returns:
        The path.
    """
    nodes = [helper.make_node("Conv", ["image", "w0", "b0"], ["c0"], "first", **_STRIDED)]
    nodes.append(helper.make_node("Relu", ["c0"], ["a0"], "first_relu"))
    weights: dict[str, AnyArray] = {"w0": _random(16, 3, 3, 3), "b0": _random(16)}
    channels = (16, 32, 32, 64)
    value = "a0"
    for block in range(3):
        given, made = channels[block], channels[block + 1]
        weights |= {
            f"d{block}": _random(given, 1, 3, 3),
            f"e{block}": _random(given),
            f"p{block}": 0.5 * _random(made, given, 1, 1),
            f"q{block}": _random(made),
        }
        shape = _STRIDED if block == 2 else _SAME
        operands = [value, f"d{block}", f"e{block}"]
        nodes += [
            helper.make_node("Conv", operands, [f"f{block}"], f"dw{block}", group=given, **shape),
            helper.make_node("Relu", [f"f{block}"], [f"g{block}"], f"dw_relu{block}"),
            helper.make_node(
                "Conv", [f"g{block}", f"p{block}", f"q{block}"], [f"h{block}"], f"pw{block}"
            ),
            helper.make_node("Relu", [f"h{block}"], [f"i{block}"], f"pw_relu{block}"),
        ]
        if block == 1:
            nodes.append(helper.make_node("Add", ["i0", "i1"], ["sum"], "residual"))
        value = "sum" if block == 1 else f"i{block}"
    nodes += [
        helper.make_node("GlobalAveragePool", [value], ["mean"], "pool"),
        helper.make_node("Flatten", ["mean"], ["flat"], "flat"),
        helper.make_node("Gemm", ["flat", "fw", "fb"], ["logits"], "dense", transB=1),
        helper.make_node("Softmax", ["logits"], ["scores"], "softmax", axis=1),
    ]
    weights |= {"fw": _random(CLASSES, 64), "fb": _random(CLASSES)}
    return _write(path, nodes, {"image": (1, 3, 24, 24)}, {"scores": (1, CLASSES)}, weights)


def write_features(path: Path, *, only_index: bool = False) -> Path:
    """Write convolution, ReLU, pooling, fully connected, and ArgMax of the scores.

    Args:
        path: File to write.
        only_index: Whether the index is the only output; otherwise the pooled maps and the scores
            come first.

    Returns:
        The path.
    """
    nodes = [
        helper.make_node("Conv", ["image", "w", "b"], ["conv"], "conv", **_SAME),
        helper.make_node("Relu", ["conv"], ["act"], "act"),
        helper.make_node("MaxPool", ["act"], ["maps"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["maps"], ["flat"], "flat"),
        helper.make_node("Gemm", ["flat", "fw", "fb"], ["scores"], "dense", transB=1),
        helper.make_node("ArgMax", ["scores"], ["index"], "best", axis=1, keepdims=0),
    ]
    weights = {
        "w": _random(3, 2, 3, 3),
        "b": _random(3),
        "fw": _random(CLASSES, 48),
        "fb": _random(CLASSES),
    }
    outputs: dict[str, tuple[int | str, ...]] = {"maps": (1, 3, 4, 4), "scores": (1, CLASSES)}
    if only_index:
        outputs = {}
    outputs["index"] = (1,)
    return _write(path, nodes, {"image": (1, *IMAGE)}, outputs, weights, integers=("index",))


def write_island(path: Path) -> Path:
    """Write a normalization by the data's own mean and variance between two convolutions."""
    nodes = [
        helper.make_node("Conv", ["image", "w", "b"], ["c0"], "first", **_SAME),
        helper.make_node("InstanceNormalization", ["c0", "g", "o"], ["n"], "normalize"),
        helper.make_node("Relu", ["n"], ["act"], "act"),
        helper.make_node("Conv", ["act", "v", "o"], ["y"], "second", **_SAME),
    ]
    weights = {
        "w": _random(3, 2, 3, 3),
        "b": _random(3),
        "g": 1.0 + 0.2 * _random(3),
        "o": _random(3),
        "v": 0.5 * _random(3, 3, 3, 3),
    }
    return _write(path, nodes, {"image": (1, *IMAGE)}, {"y": (1, 3, 8, 8)}, weights)


def write_mixed_ports(path: Path) -> Path:
    """Write max(image, 0) beside a transposed matrix of int64."""
    nodes = [
        helper.make_node("Relu", ["image"], ["act"], "act"),
        helper.make_node("Transpose", ["table"], ["turned"], "turn", perm=[0, 2, 1]),
    ]
    return _write(
        path,
        nodes,
        {"image": (1, *IMAGE), "table": (1, 3, 4)},
        {"act": (1, *IMAGE), "turned": (1, 4, 3)},
        {},
        integers=("table", "turned"),
    )


def write_two_ports(path: Path) -> Path:
    """Write a network of two inputs and two outputs: a + b, and sigmoid(a)."""
    nodes = [
        helper.make_node("Add", ["a", "b"], ["sum"], "sum"),
        helper.make_node("Sigmoid", ["a"], ["gate"], "gate"),
    ]
    shape: Shape = (1, 3, 4, 4)
    return _write(path, nodes, {"a": shape, "b": shape}, {"sum": shape, "gate": shape}, {})


def write_batch_mixer(path: Path) -> Path:
    """Write a network with a free batch axis whose Reshape makes one row of the whole batch."""
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["flat"], "flat"),
        helper.make_node("Gemm", ["flat", "fw", "fb"], ["y"], "dense", transB=1),
    ]
    weights: dict[str, AnyArray] = {
        "shape": np.array([1, 12], dtype=np.int64),
        "fw": _random(3, 12),
        "fb": _random(3),
    }
    return _write(path, nodes, {"x": ("n", 3, 2, 2)}, {"y": ("n", 3)}, weights)


def images(count: int, seed: int = 0) -> F32:
    """Return inputs of the classifier in [0, 1), (count, *IMAGE)."""
    return np.random.default_rng(seed).random((count, *IMAGE), dtype=np.float32)


def _random(*shape: int) -> F32:
    seed = sum(extent * 31**axis for axis, extent in enumerate(shape))
    return np.random.default_rng(seed).normal(0.0, 0.4, shape).astype(np.float32)


def _write(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: dict[str, tuple[int | str, ...]],
    outputs: dict[str, tuple[int | str, ...]],
    weights: Mapping[str, AnyArray],
    integers: Sequence[str] = (),
) -> Path:
    kinds = {n: TensorProto.INT64 if n in integers else TensorProto.FLOAT for n in inputs | outputs}
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info(n, kinds[n], s) for n, s in inputs.items()],
        [helper.make_tensor_value_info(n, kinds[n], s) for n, s in outputs.items()],
        [numpy_helper.from_array(array.astype(_type(array)), n) for n, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def _type(array: AnyArray) -> type[np.generic]:
    return np.int64 if array.dtype == np.int64 else np.float32
