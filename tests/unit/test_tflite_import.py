"""int8 .tflite operators: what is kept, and every engine against the runtimes on the file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.op_cases import case_chunk
from tests.support.tflite_files import (
    activation,
    check_original,
    constant,
    fully_connected,
    imported,
    one_operator,
    random_weights,
)

from cnnc.codegen.tflite_file import OperatorRecord, TfliteOptions, write_file
from cnnc.ir.types import Activation, Quantization, Window
from cnnc.ops.conv2d import QuantConv2d
from cnnc.ops.fully_connected import QuantFullyConnected
from cnnc.ops.mean import QuantMean
from cnnc.ops.reshape import QuantReshape
from cnnc.passes.optimize import optimize
from cnnc.quantize.fixed_point import quantize_multipliers
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_original import original_graph
from cnnc.simulator.tflite_runtime import installed_runtimes

_SAME, _VALID = 0, 1
_POOL = {"FilterHeight": 2, "FilterWidth": 3, "StrideH": 2, "StrideW": 2}


def convolution(scales: int, activation_number: int = 0, low: int = -127, **fields: int) -> bytes:
    """Return a 3x3 CONV_2D of 7x6 images."""
    weights = random_weights(4, 3, 3, 2, low=low)
    steps = np.linspace(0.001, 0.004, scales)
    options = {"Padding": _SAME, "StrideH": 2, "StrideW": 1, **fields}
    options["FusedActivationFunction"] = activation_number
    columns = 6 if options["Padding"] == _SAME else 4
    rows = 4 if options["Padding"] == _SAME else 3
    operands = [
        activation("x", (1, 7, 6, 2), 0.02, 5),
        constant("w", weights, list(steps)),
        constant("b", np.array([40, -60, 0, 3], np.int32), list(0.02 * steps)),
    ]
    result = activation("y", (1, rows, columns, 4), 0.03, -20)
    return one_operator("CONV_2D", operands, result, TfliteOptions("Conv2DOptions", options))


@pytest.mark.parametrize("scales", [1, 4])
@pytest.mark.parametrize("low", [-127, -128])
@pytest.mark.parametrize("activation_number", [0, 1, 2, 3])
def test_convolution(scales: int, low: int, activation_number: int, tmp_path: Path) -> None:
    model = check_original(convolution(scales, activation_number, low), tmp_path)

    op = model.nodes[0].op
    assert isinstance(op, QuantConv2d)
    assert op.weight.min() == low
    assert list(op.bias) == [40, -60, 0, 3]
    assert op.activation is list(Activation)[[0, 1, 3, 2][activation_number]]
    assert (op.minimum, op.maximum) == {
        0: (-128, 127),
        1: (-20, 127),
        2: (-53, 13),
        3: (-20, 127),
    }[activation_number]


def test_same_padding_is_explicit_and_asymmetric(tmp_path: Path) -> None:
    op = imported(convolution(4), tmp_path).nodes[0].op
    assert isinstance(op, QuantConv2d)
    assert op.window == Window(3, 3, 2, 1, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
    source, result = activation("x", (1, 6, 5, 3)), activation("y", (1, 3, 3, 3))
    weights = constant("w", random_weights(3, 3, 2, 3), [0.01])
    options = {"Padding": _SAME, "StrideH": 2, "StrideW": 2}
    data = one_operator(
        "CONV_2D", [source, weights], result, TfliteOptions("Conv2DOptions", options)
    )
    op = imported(data, tmp_path).nodes[0].op
    assert isinstance(op, QuantConv2d)
    # The row that is too many goes after the image (spec 2.6).
    assert op.window == Window(3, 2, 2, 2, pad_bottom=1, pad_right=1)


def test_valid_padding_is_none(tmp_path: Path) -> None:
    model = check_original(convolution(4, Padding=_VALID), tmp_path)
    op = model.nodes[0].op
    assert isinstance(op, QuantConv2d)
    assert op.window == Window(3, 3, 2, 1)


def test_fully_connected_multiplies_single_scales_in_float32(tmp_path: Path) -> None:
    steps = [0.0031, 0.00307, 0.00293, 0.0113, 0.00071]
    differing = 0
    for step in steps:
        op = check_original(fully_connected(scales=(step,)), tmp_path).nodes[0].op
        assert isinstance(op, QuantFullyConnected)
        source, weight = np.float32(0.0371), np.float32(step)
        in_float32, in_double = source * weight, float(source) * float(weight)
        result = float(np.float32(0.0913))
        expected = quantize_multipliers(np.full(5, float(in_float32) / result))
        assert np.array_equal(op.multipliers, expected[0])
        differing += not np.array_equal(
            expected, quantize_multipliers(np.full(5, in_double / result))
        )
    assert differing, "choose scales for which the product's type matters"


def test_fully_connected_per_channel_multiplies_in_double(tmp_path: Path) -> None:
    steps = [0.0031, 0.00307, 0.00293, 0.0113, 0.00071]
    op = imported(fully_connected(scales=steps), tmp_path).nodes[0].op
    assert isinstance(op, QuantFullyConnected)
    products = float(np.float32(0.0371)) * np.array(steps, np.float32).astype(np.float64)
    expected = quantize_multipliers(products / float(np.float32(0.0913)))
    assert np.array_equal(op.multipliers, expected[0])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    step=st.floats(1e-4, 0.05),
    channels=st.integers(1, 9),
    low=st.sampled_from([-127, -128]),
    fused=st.sampled_from([0, 1, 2, 3]),
)
def test_any_fully_connected(
    step: float, channels: int, low: int, fused: int, tmp_path: Path
) -> None:
    fields = {"FusedActivationFunction": fused}
    check_original(fully_connected((3, 24), (step,), low, channels, **fields), tmp_path)


@pytest.mark.parametrize("shape", [(24,), (1, 2, 3, 24), (2, 1, 12)])
def test_fully_connected_takes_rows_of_any_shape(shape: tuple[int, ...], tmp_path: Path) -> None:
    model = check_original(fully_connected(shape), tmp_path)
    assert [type(node.op) for node in model.nodes] == [QuantReshape, QuantFullyConnected]


def test_fully_connected_keeps_axes(tmp_path: Path) -> None:
    operands = [activation("x", (2, 3, 8)), constant("w", random_weights(4, 8), [0.004])]
    options = TfliteOptions("FullyConnectedOptions", {"KeepNumDims": True})
    data = one_operator("FULLY_CONNECTED", operands, activation("y", (2, 3, 4)), options)
    model = check_original(data, tmp_path)
    assert len(model.nodes) == 3
    assert not any(model.nodes[1].op.bias)  # type: ignore[attr-defined]


@pytest.mark.parametrize("code", ["AVERAGE_POOL_2D", "MAX_POOL_2D"])
@pytest.mark.parametrize("padding", [_SAME, _VALID])
@pytest.mark.parametrize("fused", [0, 1, 2, 3])
def test_pools_with_an_activation(code: str, padding: int, fused: int, tmp_path: Path) -> None:
    options = {**_POOL, "Padding": padding, "FusedActivationFunction": fused}
    shape = (1, 4, 3, 5) if padding == _SAME else (1, 3, 2, 5)
    operands = [activation("x", (1, 7, 6, 5), 0.04, 10)]
    data = one_operator(
        code,
        operands,
        activation("y", shape, 0.04, 10),
        TfliteOptions("Pool2DOptions", options),
    )
    model = check_original(data, tmp_path)
    assert len(model.nodes) == (1 if fused == 0 else 2)


def test_an_activation_that_changes_nothing_costs_nothing(tmp_path: Path) -> None:
    options = {**_POOL, "Padding": _VALID, "FusedActivationFunction": 1}
    operands = [activation("x", (1, 7, 6, 5), 0.04, -128)]
    result = activation("y", (1, 3, 2, 5), 0.04, -128)
    data = one_operator("MAX_POOL_2D", operands, result, TfliteOptions("Pool2DOptions", options))
    assert len(check_original(data, tmp_path).nodes) == 1


@pytest.mark.parametrize("same_format", [True, False])
@pytest.mark.parametrize("axes", [(1, 2), (-1,), (0, 1, 2, 3), (2, 1, -3)])
@pytest.mark.parametrize("keep", [True, False])
def test_mean(same_format: bool, axes: tuple[int, ...], keep: bool, tmp_path: Path) -> None:
    shape = (1, 5, 7, 3)
    reduced = {axis % 4 for axis in axes}
    kept = tuple(
        1 if axis in reduced else extent
        for axis, extent in enumerate(shape)
        if keep or axis not in reduced
    )
    result = activation("y", kept, 0.05 if same_format else 0.013, 3 if same_format else -11)
    operands = [activation("x", shape), constant("axes", np.array(axes, np.int32))]
    options = TfliteOptions("ReducerOptions", {"KeepDims": keep})
    model = check_original(one_operator("MEAN", operands, result, options), tmp_path)
    assert isinstance(model.nodes[0].op, QuantMean)


def test_minimum_and_maximum_with_a_constant(tmp_path: Path) -> None:
    for code in ("MINIMUM", "MAXIMUM"):
        bound = constant("bound", np.array([17], np.int8), [0.05], 3)
        source, result = activation("x", (1, 3, 4)), activation("y", (1, 3, 4))
        for operands in ([source, bound], [bound, source]):
            options = TfliteOptions("MaximumMinimumOptions", {})
            check_original(one_operator(code, operands, result, options), tmp_path)


def test_squeeze(tmp_path: Path) -> None:
    options = TfliteOptions("SqueezeOptions", {"SqueezeDims": (1, 2)})
    operands = [activation("x", (2, 1, 1, 6))]
    data = one_operator("SQUEEZE", operands, activation("y", (2, 6)), options, version=1)
    assert isinstance(check_original(data, tmp_path).nodes[0].op, QuantReshape)


def edged(source_type: str, result_type: str) -> bytes:
    """Return QUANTIZE, RELU, and back to the type of the edge."""
    offset = {"uint8": 128, "int8": 0, "float32": 0}

    back = "DEQUANTIZE" if result_type == "float32" else "QUANTIZE"
    tensors = [
        activation("image", (1, 6), 0.02, 4 + offset[source_type], source_type),
        activation("inner", (1, 6), 0.02, 4),
        activation("clipped", (1, 6), 0.03, -9),
        activation("score", (1, 6), 0.03, -9 + offset[result_type], result_type),
    ]
    operators = [
        OperatorRecord("QUANTIZE", 1, (0,), (1,), None),
        OperatorRecord("RELU", 2, (1,), (2,), None),
        OperatorRecord(back, 1, (2,), (3,), None),
    ]
    return write_file(tensors, operators, [0], [3])


@pytest.mark.parametrize("source_type", ["float32", "uint8"])
@pytest.mark.parametrize("result_type", ["float32", "uint8"])
def test_edges_of_another_type_become_int8(
    source_type: str, result_type: str, tmp_path: Path
) -> None:
    model = check_original(edged(source_type, result_type), tmp_path)

    assert [node.op.kind for node in model.nodes] == ["clip"]
    assert (model.inputs[0].name, model.inputs[0].value) == ("image", "inner")
    assert (model.outputs[0].name, model.outputs[0].value) == ("score", "clipped")
    assert model.values["inner"].quantization == Quantization(float(np.float32(0.02)), 4)


def test_a_requantization_to_the_same_format_goes_away(tmp_path: Path) -> None:
    tensors = [activation("x", (1, 6)), activation("m", (1, 6)), activation("y", (1, 6), 0.1, 1)]
    operators = [
        OperatorRecord("QUANTIZE", 1, (0,), (1,), None),
        OperatorRecord("QUANTIZE", 1, (1,), (2,), None),
    ]
    data = write_file(tensors, operators, [0], [2])
    model = optimize(check_original(data, tmp_path))

    assert len(model.nodes) == 1
    for runtime in installed_runtimes():
        engine = TfliteEngine(model, runtime, original_graph(model, data, runtime))
        assert engine.observe(case_chunk(model)).checksums.keys() == {0}


def test_the_users_own_file_gives_the_final_outputs(tmp_path: Path) -> None:
    data = fully_connected()
    model = imported(data, tmp_path)
    whole = {
        runtime.name: original_graph(model, data, runtime).whole for runtime in installed_runtimes()
    }
    assert whole.pop("tflite-runtime", data) == data
    assert whole.pop("ai-edge-litert", None) is None, "its FULLY_CONNECTED rounds in float"
    model = imported(convolution(1), tmp_path)
    for runtime in installed_runtimes():
        assert original_graph(model, convolution(1), runtime).whole is not None


def test_tensors_without_or_with_equal_names_get_one(tmp_path: Path) -> None:
    tensors = [activation("", (1, 6)), activation("x", (1, 6)), activation("x", (1, 6))]
    operators = [OperatorRecord("RELU", 2, (index,), (index + 1,), None) for index in (0, 1)]
    model = check_original(write_file(tensors, operators, [0], [2]), tmp_path)
    assert [node.output for node in model.nodes] == ["x", "tensor_2"]
    assert model.inputs[0].name == "tensor_0"
