"""Operators on quantized tensors, ONNX's and ONNX Runtime's, keep formats and weights."""

import numpy as np
import onnx
import pytest
from tests.support.onnx_cases import import_proto
from tests.support.onnx_models import model, node
from tests.support.quantized_onnx import (
    contrib_model,
    contrib_node,
    kept,
    steps_apart,
)

from cnnc.errors import UnsupportedOpError
from cnnc.importer.data import synthetic_samples
from cnnc.ir.types import AnyArray, Quantization
from cnnc.ops._requantize import QuantWeightedOp
from cnnc.passes.simplify import simplify
from cnnc.quantize.sqnr import layer_sqnr

_RANDOM = np.random.default_rng(3)
_WEIGHTS = {
    "xs": np.float32(0.03),
    "xz": np.uint8(120),
    "ys": np.float32(0.05),
    "yz": np.uint8(131),
    "zs": np.float32(0.02),
    "zz": np.uint8(3),
}
_QUANTIZE = node("QuantizeLinear", "x xs xz", "q")
_DEQUANTIZE = node("DequantizeLinear", "r ys yz", "y")


def _integers(*shape: int) -> AnyArray:
    return _RANDOM.integers(-127, 128, shape).astype(np.int8)


def _weighted(
    entry: onnx.NodeProto, shape: tuple[int, ...], weights: dict[str, object]
) -> onnx.ModelProto:
    nodes = [_QUANTIZE, entry, _DEQUANTIZE]
    return contrib_model(nodes, {"x": shape}, {**_WEIGHTS, **weights})


_CONV_WEIGHT = _integers(5, 3, 3, 3)
_GEMM_WEIGHT = _integers(4, 6)
_CONV: dict[str, object] = {
    "w": _CONV_WEIGHT,
    "ws": np.array([0.01, 0.02, 0.005, 0.013, 0.017], np.float32),
    "wz": np.zeros(5, np.int8),
    "b": _RANDOM.integers(-900, 900, 5).astype(np.int32),
}
_GEMM: dict[str, object] = {
    "w": _GEMM_WEIGHT,
    "ws": np.array([0.01, 0.02, 0.005, 0.013], np.float32),
    "wz": np.zeros(4, np.int8),
    "b": _RANDOM.integers(-900, 900, 4).astype(np.int32),
}
_OPERATORS = {
    "conv": _weighted(
        node("QLinearConv", "q xs xz w ws wz ys yz b", "r", pads=[1, 0, 2, 1], strides=[2, 1]),
        (1, 3, 7, 6),
        _CONV,
    ),
    "conv_without_bias": _weighted(
        node("QLinearConv", "q xs xz w ws wz ys yz", "r"), (1, 3, 7, 6), _CONV
    ),
    "matmul": _weighted(
        node("QLinearMatMul", "q xs xz w ws wz ys yz", "r"),
        (3, 6),
        {**_GEMM, "w": np.ascontiguousarray(_GEMM_WEIGHT.T)},
    ),
    "gemm": _weighted(
        contrib_node("QGemm", "q xs xz w ws wz b ys yz", "r", transB=1), (2, 6), _GEMM
    ),
    "gemm_with_alpha": _weighted(
        contrib_node("QGemm", "q xs xz w ws wz b ys yz", "r", transB=1, alpha=0.5), (2, 6), _GEMM
    ),
    "add": _weighted(contrib_node("QLinearAdd", "q xs xz q xs xz ys yz", "r"), (1, 3, 4, 5), {}),
    "mul": _weighted(contrib_node("QLinearMul", "q xs xz q xs xz ys yz", "r"), (1, 3, 4, 5), {}),
    "concat": _weighted(
        contrib_node("QLinearConcat", "ys yz q xs xz q xs xz", "r", axis=1), (1, 3, 4, 5), {}
    ),
    "sigmoid": _weighted(
        contrib_node("QLinearSigmoid", "q xs xz ys yz", "r"),
        (1, 3, 4, 5),
        {"ys": np.float32(0.0037), "yz": np.uint8(0)},
    ),
    "global_average_pool": _weighted(
        contrib_node("QLinearGlobalAveragePool", "q xs xz ys yz", "r", channels_last=0),
        (1, 3, 4, 5),
        {"ys": np.float32(0.011), "yz": np.uint8(128)},
    ),
    "average_pool": _weighted(
        contrib_node("QLinearAveragePool", "q xs xz ys yz", "r", kernel_shape=[2, 2]),
        (1, 3, 4, 5),
        {"ys": np.float32(0.03), "yz": np.uint8(120)},
    ),
    # The last windows reach beyond the image.
    "average_pool_ceil": _weighted(
        contrib_node(
            "QLinearAveragePool",
            "q xs xz ys yz",
            "r",
            kernel_shape=[3, 3],
            strides=[2, 2],
            pads=[0, 1, 0, 0],
            ceil_mode=1,
            count_include_pad=1,
        ),
        (1, 3, 6, 7),
        {"ys": np.float32(0.03), "yz": np.uint8(120)},
    ),
    "softmax": _weighted(
        contrib_node("QLinearSoftmax", "q xs xz ys yz", "r", axis=-1, opset=13),
        (2, 9),
        {"ys": np.float32(1 / 255), "yz": np.uint8(0)},
    ),
}


