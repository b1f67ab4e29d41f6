"""Weights, bias and multipliers of layers with weights become integers (spec sections 1 to 3)."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from cnnc.errors import ModelError
from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.types import F32, I8, Activation, Quantization
from cnnc.ops._convolution import exact_float_type, sample_chunks
from cnnc.ops._requantize import (
    WeightedFields,
    quantize_weighted,
    scaled_weight_scale,
    weight_sums,
)
from cnnc.ops.fully_connected import FullyConnected
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import quantize_multiplier

HALF = Quantization(0.5, 3)


def _quantized(
    weights: list[list[float]],
    bias: list[float],
    source: Quantization = HALF,
    result: Quantization = HALF,
    given: F32 | None = None,
) -> WeightedFields:
    weight = np.array(weights, np.float32)
    context = QuantizeContext(
        node="node",
        rounding="double",
        inputs=(source,),
        input_shapes=((1, weight.shape[1]),),
        output=result,
        output_shape=(1, len(weight)),
    )
    reals = np.array(bias, np.float32)
    return quantize_weighted(weight, reals, Activation.RELU, 0, context, given)


def _bounds(fields: WeightedFields) -> list[int]:
    sums = np.abs(fields["weight"].astype(np.int64)).sum(axis=1)
    bounds = np.abs(fields["bias"].astype(np.int64)) + 255 * sums
    return [int(bound) for bound in bounds]


def test_weights_are_symmetric_per_channel() -> None:
    fields = _quantized([[1.0, -0.5], [-12.7, 0.15]], [0.25, -1.0])
    assert fields["weight"].tolist() == [[127, -64], [-127, 2]]
    largest = np.array([1.0, 12.7], np.float32).astype(np.float64)
    np.testing.assert_array_equal(fields["weight_scales"], (largest / 127).astype(np.float32))
    # 0.25 / (0.5 * f32(1/127)) is a little above 63.5, -1 / (0.5 * 0.1) is -20.
    assert fields["bias"].tolist() == [64, -20]


def test_multipliers_are_double_products_of_float32_scales() -> None:
    source, result = (
        Quantization(float(np.float32(0.1)), -7),
        Quantization(float(np.float32(0.3)), 9),
    )
    fields = _quantized([[1.0, -0.5]], [0.0], source, result)
    scale = float(fields["weight_scales"][0])
    pair = quantize_multiplier(source.scale * scale / result.scale)
    assert (int(fields["multipliers"][0]), int(fields["shifts"][0])) == pair
    assert (fields["input_zero_point"], fields["output_zero_point"]) == (-7, 9)
    assert (fields["minimum"], fields["maximum"]) == (9, 127)


def test_channel_of_zeros_has_scale_one_or_that_of_its_bias() -> None:
    fields = _quantized([[0.0, 0.0], [1e-44, 0.0], [0.0, 0.0]], [0.0, 2.0, -1e-44])
    assert fields["weight_scales"].tolist() == [1.0, 2.0**-18, 1.0]
    assert fields["weight"].tolist() == [[0, 0], [0, 0], [0, 0]]
    assert fields["bias"].tolist() == [0, 2**20, 0]


def test_bias_of_a_channel_of_zeros_is_finer_than_the_operand() -> None:
    source, result = Quantization(0.5, 0), Quantization(float(np.float32(0.01)), 0)
    biases = [0.31, -0.87, 1.23, 40.0]
    fields = _quantized([[0.0, 0.0]] * 4, biases, source, result)
    reals = fields["bias"] * 0.5 * fields["weight_scales"].astype(np.float64)
    np.testing.assert_allclose(reals, biases, rtol=2e-6)


def test_scales_of_weights_that_vanish_are_chosen_from_the_bias() -> None:
    scales = scaled_weight_scale(
        np.array([0.5, 0.5], np.float32), np.array([-2.0, 0.0], np.float32)
    )
    assert scales is not None
    assert scales.tolist() == [1.0, 0.0]
    fields = _quantized([[0.0, 0.0]] * 2, [1.0, 2.0], given=scales)
    assert fields["weight_scales"].tolist() == [1.0, 2.0**-18]


def test_bias_beyond_int32_enlarges_the_weight_scale() -> None:
    fields = _quantized([[1e-6, -1e-6], [1.0, 1.0]], [1e5, 0.0])
    bounds = _bounds(fields)
    assert max(bounds) < 2**31
    assert bounds[0] > 2**30
    scales = fields["weight_scales"].astype(np.float64)
    np.testing.assert_allclose(fields["bias"][0] * 0.5 * scales[0], 1e5, rtol=1e-6)
    np.testing.assert_allclose(scales[1], 1 / 127, rtol=1e-6)


def test_many_large_weights_enlarge_the_weight_scale() -> None:
    fields = _quantized([[1.0] * 70_000], [0.0])
    assert 2**30 < _bounds(fields)[0] < 2**31
    assert 110 < int(fields["weight"].max()) < 127


def test_bias_beyond_every_scale_is_named() -> None:
    tiny = Quantization(float(np.float32(1e-30)), 0)
    with pytest.raises(ModelError, match="node 'node': a bias is too large for int32"):
        _quantized([[1.0]], [1e38], tiny, HALF)


def test_exact_float_type_bounds_every_partial_sum() -> None:
    weight: I8 = np.full((2, 518), 127, np.int8)
    assert exact_float_type(weight, 0) is np.float32
    assert exact_float_type(np.concatenate([weight, weight], axis=1), 0) is np.float64
    assert exact_float_type(np.concatenate([weight, weight], axis=0), 0) is np.float32
    assert exact_float_type(np.concatenate([weight, weight], axis=0), 1) is np.float32
    lowest = np.full((1, 515), -128, np.int8)
    assert exact_float_type(lowest, 0) is np.float64
    assert exact_float_type(lowest[:, :514], 0) is np.float32


def test_sample_chunks_cover_all_samples_once() -> None:
    for size in (1, 2**18, 2**30):
        chunks = list(sample_chunks(7, size))
        assert [i for chunk in chunks for i in range(chunk.start, chunk.stop)] == list(range(7))
    assert len(list(sample_chunks(7, 2**30))) == 7
    assert len(list(sample_chunks(7, 1))) == 1


def _context(weight: F32, channels: int) -> QuantizeContext:
    return QuantizeContext(
        "node", "double", (HALF,), ((1, 1),), HALF, (*weight.shape[:1], channels)
    )


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_blocks_of_channels_give_what_one_block_gives(
    axis: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight = np.random.default_rng(0).standard_normal((5, 6, 7)).astype(np.float32)
    channels = weight.shape[axis]
    bias = np.linspace(-1, 1, channels, dtype=np.float32)
    context = _context(weight, channels)
    whole = quantize_weighted(weight, bias, Activation.NONE, axis, context)
    monkeypatch.setattr("cnnc.ops._requantize.BLOCK_ELEMENTS", 50)
    parts = quantize_weighted(weight, bias, Activation.NONE, axis, context)
    assert whole["weight"].shape == weight.shape
    assert whole["weight"].flags.c_contiguous
    np.testing.assert_array_equal(parts["weight"], whole["weight"])
    np.testing.assert_array_equal(parts["weight_scales"], whole["weight_scales"])
    shape = [1, 1, 1]
    shape[axis] = channels
    back = whole["weight"] * whole["weight_scales"].reshape(shape)
    np.testing.assert_allclose(back, weight, atol=0.5 * float(whole["weight_scales"].max()))


def test_large_weights_are_not_copied_as_float64() -> None:
    weight = np.random.default_rng(0).standard_normal((2048, 2048)).astype(np.float32)
    tracemalloc.start()
    fields = quantize_weighted(
        weight, np.zeros(2048, np.float32), Activation.NONE, 0, _context(weight, 2048)
    )
    weight_sums(fields["weight"], 0)
    exact_float_type(fields["weight"], 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A quarter for the int8 weights, as much again, at most, for their magnitudes.
    assert peak < weight.nbytes


def test_scaled_weights_of_gemm_are_not_copied_as_float64(tmp_path: Path) -> None:
    weight = np.random.default_rng(0).standard_normal((2048, 2048)).astype(np.float32)
    peaks = []
    for alpha in (1.0, 0.3):
        node = helper.make_node("Gemm", ["x", "w"], ["y"], transB=1, alpha=alpha)
        graph = helper.make_graph(
            [node],
            "gemm",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2048])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2048])],
            [numpy_helper.from_array(weight, "w")],
        )
        opsets = [helper.make_opsetid("", 17)]
        path = tmp_path / "gemm.onnx"
        path.write_bytes(
            helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
        )
        tracemalloc.start()
        model = read_onnx(path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 1.2 * weight.nbytes
    op = model.nodes[0].op
    assert isinstance(op, FullyConnected)
    expected = (weight.astype(np.float64) * float(np.float32(0.3))).astype(np.float32)
    np.testing.assert_array_equal(op.weight, expected)
