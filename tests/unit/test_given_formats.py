"""Which formats of a quantized model are kept, which values are calibrated, which stay real."""

import numpy as np
import pytest
from onnx import ModelProto, NodeProto
from tests.support.kinds import kinds
from tests.support.onnx_cases import import_proto
from tests.support.onnx_models import model, node
from tests.support.quantized_onnx import kept, steps_apart

from cnnc.importer.data import synthetic_samples
from cnnc.ir.types import Quantization
from cnnc.ops._real_op import RealOp
from cnnc.ops.requantize import QuantRequantize
from cnnc.passes.simplify import simplify
from cnnc.quantize.calibrate import calibrate
from cnnc.quantize.given_formats import given_formats
from cnnc.quantize.keep_given import KeptFormats, keep_given
from cnnc.quantize.ranges import ValueRanges

_RANDOM = np.random.default_rng(5)
_WEIGHTS: dict[str, object] = {
    "s": np.float32(0.02),
    "t": np.float32(0.05),
    "u": np.float32(0.013),
    "z": np.int8(-9),
    "lowest": np.int8(-128),
    "w": _RANDOM.normal(0.0, 0.3, (4, 3, 1, 1)).astype(np.float32),
    "v": _RANDOM.normal(0.0, 0.3, (4, 4, 1, 1)).astype(np.float32),
    "two": np.float32(2.0),
    "minus_one": np.float32(-1.0),
}
_SHAPE = (1, 3, 6, 5)


def _pair(source: str, target: str, scale: str = "s", zero_point: str = "z") -> list[NodeProto]:
    return [
        node("QuantizeLinear", f"{source} {scale} {zero_point}", f"{target}_q"),
        node("DequantizeLinear", f"{target}_q {scale} {zero_point}", target),
    ]


def _model(nodes: list[NodeProto]) -> ModelProto:
    return model(nodes, {"x": _SHAPE}, ["y"], _WEIGHTS)


def _f32(real: float) -> float:
    return float(np.float32(real))


def test_layer_computes_in_the_format_behind_it() -> None:
    nodes = [*_pair("x", "a"), node("Conv", "a w", "b"), node("Relu", "b", "c")]
    proto = _model([*nodes, *_pair("c", "y", "t", "lowest")])
    network = kept(proto).model
    assert [type(n.op).__name__ for n in network.nodes] == ["QuantConv2d"]
    formats = [network.values[p.value].format for p in (*network.inputs, *network.outputs)]
    assert formats == [Quantization(_f32(0.02), -9), Quantization(_f32(0.05), -128)]
    assert steps_apart(proto).max() <= 1


def test_clip_and_pool_pass_the_format_on() -> None:
    nodes = [
        *_pair("x", "a"),
        node("Conv", "a w", "b"),
        node("Clip", "b minus_one two", "c"),
        node("MaxPool", "c", "d", kernel_shape=[2, 2]),
    ]
    proto = _model([*nodes, *_pair("d", "y", "t")])
    network = kept(proto).model
    assert not any(isinstance(n.op, QuantRequantize) for n in network.nodes)
    assert steps_apart(proto).max() <= 1


def test_value_that_is_read_in_two_formats_holds_both() -> None:
    """One reader wants 0..12.75 in coarse steps, the other one -2.38..2.72 in fine ones."""
    nodes = [
        *_pair("x", "a"),
        node("Concat", "a a", "b", axis=2),
        node("Relu", "b", "c"),
        *_pair("c", "d", "t", "lowest"),
        *_pair("d", "e"),
        node("Clip", "b minus_one two", "f"),
        *_pair("f", "g"),
        node("Add", "e g", "h"),
        *_pair("h", "y", "t"),
    ]
    assert steps_apart(_model(nodes)).max() <= 2


def test_concat_of_two_formats_is_requantized() -> None:
    nodes = [
        *_pair("x", "a"),
        *_pair("a", "b", "t"),
        node("Concat", "a b", "c", axis=1),
    ]
    proto = _model([*nodes, *_pair("c", "y", "t", "lowest")])
    network = kept(proto).model
    assert sum(isinstance(n.op, QuantRequantize) for n in network.nodes) >= 2
    assert steps_apart(proto).max() <= 1


def test_add_of_two_formats() -> None:
    nodes = [*_pair("x", "a"), *_pair("a", "b", "t"), node("Add", "a b", "c")]
    assert steps_apart(_model([*nodes, *_pair("c", "y", "t")])).max() <= 1