_DIFFERING = {
    # A quarter of all averages of four are ties, of which half go to even in ONNX Runtime.
    "average_pool": 0.15,
    # Rounded to 1/256 as TFLite does, then to the model's own step.
    "softmax": 0.25,
}


@pytest.mark.parametrize("name", _OPERATORS)
def test_operator_is_within_a_step_of_onnx_runtime(name: str) -> None:
    steps = steps_apart(_OPERATORS[name])
    assert steps.max() <= 1
    assert (steps > 0).mean() < _DIFFERING.get(name, 0.05)


def test_distance_from_float_counts_the_bounds_of_a_format_as_its_relu() -> None:
    # Nothing negative is in the format of the result: it clips half of what is computed.
    rectified = _weighted(
        node("QLinearConv", "q xs xz w ws wz ys yz b", "r"),
        (1, 3, 7, 6),
        {**_CONV, "yz": np.uint8(0)},
    )
    simplified = simplify(import_proto(rectified))
    network = kept(rectified).model
    samples = synthetic_samples(simplified.inputs, 8, 3)
    ratios = layer_sqnr(simplified, network, samples)
    assert ratios[network.nodes[0].output] > 40.0


@pytest.mark.parametrize("name", ["conv", "conv_without_bias", "matmul", "gemm"])
def test_weights_are_the_files_integers(name: str) -> None:
    (op,) = [n.op for n in kept(_OPERATORS[name]).model.nodes if isinstance(n.op, QuantWeightedOp)]
    wanted = _CONV if "conv" in name else _GEMM
    moved = np.moveaxis(np.asarray(wanted["w"]), 1, -1)
    np.testing.assert_array_equal(op.weight, moved)
    np.testing.assert_array_equal(op.weight_scales, np.asarray(wanted["ws"]))
    if name in ("conv", "gemm"):
        np.testing.assert_array_equal(op.bias, np.asarray(wanted["b"]))


def test_unsigned_activations_become_signed() -> None:
    network = kept(_OPERATORS["conv"]).model
    formats = [network.values[port.value].format for port in (*network.inputs, *network.outputs)]
    assert formats == [
        Quantization(float(np.float32(0.03)), -8),
        Quantization(float(np.float32(0.05)), 3),
    ]


_BETWEEN = {
    "max_pool": [node("MaxPool", "q", "r", kernel_shape=[2, 2], strides=[2, 2])],
    "moves": [
        node("Transpose", "q", "t", perm=[0, 2, 3, 1]),
        node("Reshape", "t shape", "r"),
    ],
    "clip": [node("Clip", "q low high", "r")],
    "pad": [node("Pad", "q pads value", "r")],
    "pad_with_zeros": [node("Pad", "q pads", "r")],
    "pad_with_edges": [node("Pad", "q pads", "r", mode="edge")],
    "cast": [node("Cast", "q", "r", to=onnx.TensorProto.UINT8)],
    "concat": [node("Concat", "q q", "r", axis=2)],
}


@pytest.mark.parametrize("name", _BETWEEN)
def test_integers_between_quantize_and_dequantize(name: str) -> None:
    weights = {
        **_WEIGHTS,
        "low": np.uint8(110),
        "high": np.uint8(140),
        "shape": np.array([2, 30], np.int64),
        "pads": np.array([0, 0, 1, 0, 0, 0, 0, 2], np.int64),
        "value": np.uint8(120),
    }
    nodes = [_QUANTIZE, *_BETWEEN[name], node("DequantizeLinear", "r xs xz", "y")]
    proto = model(nodes, {"x": (1, 3, 4, 5)}, ["y"], weights)
    assert steps_apart(proto).max() == 0


