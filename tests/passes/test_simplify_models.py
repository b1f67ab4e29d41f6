"""Whole networks compute what ONNX Runtime computes, before and after they are simplified."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.passes.network import kinds, random
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto

from cnnc.ir.float_model import FloatModel
from cnnc.ir.types import F32
from cnnc.passes.simplify import simplify

REPOSITORY = Path(__file__).parents[2]
MODELS = REPOSITORY.parent / "shared" / "models"
EXAMPLE = REPOSITORY / "examples" / "fashion_mnist" / "resnet_s.onnx"
FAMILIES = (
    *("lenet5_bn", "lenet_caffe", "vgg_s", "vgg_bn_s", "nin_s", "googlenet_s"),
    *("resnet_s", "densenet_s", "mobilenetv1_s", "mobilenetv2_s"),
)
FUSED = {"channel_affine", "clip", "transpose", "pad"}
"""What no network below keeps."""


def found(pattern: str) -> list[Path]:
    """Return the example and the shared models of the families, as far as they are there."""
    zoo = [path for name in FAMILIES for path in MODELS.glob(f"zoo/{name}_{pattern}.onnx")]
    tiny = [*MODELS.glob("mlperf_tiny/*_nchw_bn.onnx"), *MODELS.glob("mlperf_tiny/ad_*.onnx")]
    nhwc = [path for path in MODELS.glob("mlperf_tiny/*_n???.onnx") if "_tfl" not in path.name]
    return [EXAMPLE, *sorted({*zoo, *tiny, *(nhwc if pattern == "*" else [])})]


def check(proto: onnx.ModelProto) -> FloatModel:
    """Compare the imported and the simplified model with ONNX Runtime; returns the latter."""
    imported = import_proto(proto)
    simplified = simplify(imported)
    compare_with_onnx_runtime(simplified, proto)
    assert len(simplified.nodes) < len(imported.nodes)
    assert not FUSED.intersection(kinds(simplified))
    return simplified


@pytest.mark.parametrize("path", found("op17"), ids=lambda path: path.stem)
def test_a_real_network(path: Path) -> None:
    check(onnx.load(path))


@pytest.mark.long
@pytest.mark.parametrize("path", found("*"), ids=lambda path: path.stem)
def test_every_export_of_a_real_network(path: Path) -> None:
    check(onnx.load(path))


def network(nodes: list[onnx.NodeProto], weights: dict[str, F32]) -> onnx.ModelProto:
    """Return a model from image x [1, 3, 8, 8] to y."""
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def batch_norm(name: str, channels: int) -> dict[str, F32]:
    """Return the four parameters of a BatchNormalization."""
    return {
        f"{name}_scale": random(10, channels),
        f"{name}_bias": random(11, channels),
        f"{name}_mean": random(12, channels),
        f"{name}_var": np.abs(random(13, channels)) + np.float32(0.1),
    }


def batch_norm_node(name: str, source: str, target: str) -> onnx.NodeProto:
    """Return the node that uses them."""
    roles = ("scale", "bias", "mean", "var")
    operands = [source, *(f"{name}_{role}" for role in roles)]
    return helper.make_node("BatchNormalization", operands, [target])


def test_pad_convolution_norm_pool_activation_flatten_norm_product() -> None:
    weights = {
        "w1": random(1, 4, 3, 3, 3),
        **batch_norm("n1", 4),
        **batch_norm("n2", 64),
        "w2": random(2, 64, 5),
        "b2": random(3, 5),
    }
    pads = np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64)
    nodes = [
        helper.make_node("Pad", ["x", "pads"], ["padded"]),
        helper.make_node("Conv", ["padded", "w1"], ["c1"]),
        batch_norm_node("n1", "c1", "n1"),
        helper.make_node("MaxPool", ["n1"], ["p1"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Relu", ["p1"], ["r1"]),
        helper.make_node("Flatten", ["r1"], ["f1"]),
        batch_norm_node("n2", "f1", "n2"),
        helper.make_node("MatMul", ["n2", "w2"], ["m2"]),
        helper.make_node("Add", ["m2", "b2"], ["y"]),
    ]
    proto = network(nodes, weights)
    proto.graph.initializer.append(numpy_helper.from_array(pads, "pads"))
    simplified = check(proto)
    assert kinds(simplified) == ["conv2d", "max_pool", "reshape", "fully_connected"]


def test_norms_before_convolutions_as_in_densenet() -> None:
    weights = {
        "w1": random(1, 4, 3, 1, 1),
        **batch_norm("n1", 3),
        **batch_norm("n2", 7),
        "w2": random(2, 2, 7, 3, 3),
    }
    nodes = [
        batch_norm_node("n1", "x", "n1"),
        helper.make_node("Conv", ["n1", "w1"], ["c1"]),
        helper.make_node("Concat", ["x", "c1"], ["joined"], axis=1),
        batch_norm_node("n2", "joined", "n2"),
        helper.make_node("Relu", ["n2"], ["r2"]),
        helper.make_node("Conv", ["r2", "w2"], ["y"], pads=[1, 1, 1, 1]),
    ]
    simplified = check(network(nodes, weights))
    assert kinds(simplified) == ["conv2d", "concat", "depthwise_conv2d", "conv2d"]


def test_input_scaling_goes_into_the_first_convolution() -> None:
    weights = {
        "mean": random(4, 1, 3, 1, 1),
        "std": np.array(0.02, np.float32),
        "w1": random(1, 4, 3, 3, 3),
    }
    nodes = [
        helper.make_node("Add", ["x", "mean"], ["centred"]),
        helper.make_node("Mul", ["std", "centred"], ["scaled"]),
        helper.make_node("Conv", ["scaled", "w1"], ["y"]),
    ]
    assert kinds(check(network(nodes, weights))) == ["conv2d"]
