"""Batch normalization: parameters, layouts, versions, what is refused."""

from collections.abc import Mapping

import numpy as np
import pytest
from tests.support.op_cases import check_onnx

from cnnc.errors import InternalError, ModelError, UnsupportedOpError
from cnnc.ir.types import F32, AnyArray, Quantization, Shape
from cnnc.ops.batch_normalization import ChannelAffine
from cnnc.quantize.context import QuantizeContext


def _statistics(channels: int) -> dict[int, F32]:
    generator = np.random.default_rng(0)
    gamma, beta, mean = generator.normal(0.0, 1.0, (3, channels)).astype(np.float32)
    variance = generator.uniform(0.1, 3.0, channels).astype(np.float32)
    return {1: gamma, 2: beta, 3: mean, 4: variance}


def _float32(*values: float) -> F32:
    return np.array(values, dtype=np.float32)


def _affine() -> ChannelAffine:
    return ChannelAffine(_float32(2.0, -1.0), _float32(0.5, 0.0))


@pytest.mark.parametrize("opset", [7, 9, 14, 15, 17])
@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (2, 3), (1, 3, 7), (1, 3, 2, 2, 2)])
def test_reads_onnx(shape: Shape, opset: int) -> None:
    attributes = {"epsilon": 0.01, "momentum": 0.8}
    model = check_onnx("BatchNormalization", attributes, [shape], opset, _statistics(3))
    assert [node.op.kind for node in model.nodes if "affine" in node.op.kind] == ["channel_affine"]


def test_parameters_are_computed_in_double() -> None:
    constants = {
        1: _float32(3.0),
        2: _float32(1e-3),
        3: _float32(1e3),
        4: _float32(2.0),
    }
    model = check_onnx("BatchNormalization", {"epsilon": 0.5}, [(2, 1)], 17, constants)
    op = model.nodes[0].op
    assert isinstance(op, ChannelAffine)
    scale = 3.0 / np.sqrt(2.5)
    np.testing.assert_array_equal(op.scale, _float32(scale))
    np.testing.assert_array_equal(op.offset, _float32(float(np.float32(1e-3)) - 1e3 * scale))


@pytest.mark.parametrize(
    ("attributes", "opset", "change", "reason"),
    [
        ({"training_mode": 1}, 15, {}, "training_mode is 1"),
        ({"spatial": 0}, 7, {}, "spatial 0"),
        ({}, 17, {4: _float32(1.0, -2.0, 1.0)}, "input_var holds -2; .* must be positive"),
        ({"epsilon": 0.0}, 17, {4: _float32(1.0, 0.0, 1.0)}, "must be positive"),
        ({}, 17, {1: _float32(1.0, 2.0)}, r"scale has shape \[2\], the input has 3 channels"),
    ],
)
def test_what_is_no_inference_is_refused(
    attributes: Mapping[str, float], opset: int, change: Mapping[int, AnyArray], reason: str
) -> None:
    constants: dict[int, AnyArray] = {**_statistics(3), **change}
    with pytest.raises(UnsupportedOpError, match=reason):
        check_onnx("BatchNormalization", attributes, [(1, 3, 4, 5)], opset, constants)


def test_statistics_that_are_no_numbers_are_refused() -> None:
    constants: dict[int, AnyArray] = {**_statistics(3), 4: _float32(1.0, np.nan, 1.0)}
    with pytest.raises(ModelError, match="initializer 'constant4' holds NaN"):
        check_onnx("BatchNormalization", {}, [(1, 3, 4, 5)], 17, constants)


def test_float_affine() -> None:
    x = np.array([[[1.0, 1.0], [0.0, -3.0]]], dtype=np.float32)
    np.testing.assert_array_equal(_affine().evaluate([x]), [[[2.5, -1.0], [0.5, 3.0]]])


def test_the_number_of_channels_must_fit() -> None:
    assert _affine().output_shape([(1, 4, 2)]) == (1, 4, 2)
    with pytest.raises(ModelError, match="2 scales do not fit a tensor of 3 channels"):
        _affine().output_shape([(2, 3)])


def test_passes_must_have_replaced_it() -> None:
    one = Quantization(1.0, 0)
    context = QuantizeContext("bn1", "double", (one,), ((2, 2),), one, (2, 2))
    with pytest.raises(InternalError, match="'bn1' is still a channel affine"):
        _affine().quantize(context)