def test_sigmoid_has_the_models_format() -> None:
    proto = _model([*_pair("x", "a"), node("Sigmoid", "a", "b"), *_pair("b", "y", "u", "lowest")])
    network = kept(proto).model
    assert [type(n.op).__name__ for n in network.nodes] == ["QuantSigmoid"]
    assert steps_apart(proto).max() == 0


def test_softmax_is_requantized() -> None:
    nodes = [*_pair("x", "a"), node("Softmax", "a", "b", axis=1)]
    proto = _model([*nodes, *_pair("b", "y", "u", "lowest")])
    assert steps_apart(proto).max() <= 1


def test_mean_between_formats_is_absorbed() -> None:
    nodes = [*_pair("x", "a"), node("ReduceMean", "a", "b", axes=[2, 3], keepdims=1)]
    proto = _model([*nodes, node("Flatten", "b", "c"), *_pair("c", "y", "u")])
    assert kept(proto).real == ()
    assert steps_apart(proto).max() <= 1


def test_island_without_weights_stays_on_real_numbers() -> None:
    nodes = [
        *_pair("x", "a"),
        node("Add", "a a", "b"),
        node("Mul", "b a", "c"),
        *_pair("c", "y", "t"),
    ]
    proto = _model(nodes)
    simplified = simplify(import_proto(proto))
    given = given_formats(simplified)
    assert len(given.real) == 2
    assert not given.calibrated
    network = kept(proto)
    assert [type(n.op).__name__ for n in network.model.nodes] == [
        "QuantDequantize",
        "RealOp",
        "RealOp",
        "QuantQuantize",
    ]
    assert len(network.real) == 2
    assert steps_apart(proto).max() <= 1


def test_island_with_weights_is_calibrated() -> None:
    nodes = [
        *_pair("x", "a"),
        node("Conv", "a w", "b"),
        node("Relu", "b", "c"),
        node("Conv", "c v", "d"),
        *_pair("d", "y", "t"),
    ]
    proto = _model(nodes)
    found = _calibrated(proto)
    assert len(found.calibrated) == 1
    assert found.real == ()
    assert not any(isinstance(n.op, RealOp) for n in found.model.nodes)


def test_what_keeps_the_format_of_a_calibrated_value_has_it_too() -> None:
    """The result of the pool alone is rounded to a format, its operand is not."""
    nodes = [
        *_pair("x", "a"),
        node("Conv", "a w", "b"),
        node("Sigmoid", "b", "c"),
        node("Conv", "c v", "d"),
        node("MaxPool", "c", "e", kernel_shape=[1, 1]),
        *_pair("e", "f", "t"),
        node("Add", "d f", "g"),
        *_pair("g", "y", "t"),
    ]
    found = _calibrated(_model(nodes))
    pool = next(entry for entry in found.model.nodes if entry.op.kind == "max_pool")
    formats = [found.model.values[name].format for name in (*pool.inputs, pool.output)]
    assert formats[0] == formats[1] != Quantization(_f32(0.05), -9)


def test_softmax_of_a_calibrated_value_is_requantized() -> None:
    nodes = [*_pair("x", "a"), node("Conv", "a w", "b"), node("Softmax", "b", "c", axis=1)]
    found = _calibrated(_model([*nodes, *_pair("c", "y")]))
    softmax = next(entry for entry in found.model.nodes if entry.op.kind == "softmax")
    assert found.model.values[softmax.output].format == Quantization(1.0 / 256.0, -128)
    assert isinstance(found.model.nodes[-1].op, QuantRequantize)


def test_input_that_is_read_as_real_numbers_is_calibrated() -> None:
    found = _calibrated(_model([node("Exp", "x", "a"), *_pair("a", "y", "t", "lowest")]))
    assert found.calibrated == {"x"}
    format_ = found.model.values["x"].format
    assert format_ is not None
    # The samples are uniform within 0 and 1.
    np.testing.assert_allclose(format_.scale, 1.0 / 255.0, rtol=0.02)


@pytest.mark.parametrize("source", ["x", "b"])
def test_format_of_a_clip_is_not_that_of_what_others_read(source: str) -> None:
    nodes = [*_pair("x", "a"), node("Conv", "a w", "b")] if source == "b" else []
    nodes += [
        node("Relu", source, "c"),
        *_pair("c", "d", "t", "lowest"),
        node("Neg", source, "e"),
        node("Add", "d e", "f"),
        *_pair("f", "y", "t"),
    ]
    found = _calibrated(_model(nodes))
    assert source in found.calibrated
    assert found.model.values[source].format != Quantization(_f32(0.05), -128)


