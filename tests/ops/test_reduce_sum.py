"""ReduceSum, ReduceL1, ReduceSumSquare: every engine, every set of axes, ONNX's spellings."""

from pathlib import Path

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

from cnnc.codegen.tflite import TfliteGraph, TfliteOptions
from cnnc.errors import ModelError
from cnnc.importer.tflite.read import read_tflite
from cnnc.ir.quant_model import QuantValue
from cnnc.ir.types import Quantization
from cnnc.ops.reduce_sum import ReduceSum, Term
from cnnc.simulator.reference import run_reference


def case(
    name: str,
    axes: tuple[int, ...],
    *shape: int,
    keep_dims: bool = True,
    term: Term = Term.VALUE,
) -> OpCase:
    """A case whose result has a format of its own, as sums have."""
    return OpCase(name, ReduceSum(axes, keep_dims, term), (shape,), not_expressible=True)


def ranged(
    name: str, source: tuple[float, float], result: tuple[float, float] | None = None
) -> OpCase:
    op = ReduceSum((1, 2), True)
    return OpCase(name, op, ((1, 3, 3, 5),), (source,), {}, result, not_expressible=True)


CASES = [
    case("image", (1, 2), 1, 7, 7, 16),
    case("image_dropped", (1, 2), 2, 4, 3, 5, keep_dims=False),
    case("channels", (3,), 1, 3, 5, 7),
    case("batch", (0,), 4, 5),
    case("everything", (0, 1, 2, 3), 2, 3, 4, 5),
    case("to_scalar", (0,), 9, keep_dims=False),
    case("apart", (0, 2), 2, 3, 4, 5),
    case("three_apart", (0, 2, 4), 2, 3, 2, 3, 2),
    case("single_elements", (1,), 2, 1, 3),
    ranged("all_negative", (-3.0, 0.0)),
    ranged("wider_output", (0.0, 1.0), (-100.0, 0.0)),
    ranged("tiny_output", (-1.0, 0.2), (-1e-3, 2e-3)),
]
OWN_CASES = [
    case(f"{term}_{name}", axes, *shape, keep_dims=keep_dims, term=term)
    for term in (Term.MAGNITUDE, Term.SQUARE)
    for name, axes, shape, keep_dims in [
        ("image", (1, 2), (2, 5, 3, 6), True),
        ("channels", (2,), (3, 4, 7), False),
        ("each_element", (), (2, 3), True),
        ("apart", (0, 2), (2, 3, 4), True),
    ]
]


@pytest.mark.parametrize("op_case", [*CASES, *OWN_CASES], ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


@pytest.mark.parametrize("op_case", CASES[:2], ids=str)
def test_single_rounding(op_case: OpCase) -> None:
    check_case(op_case, "single")


@pytest.mark.parametrize("op_case", [*CASES, *OWN_CASES], ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_sums_are_not_expressible() -> None:
    (refusal,) = tflite_refusals(CASES[0])
    assert "reads int8 as uint8" in refusal.reason


def _tflite_sum(source: Quantization, result: Quantization) -> bytes:
    graph = TfliteGraph()
    operand = graph.activation("x", QuantValue((2, 3), source))
    axes = graph.constant(np.array([-1], np.int32))
    output = graph.activation("y", QuantValue((2, 1), result))
    options = TfliteOptions("ReducerOptions", {"KeepDims": True})
    graph.operator("SUM", [operand, axes], output, options, version=2)
    return graph.file([operand], [output])


def test_reads_tflite(tmp_path: Path) -> None:
    path = tmp_path / "sum.tflite"
    path.write_bytes(_tflite_sum(Quantization(0.5, 10), Quantization(1.0, -3)))
    x = np.array([[[11, 12, 13], [127, 127, 127]]], np.int8)
    found = run_reference(read_tflite(path), {"x": x})["y"]
    assert found.tolist() == [[[0], [127]]]


def test_tflite_sums_that_could_pass_int32_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "sum.tflite"
    path.write_bytes(_tflite_sum(Quantization(1.0, 0), Quantization(2.0**-25, 0)))
    with pytest.raises(ModelError, match="could pass int32"):
        read_tflite(path)


def test_sums_of_magnitudes_are_not_expressible() -> None:
    (refusal,) = tflite_refusals(OWN_CASES[0])
    assert "no sum of the elements' magnitudes" in refusal.reason


@pytest.mark.parametrize(
    "op_case",
    [
        OpCase("long", ReduceSum((1,), True, Term.SQUARE), ((1, 40_000),)),
        # 1.1 as a multiplier is 0.55 2: the doubled sum could pass int32.
        OpCase(
            "doubled",
            ReduceSum((1,), True, Term.SQUARE),
            ((1, 25_000),),
            ((-1.0, 1.0),),
            {},
            (0.0, 0.01426),
        ),
        OpCase("steep", ReduceSum((1,), True), ((1, 9),), ((-1.0, 1.0),), {}, (-1e-7, 1e-7)),
    ],
    ids=str,
)
def test_sums_that_could_pass_int32_run_on_real_numbers(op_case: OpCase) -> None:
    model = quantized_case(op_case, "double")
    assert [node.op.kind for node in model.nodes] == ["dequantize", "reduce_sum", "quantize"]


@pytest.mark.parametrize("axes", [[2, 3], [-1, -2], [1], [0], [1, 3], [0, 1, 2, 3], [-1]])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_reads_axes(axes: list[int], keepdims: int) -> None:
    shape = (2, 3, 4, 5)
    check_onnx("ReduceSum", {"axes": axes, "keepdims": keepdims}, [shape], opset=11)
    constants = {1: np.array(axes, dtype=np.int64)}
    check_onnx("ReduceSum", {"keepdims": keepdims}, [shape], opset=13, constants=constants)


@pytest.mark.parametrize("op_type", ["ReduceL1", "ReduceSumSquare"])
@pytest.mark.parametrize("axes", [[2, 3], [1], [0, 2]])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_reads_magnitudes_and_squares(op_type: str, axes: list[int], keepdims: int) -> None:
    shape = (2, 3, 4, 5)
    check_onnx(op_type, {"axes": axes, "keepdims": keepdims}, [shape], opset=13)
    constants = {1: np.array(axes, dtype=np.int64)}
    check_onnx(op_type, {"keepdims": keepdims}, [shape], opset=18, constants=constants)


@pytest.mark.parametrize("op_type", ["ReduceSum", "ReduceL1", "ReduceSumSquare"])
def test_no_axes_means_all(op_type: str) -> None:
    check_onnx(op_type, {}, [(1, 2, 3, 4)], opset=18)
    check_onnx(op_type, {"keepdims": 0}, [(1, 2, 1)], opset=11)


def test_axes_of_size_one() -> None:
    model = check_onnx("ReduceSum", {"axes": [2], "keepdims": 0}, [(2, 3, 1)], opset=11)
    assert not any(isinstance(node.op, ReduceSum) for node in model.nodes)
    check_onnx("ReduceL1", {"axes": [2], "keepdims": 0}, [(2, 3, 1)], opset=11)