@pytest.mark.parametrize("zero_point", [-40, 0, 5])
def test_rectified_integers(zero_point: int) -> None:
    weights = {"xs": np.float32(0.03), "xz": np.int8(zero_point)}
    nodes = [_QUANTIZE, node("Relu", "q", "r"), node("DequantizeLinear", "r xs xz", "y")]
    assert steps_apart(model(nodes, {"x": (1, 3, 4, 5)}, ["y"], weights)).max() == 0


@pytest.mark.parametrize("between", [[], [node("MaxPool", "q", "r", kernel_shape=[2, 2])]])
def test_zero_point_is_by_default_zero_of_the_integers(between: list[onnx.NodeProto]) -> None:
    last = node("DequantizeLinear", f"{'r' if between else 'q'} xs", "y")
    typed = node("QuantizeLinear", "x xs", "q", output_dtype=onnx.TensorProto.INT8)
    scale, zero = {"xs": np.float32(0.03)}, {"xz": np.int8(0)}
    for first, weights in ((typed, scale), (_QUANTIZE, {**scale, **zero})):
        proto = model([first, *between, last], {"x": (1, 3, 4, 5)}, ["y"], weights, opset=21)
        assert steps_apart(proto).max() == 0


def test_default_zero_point_has_to_be_the_given_one() -> None:
    nodes = [_QUANTIZE, node("DequantizeLinear", "q xs", "y")]
    weights = {"xs": np.float32(0.03), "xz": np.int8(-128)}
    with pytest.raises(UnsupportedOpError, match="another scale or zero point"):
        import_proto(model(nodes, {"x": (1, 3, 4, 5)}, ["y"], weights))


def test_zero_points_that_the_graph_computes() -> None:
    nodes = [
        node("ConstantOfShape", "none", "float_zero"),
        node("Cast", "float_zero", "z", to=onnx.TensorProto.INT8),
        node("QuantizeLinear", "x xs z", "q"),
        node("Cast", "q", "p", to=onnx.TensorProto.INT8),
        node("DequantizeLinear", "p xs z", "y"),
    ]
    weights = {"none": np.zeros(0, np.int64), "xs": np.float32(0.03)}
    assert steps_apart(model(nodes, {"x": (1, 3, 4, 5)}, ["y"], weights)).max() == 0


def _convolution(weight_nodes: list[onnx.NodeProto], weights: dict[str, object]) -> onnx.ModelProto:
    nodes = [
        *weight_nodes,
        node("QuantizeLinear", "x xs xz", "q"),
        node("DequantizeLinear", "q xs xz", "p"),
        node("Conv", "p v", "c"),
        node("Relu", "c", "a"),
        node("QuantizeLinear", "a ys yz", "k"),
        node("DequantizeLinear", "k ys yz", "y"),
    ]
    return model(nodes, {"x": (1, 3, 6, 5)}, ["y"], {**_WEIGHTS, "yz": np.uint8(0), **weights}, 19)


_SCALES = np.array([0.01, 0.02, 0.005, 0.013, 0.017], np.float32)
_FLOATS = (_RANDOM.normal(0.0, 1.0, (5, 3, 3, 3)) * _SCALES[0] * 60).astype(np.float32)
_WEIGHT_FORMS = {
    "per_channel": _convolution(
        [node("DequantizeLinear", "w s z", "v", axis=0)],
        {"w": _CONV["w"], "s": _SCALES, "z": np.zeros(5, np.int8)},
    ),
    "per_tensor": _convolution(
        [node("DequantizeLinear", "w s", "v")], {"w": _CONV["w"], "s": np.float32(0.01)}
    ),
    "unsigned": _convolution(
        [node("DequantizeLinear", "w s z", "v")],
        {
            "w": (_CONV_WEIGHT.astype(np.int16) + 128).astype(np.uint8),
            "s": np.float32(0.01),
            "z": np.uint8(128),
        },
    ),
    "float_behind_both": _convolution(
        [
            node("QuantizeLinear", "w s z", "wq", axis=0),
            node("DequantizeLinear", "wq s z", "v", axis=0),
        ],
        {"w": _FLOATS, "s": _SCALES, "z": np.zeros(5, np.int8)},
    ),
    "clipped_to_four_bits": _convolution(
        [
            node("Clip", "w low high", "wc"),
            node("DequantizeLinear", "wc s z", "v", axis=0),
        ],
        {
            "w": _CONV["w"],
            "low": np.int8(-7),
            "high": np.int8(7),
            "s": _SCALES * 16,
            "z": np.zeros(5, np.int8),
        },
    ),
    "lowest": _convolution(
        [node("DequantizeLinear", "w s", "v")],
        {"w": np.full((5, 3, 3, 3), -128, np.int8), "s": np.float32(0.002)},
    ),
    "moved": _convolution(
        [
            node("DequantizeLinear", "w s z", "u", axis=3),
            node("Transpose", "u", "v", perm=[3, 2, 0, 1]),
        ],
        {
            "w": np.ascontiguousarray(_CONV_WEIGHT.transpose(2, 3, 1, 0)),
            "s": _SCALES,
            "z": np.zeros(5, np.int8),
        },
    ),
}


