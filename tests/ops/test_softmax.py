"""Softmax: every engine, its fixed-point functions, ONNX's two definitions."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.op_cases import (
    OpCase,
    check_case,
    check_onnx,
    check_real_case,
    quantized_case,
    tflite_refusals,
)

from cnnc.errors import CnncError
from cnnc.importer.builder import GraphBuilder
from cnnc.ir.types import Quantization, Rounding
from cnnc.ops.softmax import Softmax, quant_softmax
from cnnc.quantize.fixed_point_functions import exp_of_negative, reciprocal_of_one_plus


def case(name: str, *shape: int, bound: float = 8.0) -> OpCase:
    return OpCase(name, Softmax(len(shape) - 1), (shape,), ((-bound, bound),))


CASES = [
    case("ten_classes", 1, 10),
    case("one_class", 1, 1),
    case("two_classes", 3, 2),
    case("vector", 100),
    case("five_axes", 1, 2, 2, 2, 3),
    case("most_that_tflite_takes", 1, 511, bound=0.001),
    case("flat", 2, 7, bound=1e-3),
    case("steep", 2, 7, bound=5e3),
    case("scale_16", 2, 7, bound=2040.0),
    case("scale_beyond_the_multiplier", 2, 7, bound=5e5),
    OpCase("all_positive", Softmax(1), ((2, 12),), ((0.0, 30.0),)),
    OpCase("all_negative", Softmax(1), ((2, 12),), ((-30.0, 0.0),)),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
@pytest.mark.parametrize("rounding", ["double", "single"])
def test_engines_agree(op_case: OpCase, rounding: Rounding) -> None:
    check_case(op_case, rounding)


@pytest.mark.parametrize("op_case", [*CASES, case("long", 1, 5000)], ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


@pytest.mark.parametrize("depth", [512, 1000, 4095])
def test_many_classes(depth: int) -> None:
    op_case = replace(case("many", 1, depth, bound=0.001), not_expressible=True)
    check_case(op_case)
    (refusal,) = tflite_refusals(op_case)
    assert "more than 511 elements" in refusal.reason


def test_tiny_scales_are_not_expressible() -> None:
    op_case = replace(case("tiny", 1, 4, bound=1e-7), not_expressible=True)
    (refusal,) = tflite_refusals(op_case)
    assert "2^-26" in refusal.reason
    check_case(op_case)


def test_output_format_is_fixed() -> None:
    model = quantized_case(CASES[0], "double")
    assert model.values["output"].quantization == Quantization(1 / 256, -128)


def test_multiplier_is_capped() -> None:
    assert quant_softmax(1e5).left_shift == 30
    assert quant_softmax(1e-9).left_shift == 1


def test_exponential_is_accurate() -> None:
    a = -np.arange(0, 2**31, 997 * 1009, dtype=np.int64)
    exact = np.exp(a / 2.0**26)
    assert np.abs(exp_of_negative(a, 5) / 2.0**31 - exact).max() < 2e-7


def test_exponential_of_zero_is_the_largest_number() -> None:
    assert exp_of_negative(np.array([0], dtype=np.int64), 5).tolist() == [2**31 - 1]


def test_reciprocal_is_accurate() -> None:
    a = np.arange(0, 2**31, 997 * 1009, dtype=np.int64)
    exact = 1.0 / (1.0 + a / 2.0**31)
    assert np.abs(reciprocal_of_one_plus(a) / 2.0**31 - exact).max() < 1e-8


@pytest.mark.parametrize("axis", [None, -1, 0, 1, 2, 3])
def test_one_axis(axis: int | None) -> None:
    attributes = {} if axis is None else {"axis": axis}
    check_onnx("Softmax", attributes, [(2, 3, 4, 5)], opset=13)


@pytest.mark.parametrize("axis", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 10, 1, 1), (1, 1, 1, 6)])
def test_flattened_axes(axis: int | None, shape: tuple[int, ...]) -> None:
    attributes = {} if axis is None else {"axis": axis}
    check_onnx("Softmax", attributes, [shape], opset=11)


def test_flattening_one_long_axis_adds_softmax_alone() -> None:
    model = check_onnx("Softmax", {"axis": 1}, [(2, 10)], opset=11)
    assert [node.op.kind for node in model.nodes] == ["softmax"]


def test_refuses_another_axis_in_memory() -> None:
    builder = GraphBuilder(shapes={"x": (2, 3)})
    with pytest.raises(CnncError, match="only the last axis in memory"):
        builder.append("node", Softmax(0), ["x"], "y", ())


def test_a_row_whose_sum_may_overflow_runs_on_real_numbers() -> None:
    model = quantized_case(case("long", 1, 4096), "double")
    assert [node.op.kind for node in model.nodes] == ["dequantize", "softmax", "quantize"]


@pytest.mark.parametrize("opset", [7, 13])
@pytest.mark.parametrize("axis", [3, -4])
def test_refuses_an_axis_that_does_not_exist(axis: int, opset: int) -> None:
    with pytest.raises(CnncError, match=f"axis {axis} does not exist in rank 3"):
        check_onnx("Softmax", {"axis": axis}, [(2, 3, 4)], opset=opset)
