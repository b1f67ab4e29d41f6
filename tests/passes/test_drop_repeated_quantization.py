"""A format that a value has already is not given to it again."""

import numpy as np
import pytest
from onnx import NodeProto
from tests.support.kinds import kinds
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto
from tests.support.onnx_models import model, node

from cnnc.passes.simplify import simplify

_WEIGHTS = {
    "s": np.float32(0.04),
    "z": np.int8(-9),
    "t": np.float32(0.05),
    "pads": np.array([0, 0, 1, 1, 0, 0, 0, 2], np.int64),
    "five": np.float32(4.2),
    "shape": np.array([6, 10], np.int64),
}


def _pair(source: str, target: str, scale: str = "s") -> list[NodeProto]:
    return [
        node("QuantizeLinear", f"{source} {scale} z", f"{target}_q"),
        node("DequantizeLinear", f"{target}_q {scale} z", target),
    ]


@pytest.mark.parametrize(
    ("between", "kept"),
    [
        ([node("MaxPool", "a", "b", kernel_shape=[2, 2])], 1),
        ([node("Transpose", "a", "b", perm=[0, 1, 3, 2])], 1),
        ([node("Reshape", "a shape", "b")], 1),
        ([node("Pad", "a pads", "b")], 1),
        ([node("Concat", "a a", "b", axis=1)], 1),
        ([node("Pad", "a pads five", "b")], 2),
        ([node("Sigmoid", "a", "b")], 2),
        ([node("Relu", "a", "b")], 2),
    ],
)
def test_dropped_behind_what_keeps_numbers(between: list[NodeProto], kept: int) -> None:
    nodes = [*_pair("x", "a"), *between, *_pair("b", "y")]
    proto = model(nodes, {"x": (1, 3, 4, 5)}, ["y"], _WEIGHTS)
    simplified = simplify(import_proto(proto))
    assert kinds(simplified).count("fake_quantize") == kept
    compare_with_onnx_runtime(simplified, proto)


def test_another_format_stays() -> None:
    nodes = [*_pair("x", "a"), *_pair("a", "y", "t")]
    simplified = simplify(import_proto(model(nodes, {"x": (1, 6)}, ["y"], _WEIGHTS)))
    assert kinds(simplified) == ["fake_quantize", "fake_quantize"]


def test_moves_reach_the_layer_behind() -> None:
    nodes = [
        *_pair("x", "a"),
        node("Transpose", "a", "b", perm=[0, 2, 3, 1]),
        *_pair("b", "c"),
        node("Reshape", "c flat", "d"),
        *_pair("d", "e"),
        node("MatMul", "e w", "y"),
    ]
    weights = {
        **_WEIGHTS,
        "flat": np.array([1, 60], np.int64),
        "w": np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32),
    }
    proto = model(nodes, {"x": (1, 3, 4, 5)}, ["y"], weights)
    simplified = simplify(import_proto(proto))
    assert sorted(kinds(simplified)) == ["fake_quantize", "fully_connected", "reshape"]
    compare_with_onnx_runtime(simplified, proto)