@pytest.mark.parametrize("form", _WEIGHT_FORMS)
def test_weights_keep_their_scale(form: str) -> None:
    proto = _WEIGHT_FORMS[form]
    (layer,) = kept(proto).model.nodes
    assert isinstance(layer.op, QuantWeightedOp)
    scales = next(t for t in proto.graph.initializer if t.name == "s")
    expected = np.broadcast_to(onnx.numpy_helper.to_array(scales), (5,))
    np.testing.assert_array_equal(layer.op.weight_scales, expected)
    assert steps_apart(proto).max() <= 1


def test_asymmetric_weights_are_requantized_and_named(caplog: pytest.LogCaptureFixture) -> None:
    proto = _convolution(
        [node("DequantizeLinear", "w s z", "v")],
        {"w": _CONV["w"], "s": np.float32(0.01), "z": np.int8(5)},
    )
    assert steps_apart(proto).max() <= 2
    assert "weights 'v' are asymmetric" in caplog.text


def test_affine_layers_behind_a_convolution_take_its_weights_along() -> None:
    nodes = [
        node("QuantizeLinear", "w s z", "wq", axis=0),
        node("DequantizeLinear", "wq s z", "v", axis=0),
        node("QuantizeLinear", "x xs xz", "q"),
        node("DequantizeLinear", "q xs xz", "p"),
        node("Conv", "p v", "c"),
        node("BatchNormalization", "c gamma beta mean variance", "n"),
        node("Relu", "n", "a"),
        node("QuantizeLinear", "a ys yz", "k"),
        node("DequantizeLinear", "k ys yz", "y"),
    ]
    weights = {
        **_WEIGHTS,
        "yz": np.uint8(0),
        "w": _FLOATS,
        "s": _SCALES,
        "z": np.zeros(5, np.int8),
        "gamma": np.array([1.0, -2.0, 0.5, 0.1, 3.0], np.float32),
        "beta": np.array([0.1, -0.2, 0.3, 0.0, 1.0], np.float32),
        "mean": np.zeros(5, np.float32),
        "variance": np.ones(5, np.float32),
    }
    proto = model(nodes, {"x": (1, 3, 6, 5)}, ["y"], weights)
    (layer,) = kept(proto).model.nodes
    assert isinstance(layer.op, QuantWeightedOp)
    factors = np.abs(np.asarray(weights["gamma"])) / np.sqrt(np.float32(1.00001))
    np.testing.assert_allclose(layer.op.weight_scales, _SCALES * factors, rtol=1e-6)
    integers = np.clip(np.rint(_FLOATS / _SCALES.reshape(-1, 1, 1, 1)), -128, 127)
    integers *= np.sign(np.asarray(weights["gamma"])).reshape(-1, 1, 1, 1)
    clipped = np.clip(integers, -128, 127)
    np.testing.assert_array_equal(layer.op.weight, np.moveaxis(clipped, 1, -1))
    assert steps_apart(proto).max() <= 1


@pytest.mark.parametrize(
    ("op_type", "domain", "remedy"),
    [
        ("FakeQuantize", "org.openvinotoolkit", "NNCF's own operator"),
        ("DynamicQuantizeLinear", "", "quantize the model statically"),
        ("Quant", "qonnx.custom_op.general", "export_onnx_qcdq"),
    ],
)
def test_foreign_quantizers_are_refused_with_a_remedy(
    op_type: str, domain: str, remedy: str
) -> None:
    entry = node(op_type, "x", "y")
    entry.domain = domain
    proto = contrib_model([entry], {"x": (1, 3)}, {})
    if domain:
        proto.opset_import.append(onnx.helper.make_opsetid(domain, 1))
    with pytest.raises(UnsupportedOpError) as caught:
        import_proto(proto)
    assert remedy in str(caught.value)