def test_output_without_a_format_is_calibrated() -> None:
    found = _calibrated(_model([*_pair("x", "a"), node("Conv", "a w", "y")]))
    assert found.calibrated == {found.model.outputs[0].value}


def test_output_of_an_island_that_keeps_its_operands_format_is_calibrated() -> None:
    proto = _model([*_pair("x", "a"), node("LRN", "a", "b", size=3), node("Flatten", "b", "y")])
    found = _calibrated(proto)
    (port,) = found.model.outputs
    assert found.calibrated == {port.value}
    assert found.model.values[port.value].format == _observed(proto).quantization(port.value)


def test_input_of_an_island_is_calibrated() -> None:
    proto = _model([node("Add", "x two", "a"), node("LRN", "a", "b", size=3), *_pair("b", "y")])
    found = _calibrated(proto)
    (port,) = found.model.inputs
    assert found.calibrated == {port.value}
    assert found.model.values[port.value].format == _observed(proto).quantization(port.value)


def test_float_model_is_calibrated_throughout() -> None:
    imported = import_proto(_model([node("Conv", "x w", "y")]))
    assert kinds(imported) == ["conv2d"]
    given = given_formats(imported)
    assert given.calibrated == frozenset(imported.shapes)
    assert not given.values


def _calibrated(proto: ModelProto) -> KeptFormats:
    simplified = simplify(import_proto(proto))
    return keep_given(simplified, "single", lambda: _observed(proto))


def _observed(proto: ModelProto) -> ValueRanges:
    simplified = simplify(import_proto(proto))
    return calibrate(simplified, synthetic_samples(simplified.inputs, 8, 0), "minmax")


def test_batch_normalization_alone_makes_no_island_of_weights() -> None:
    nodes = [
        *_pair("x", "a"),
        node("BatchNormalization", "a gamma beta mean variance", "b"),
        node("Relu", "b", "c"),
        node("GlobalAveragePool", "c", "d"),
        *_pair("d", "y", "u"),
    ]
    weights = {
        **_WEIGHTS,
        "gamma": np.array([1.0, 2.0, -0.5], np.float32),
        "beta": np.array([0.1, 0.0, 0.3], np.float32),
        "mean": np.zeros(3, np.float32),
        "variance": np.ones(3, np.float32),
    }
    proto = model(nodes, {"x": _SHAPE}, ["y"], weights)
    found = kept(proto)
    assert len(found.real) == 2
    assert not found.calibrated
    assert steps_apart(proto).max() <= 1


def test_names_of_the_file_do_not_meet_those_of_real_forms() -> None:
    nodes = [
        *_pair("x", "a"),
        node("Relu", "a", "a_q:real"),
        *_pair("a_q:real", "b", "t"),
        node("Add", "a a", "c"),
        node("Mul", "c b", "d"),
        *_pair("d", "y", "t"),
    ]
    assert steps_apart(_model(nodes)).max() <= 1


def test_average_between_two_formats_rounds_once() -> None:
    pool = node("AveragePool", "a", "b", kernel_shape=[3, 2], strides=[2, 1])
    proto = _model([*_pair("x", "a"), pool, *_pair("b", "y", "u")])
    network = kept(proto).model
    assert [type(n.op).__name__ for n in network.nodes] == ["QuantDepthwiseConv2d"]
    steps = steps_apart(proto)
    assert steps.max() <= 1
    assert (steps > 0).mean() < 0.01


def test_average_in_one_format_stays_a_pool() -> None:
    pool = node("AveragePool", "a", "b", kernel_shape=[3, 3])
    proto = _model([*_pair("x", "a"), pool, *_pair("b", "y")])
    network = kept(proto).model
    assert [type(n.op).__name__ for n in network.nodes] == ["QuantAveragePool"]
    assert steps_apart(proto).max() <= 1


def test_reals_that_something_else_reads_are_not_rounded() -> None:
    nodes = [
        *_pair("x", "a"),
        node("Mul", "a a", "b"),
        *_pair("b", "c"),
        node("GlobalAveragePool", "b", "d"),
        *_pair("d", "e", "u"),
        node("Mul", "c e", "f"),
        *_pair("f", "y", "t"),
    ]
    proto = _model(nodes)
    found = kept(proto)
    assert len(found.real) == 2
    assert steps_apart(proto).max() <= 1
