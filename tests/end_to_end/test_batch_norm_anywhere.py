"""Batch normalization at every place of a network, in int8 and in float32."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.support.kinds import kinds
from tests.support.network_checks import check_network, check_real
from tests.support.onnx_cases import import_proto

from cnnc.importer.data import synthetic_samples, to_storage
from cnnc.ir.types import F32, Shape
from cnnc.passes.simplify import simplify

CHANNELS = 4
FOLDED, KEPT = False, True


def _random(*shape: int) -> F32:
    return np.random.default_rng(len(shape)).normal(0.0, 0.5, shape).astype(np.float32)


def _weights(kernel: int) -> dict[str, F32]:
    return {
        "w": _random(CHANNELS, CHANNELS, kernel, kernel),
        "dense": _random(CHANNELS * 36, 3),
        "square": _random(CHANNELS, CHANNELS),
        "gamma": 1.0 + _random(CHANNELS),
        "beta": _random(CHANNELS) + 0.25,
        "mean": _random(CHANNELS),
        "variance": 0.5 + np.abs(_random(CHANNELS)),
        "wide_gamma": 1.0 + _random(2 * CHANNELS),
        "wide_beta": _random(2 * CHANNELS),
        "wide_mean": _random(2 * CHANNELS),
        "wide_variance": 0.5 + np.abs(_random(2 * CHANNELS)),
        "narrow": _random(CHANNELS, 2 * CHANNELS, 1, 1),
    }


def _norm(source: str, result: str, kind: str = "") -> onnx.NodeProto:
    statistics = [f"{kind}{name}" for name in ("gamma", "beta", "mean", "variance")]
    return helper.make_node("BatchNormalization", [source, *statistics], [result])


def _node(
    op_type: str,
    sources: str,
    result: str,
    **attributes: Any,  # noqa: ANN401 (any type of attribute)
) -> onnx.NodeProto:
    return helper.make_node(op_type, sources.split(), [result], **attributes)


def _network(nodes: Sequence[onnx.NodeProto], shape: Shape) -> onnx.ModelProto:
    read = {name for node in nodes for name in node.input}
    initializers = [
        numpy_helper.from_array(array, name) for name, array in _weights(3).items() if name in read
    ]
    operand = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
    result = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    graph = helper.make_graph(list(nodes), "places", [operand], [result], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


IMAGE: Shape = (1, CHANNELS, 6, 6)
CONV = {"pads": [1, 1, 1, 1]}
PLACES: Mapping[str, tuple[Sequence[onnx.NodeProto], Shape, bool]] = {
    "before_a_padded_convolution": (
        [_norm("x", "n"), _node("Conv", "n w", "y", **CONV)],
        IMAGE,
        KEPT,
    ),
    "before_activation_and_convolution": (
        [_norm("x", "n"), _node("Relu", "n", "r"), _node("Conv", "r w", "y", **CONV)],
        IMAGE,
        KEPT,
    ),
    "before_a_convolution_without_padding": (
        [_norm("x", "n"), _node("Conv", "n w", "y")],
        IMAGE,
        FOLDED,
    ),
    "after_a_convolution": ([_node("Conv", "x w", "c", **CONV), _norm("c", "y")], IMAGE, FOLDED),
    "after_an_activation": (
        [_node("Conv", "x w", "c", **CONV), _node("Relu", "c", "r"), _norm("r", "y")],
        IMAGE,
        KEPT,
    ),
    "after_a_sum": (
        [
            _node("Conv", "x w", "c", **CONV),
            _node("Add", "c x", "s"),
            _norm("s", "n"),
            _node("Relu", "n", "y"),
        ],
        IMAGE,
        KEPT,
    ),
    "after_a_concatenation": (
        [
            _node("Conv", "x w", "c", **CONV),
            _node("Concat", "c x", "s", axis=1),
            _norm("s", "n", "wide_"),
            _node("Relu", "n", "r"),
            _node("Conv", "r narrow", "y"),
        ],
        IMAGE,
        KEPT,
    ),
    "after_a_pool": (
        [_node("AveragePool", "x", "p", kernel_shape=[2, 2], strides=[2, 2]), _norm("p", "y")],
        IMAGE,
        KEPT,
    ),
    "after_the_global_pool": (
        [_node("GlobalAveragePool", "x", "p"), _norm("p", "y")],
        IMAGE,
        KEPT,
    ),
    "twice": ([_norm("x", "n"), _node("Relu", "n", "r"), _norm("r", "y")], IMAGE, KEPT),
    "alone": ([_norm("x", "y")], IMAGE, KEPT),
    "of_a_batch": ([_norm("x", "y")], (3, CHANNELS, 2, 2), KEPT),
    "of_a_vector": ([_norm("x", "y")], (2, CHANNELS), KEPT),
    "of_a_line": ([_norm("x", "y")], (1, CHANNELS, 7), KEPT),
    "of_a_volume": ([_norm("x", "y")], (1, CHANNELS, 2, 3, 4), KEPT),
    "before_the_dense_layer": (
        [_norm("x", "n"), _node("Flatten", "n", "f"), _node("MatMul", "f dense", "y")],
        IMAGE,
        FOLDED,
    ),
    "after_the_dense_layer": (
        [_node("MatMul", "x square", "d"), _norm("d", "y")],
        (2, CHANNELS),
        FOLDED,
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_int8(place: str) -> None:
    nodes, shape, kept = PLACES[place]
    model = check_network(_network(nodes, shape))
    assert ("depthwise_conv2d" in [node.op.kind for node in model.nodes]) == kept


@pytest.mark.parametrize("place", PLACES)
def test_float32(place: str) -> None:
    nodes, shape, kept = PLACES[place]
    model = simplify(import_proto(_network(nodes, shape)))
    assert ("depthwise_conv2d" in kinds(model)) == kept
    samples = synthetic_samples(model.inputs, 3, seed=0)
    batch = next(samples.batches(samples.count))
    check_real(model, {port.value: to_storage(port, batch[port.name]) for port in model.inputs})
