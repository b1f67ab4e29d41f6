"""TRANSPOSE_CONV, grouped CONV_2D and DEPTHWISE_CONV_2D in int8 .tflite files."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.op_cases import case_chunk, check_engine
from tests.support.tflite_files import (
    activation,
    check_original,
    constant,
    imported,
    one_operator,
    random_weights,
)

from cnnc.codegen.tflite_file import TfliteOptions
from cnnc.errors import ModelError
from cnnc.ir.types import Activation, Shape
from cnnc.ops.conv2d import QuantConv2d
from cnnc.ops.conv_transpose import QuantConvTranspose, TransposedAxis
from cnnc.ops.depthwise_conv2d import QuantDepthwiseConv2d
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_original import original_graph
from cnnc.simulator.tflite_runtime import installed_runtimes

_SAME, _VALID = 0, 1


def transposed(
    outputs: tuple[int, int],
    kernel: tuple[int, int] = (3, 3),
    image: Shape = (1, 4, 5, 2),
    scales: int = 3,
    bias: bool = True,
    version: int = 3,
    **fields: int,
) -> bytes:
    """Return a TRANSPOSE_CONV with three output channels."""
    steps = np.linspace(0.001, 0.004, scales)
    options = {"Padding": _SAME, "StrideH": 2, "StrideW": 2, **fields}
    shape = (image[0], *outputs, 3)
    operands = [
        constant("shape", np.array(shape, np.int32)),
        constant("w", random_weights(3, *kernel, 2, low=-128), list(steps)),
        activation("x", image, 0.02, 5),
    ]
    if bias:
        values = np.array([40, -60, 7], np.int32)
        operands.append(constant("b", values, list(0.02 * steps)))
    return one_operator(
        "TRANSPOSE_CONV",
        operands,
        activation("y", shape, 0.03, -20),
        TfliteOptions("TransposeConvOptions", options),
        version,
    )


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [(1, 2), (2, 3), (3, 4), (5, 5)])
def test_transposed_with_same_padding(stride: int, kernel: tuple[int, int], tmp_path: Path) -> None:
    outputs = (4 * stride, 5 * stride)
    check_original(transposed(outputs, kernel, StrideH=stride, StrideW=stride), tmp_path)


@pytest.mark.parametrize("scales", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_transposed_without_padding(scales: int, bias: bool, tmp_path: Path) -> None:
    data = transposed((9, 11), scales=scales, bias=bias, Padding=_VALID)
    op = check_original(data, tmp_path).nodes[0].op
    assert isinstance(op, QuantConvTranspose)
    assert op.axes == (TransposedAxis(3, 2), TransposedAxis(3, 2))
    assert op.bias.any() == bias


def test_transposed_batch(tmp_path: Path) -> None:
    check_original(transposed((8, 10), image=(2, 4, 5, 2)), tmp_path)


def test_odd_rows_are_cut_at_the_end(tmp_path: Path) -> None:
    op = imported(transposed((7, 10), Padding=_SAME), tmp_path).nodes[0].op
    assert isinstance(op, QuantConvTranspose)
    # 9 rows and 11 columns are reached: two rows too many and one column.
    assert op.axes == (TransposedAxis(3, 2, 1, 1, -1), TransposedAxis(3, 2, 1, 0, -1))
    check_original(transposed((7, 10), Padding=_SAME), tmp_path)


def test_transposed_with_an_activation(tmp_path: Path) -> None:
    data = transposed((8, 10), version=4, FusedActivationFunction=1)
    model = imported(data, tmp_path)
    op = model.nodes[0].op
    assert isinstance(op, QuantConvTranspose)
    assert (op.activation, op.minimum) == (Activation.RELU, -20)
    chunk = case_chunk(model)
    # tflite-runtime 2.14 has no version 4 of the operator.
    newer = [runtime for runtime in installed_runtimes() if runtime.name == "ai-edge-litert"]
    for runtime in newer:
        graph = original_graph(model, data, runtime)
        check_engine(str(runtime), model, TfliteEngine(model, runtime, graph), chunk)
    assert newer


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"StrideH": 0}, "strides"),
        ({"Padding": 2}, "padding 2"),
        ({"image": (1, 4, 5, 3)}, "do not fit an image"),
    ],
)
def test_a_transposed_convolution_that_makes_no_sense(
    fields: dict[str, int], reason: str, tmp_path: Path
) -> None:
    data = transposed((8, 10), **fields)  # type: ignore[arg-type] # a table of fields
    with pytest.raises(ModelError, match=reason):
        imported(data, tmp_path)


@pytest.mark.parametrize(("padding", "outputs"), [(_SAME, (6, 5)), (_VALID, (4, 3))])
def test_grouped_convolution(padding: int, outputs: tuple[int, int], tmp_path: Path) -> None:
    operands = [
        activation("x", (1, 6, 5, 6), 0.02, 5),
        constant("w", random_weights(4, 3, 3, 3), [0.001, 0.002, 0.003, 0.004]),
        constant("b", np.array([4, -6, 0, 3], np.int32), [2e-5, 4e-5, 6e-5, 8e-5]),
    ]
    options = {"Padding": padding, "StrideH": 1, "StrideW": 1}
    result = activation("y", (1, *outputs, 4), 0.03, -20)
    data = one_operator("CONV_2D", operands, result, TfliteOptions("Conv2DOptions", options), 6)
    op = check_original(data, tmp_path).nodes[0].op
    assert isinstance(op, QuantConv2d)
    assert op.groups == 2


@pytest.mark.parametrize("dilation", [1, 2])
def test_depthwise_with_a_multiplier(dilation: int, tmp_path: Path) -> None:
    scales = list(np.linspace(0.001, 0.004, 6))
    operands = [
        activation("x", (1, 6, 5, 2), 0.02, 5),
        constant("w", random_weights(1, 3, 2, 6), scales, axis=3),
        constant("b", np.arange(6, dtype=np.int32), [0.02 * scale for scale in scales]),
    ]
    options = {
        "Padding": _SAME,
        "StrideH": 1,
        "StrideW": 1,
        "DepthMultiplier": 3,
        "DilationHFactor": dilation,
        "DilationWFactor": dilation,
    }
    result = activation("y", (1, 6, 5, 6), 0.03, -20)
    settings = TfliteOptions("DepthwiseConv2DOptions", options)
    data = one_operator("DEPTHWISE_CONV_2D", operands, result, settings, 6)
    op = check_original(data, tmp_path).nodes[0].op
    assert isinstance(op, QuantDepthwiseConv2d)
    assert op.multiplier == 3
