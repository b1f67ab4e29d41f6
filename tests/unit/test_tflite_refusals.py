"""What an int8 .tflite may not be: every refusal says what is wrong, and all of them are listed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.support.tflite_files import (
    activation,
    constant,
    fully_connected,
    imported,
    one_operator,
    random_weights,
    with_element_type,
)

from cnnc.codegen.tflite_file import OperatorRecord, TensorRecord, TfliteOptions, write_file
from cnnc.errors import DynamicShapeError, ModelError, UnsupportedOpError, UsageError
from cnnc.importer.tflite.inspect import inspect_tflite
from cnnc.importer.tflite.read import read_tflite

IMAGE = activation("x", (1, 6, 6, 4))
VECTOR = activation("x", (1, 6))
CONV = {"Padding": 1, "StrideH": 1, "StrideW": 1}
POOL = {**CONV, "FilterHeight": 2, "FilterWidth": 2}
OTHER = activation("y", (1, 6), 0.07, -3)
RESULT = activation("y", (1, 6))


def table(name: str, **fields: float) -> TfliteOptions:
    return TfliteOptions(f"{name}Options", fields)


def convolved(weights: TensorRecord, bias: TensorRecord | None = None, **fields: int) -> bytes:
    operands = [IMAGE, weights, *([] if bias is None else [bias])]
    result = activation("y", (1, 4, 4, 2))
    return one_operator("CONV_2D", operands, result, table("Conv2D", **{**CONV, **fields}))


WEIGHTS = constant("w", random_weights(2, 3, 3, 4), [0.01])
BIAS = constant("b", np.zeros(2, np.int32), [0.0005])

REFUSED = {
    "another shape": (
        one_operator("RELU", [VECTOR], activation("y", (1, 7))),
        r"the result is \[1, 7\] in the file but computes to \[1, 6\]",
    ),
    "fused tanh": (
        convolved(WEIGHTS, BIAS, FusedActivationFunction=4),
        "the fused activation TANH is not supported; NONE, RELU, RELU_N1_TO_1, RELU6 are",
    ),
    "padding": (convolved(WEIGHTS, BIAS, Padding=7), "padding 7 is neither SAME"),
    "stride": (convolved(WEIGHTS, BIAS, StrideH=0), r"strides \[0, 1\].* must be at least 1"),
    "weights that do not fit": (
        convolved(constant("w", random_weights(2, 3, 3, 3), [0.01]), BIAS),
        r"weights \[2, 3, 3, 3\] do not fit an image of 4 channels",
    ),
    "weights of another type": (
        convolved(with_element_type(WEIGHTS, "int16"), BIAS),
        "operand 'w' must be an int8 constant",
    ),
    "weights computed at run time": (
        convolved(replace(WEIGHTS, data=None), BIAS),
        "operand 'w' must be an int8 constant",
    ),
    "weights with a zero point": (
        convolved(replace(WEIGHTS, zero_point=1), BIAS),
        "have 1 scales for axis 0 and zero point 1",
    ),
    "scales for another axis": (
        convolved(replace(WEIGHTS, scales=(0.5,) * 4, quantized_axis=3), BIAS),
        "have 4 scales for axis 3 and zero point 0; one positive scale, or one for each element of",
    ),
    "bias of another type": (
        convolved(WEIGHTS, with_element_type(BIAS, "int64")),
        r"bias 'b' \(int64 \[2\]\) must be a constant int32 \[2\]",
    ),
    "accumulator": (
        convolved(WEIGHTS, replace(BIAS, data=np.array([0, 2**31 - 1], np.int32))),
        "an accumulator could pass int32",
    ),
    "no image": (
        one_operator("MAX_POOL_2D", [VECTOR], RESULT, table("Pool2D", **POOL)),
        r"an operand of shape \[1, 6\] is no 2-D image",
    ),
    "pool between formats": (
        one_operator(
            "AVERAGE_POOL_2D",
            [IMAGE],
            activation("y", (1, 5, 5, 4), 0.06),
            table("Pool2D", **POOL),
        ),
        r"operand 0 has scale 0.0500000007, zero point 3 and the result scale 0.0599999987, zero "
        "point 3; this operator needs one format",
    ),
    "reshape between formats": (one_operator("RESHAPE", [VECTOR], OTHER), "needs one format"),
    "pad between formats": (
        one_operator("PAD", [VECTOR, constant("p", np.zeros((2, 2), np.int32))], OTHER),
        "needs one format",
    ),
    "pads that crop": (
        one_operator("PAD", [VECTOR, constant("p", np.full((2, 2), -1, np.int32))], RESULT),
        "do not fit 2 axes",
    ),
    "sigmoid's format": (
        one_operator("LOGISTIC", [VECTOR], OTHER),
        "the result has scale 0.07.*, zero point -3 instead of scale 0.00390625, zero point -128",
    ),
    "softmax's beta": (
        one_operator(
            "SOFTMAX", [VECTOR], activation("y", (1, 6), 1 / 256, -128), table("Softmax", Beta=2.0)
        ),
        "beta 2 is not supported; 1 is",
    ),
    "sum that overflows": (
        one_operator("ADD", [VECTOR, activation("z", (1, 6), 0.5)], activation("y", (1, 6), 1e-7)),
        "output scale is below 2\\^-19",
    ),
    "product that overflows": (
        one_operator(
            "MUL",
            [activation("x", (1,), 900.0), activation("z", (1,), 900.0)],
            activation("y", (1,)),
        ),
        r"s1 \* s2 / s_out is 2\^15 or more",
    ),
    "axis": (
        one_operator("MEAN", [VECTOR, constant("a", np.array([2], np.int32))], RESULT),
        "axis 2 does not exist in rank 2",
    ),
    "axes computed at run time": (
        one_operator("MEAN", [VECTOR, TensorRecord("a", (1,), "int32")], RESULT),
        "axes 'a' must be constant integers",
    ),
    "shuffled weights": (fully_connected(WeightsFormat=1), "shuffled weights are not supported"),
    "concatenation with an activation": (
        one_operator(
            "CONCATENATION",
            [VECTOR, activation("z", (1, 6))],
            activation("y", (1, 12)),
            table("Concatenation", Axis=1, FusedActivationFunction=1),
        ),
        "a fused activation is not supported",
    ),
    "operands of two formats": (
        one_operator("MINIMUM", [VECTOR, activation("z", (1, 6), scale=0.5)], RESULT),
        "both operands and the result need one format",
    ),
    "an option nobody knows": (
        one_operator("RELU", [VECTOR], RESULT, table("Concatenation", Axis=5)),
        "the option Axis = 5 is not supported",
    ),
    "quantize from int16": (
        one_operator("QUANTIZE", [activation("x", (1, 6), 0.1, 0, "int16")], RESULT),
        "from int16 to int8; supported are int8 to int8, a float32 input",
    ),
    "an operator nobody knows": (
        one_operator("COS", [VECTOR], RESULT),
        "this operator is not supported",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusal_names_operator_and_reason(name: str, tmp_path: Path) -> None:
    data, reason = REFUSED[name]
    with pytest.raises(UnsupportedOpError, match=reason) as caught:
        imported(data, tmp_path)
    assert "operator 0, output 'y'" in caught.value.problem
    assert len(caught.value.unsupported) == 1


def test_all_unsupported_operators_are_listed(tmp_path: Path) -> None:
    tensors = [activation(f"t{index}", (1, 6)) for index in range(5)]
    codes = ["COS", "RELU", "SIN", "RELU6"]
    operators = [
        OperatorRecord(code, 1, (index,), (index + 1,), None) for index, code in enumerate(codes)
    ]
    path = tmp_path / "m.tflite"
    path.write_bytes(write_file(tensors, operators, [0], [4]))
    with pytest.raises(UnsupportedOpError, match="2 nodes are not supported") as caught:
        read_tflite(path)
    assert [entry.op_type for entry in caught.value.unsupported] == ["COS", "SIN"]
    assert "SIN node 'sin_2' (operator 2, output 't3')" in caught.value.problem

    inspection = inspect_tflite(path)
    assert [node.name for node in inspection.unsupported] == ["cos_0", "sin_2"]
    assert inspection.to_json()["supported"] is False


@pytest.mark.parametrize(
    ("element_type", "problem"),
    [
        ("float32", "is a float32 model"),
        ("uint8", "is quantized to uint8, the older scheme of TFLite"),
        ("int16", "has int16 activations"),
    ],
)
def test_models_of_another_type(element_type: str, problem: str, tmp_path: Path) -> None:
    operands = [with_element_type(VECTOR, element_type)]
    data = one_operator("RELU", operands, with_element_type(RESULT, element_type))
    with pytest.raises(ModelError, match=problem) as caught:
        imported(data, tmp_path)
    assert "TFLITE_BUILTINS_INT8" in caught.value.remedy


def test_hybrid_models(tmp_path: Path) -> None:
    source = TensorRecord("x", (1, 24), "float32")
    weights = constant("w", random_weights(5, 24), [0.01])
    result = TensorRecord("y", (1, 5), "float32")
    data = one_operator("FULLY_CONNECTED", [source, weights], result)
    with pytest.raises(ModelError, match="is a hybrid model"):
        imported(data, tmp_path)


def test_an_input_in_two_formats(tmp_path: Path) -> None:
    tensors = [
        TensorRecord("x", (1, 6), "float32"),
        activation("a", (1, 6), 0.1),
        activation("b", (1, 6), 0.2),
        activation("y", (1, 6)),
    ]
    operators = [
        OperatorRecord("QUANTIZE", 1, (0,), (1,), None),
        OperatorRecord("QUANTIZE", 1, (0,), (2,), None),
        OperatorRecord("ADD", 1, (1, 2), (3,), None),
    ]
    with pytest.raises(UnsupportedOpError, match="input 'x' becomes int8 in two formats"):
        imported(write_file(tensors, operators, [0], [3]), tmp_path)


def test_float_inside(tmp_path: Path) -> None:
    tensors = [activation("x", (1, 6)), TensorRecord("f", (1, 6), "float32"), RESULT]
    tensors.insert(1, activation("a", (1, 6)))
    operators = [
        OperatorRecord("RELU", 2, (0,), (1,), None),
        OperatorRecord("DEQUANTIZE", 1, (1,), (2,), None),
        OperatorRecord("QUANTIZE", 1, (2,), (3,), None),
    ]
    with pytest.raises(UnsupportedOpError) as caught:
        imported(write_file(tensors, operators, [0], [3]), tmp_path)
    assert "from int8 to float32 inside the model" in caught.value.problem
    assert "from float32 to int8; supported are" in caught.value.problem


def test_an_input_that_nothing_makes_int8(tmp_path: Path) -> None:
    tensors = [VECTOR, TensorRecord("f", (1, 6), "float32"), RESULT]
    operators = [OperatorRecord("RELU", 2, (0,), (2,), None)]
    with pytest.raises(ModelError, match="input 'f' is float32 and no QUANTIZE makes it int8"):
        imported(write_file(tensors, operators, [0, 1], [2]), tmp_path)


def test_an_output_that_nothing_computes(tmp_path: Path) -> None:
    tensors = [VECTOR, RESULT, activation("z", (1, 6)), constant("c", random_weights(2), [0.1])]
    operators = [OperatorRecord("RELU", 2, (0,), (1,), None)]
    for index, reason in ((2, "output 'z' is never computed"), (3, "output 'c' is a constant")):
        with pytest.raises(ModelError, match=reason):
            imported(write_file(tensors, operators, [0], [1, index]), tmp_path)


def test_dynamic_shape(tmp_path: Path) -> None:
    data = one_operator("RELU", [activation("x", (1, -1))], activation("y", (1, -1)))
    with pytest.raises(DynamicShapeError, match=r"tensor 'x' .* dynamic shape \[1, -1\]"):
        imported(data, tmp_path)


def test_shapes_cannot_be_pinned(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(one_operator("RELU", [VECTOR], RESULT))
    read_tflite(path, {"x": (1, 6)})
    with pytest.raises(UsageError, match=r"the shapes of a \.tflite are fixed"):
        read_tflite(path, {"x": (1, 7)})
