"""ArgMax and ArgMin: every engine, every axis, ties, ONNX's spellings and layouts."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.op_cases import (
    OpCase,
    case_chunk,
    check_case,
    check_engine,
    check_onnx,
    check_real_case,
    check_real_values,
    quantized_case,
    tflite_refusals,
)

from cnnc.codegen.tflite_file import OperatorRecord, TensorRecord, TfliteOptions, write_file
from cnnc.errors import CnncError
from cnnc.importer.builder import GraphBuilder
from cnnc.importer.tflite.read import read_tflite
from cnnc.ir.types import ElementType
from cnnc.ops.arg_max import ArgMax
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_original import original_graph
from cnnc.simulator.tflite_runtime import installed_runtimes

CASES = [
    OpCase("classes", ArgMax(1, keep_dims=False), ((1, 10),)),
    OpCase("classes_kept", ArgMax(1, keep_dims=True), ((3, 10),)),
    OpCase("vector", ArgMax(0, keep_dims=False), ((7,),)),
    OpCase("one_class", ArgMax(1, keep_dims=False), ((2, 1),)),
    OpCase("more_than_256", ArgMax(1, keep_dims=False), ((1, 1000),)),
    OpCase("segmentation", ArgMax(3, keep_dims=False), ((1, 4, 5, 3),)),
    OpCase("rows", ArgMax(1, keep_dims=True), ((2, 4, 5, 3),)),
    OpCase("batch_of_five_axes", ArgMax(0, keep_dims=False), ((3, 2, 2, 2, 2),)),
    OpCase("least", ArgMax(1, keep_dims=False, smallest=True), ((2, 9),)),
    OpCase("least_kept", ArgMax(2, keep_dims=True, smallest=True), ((2, 3, 4),)),
]
LAST_CASES = [
    OpCase(
        f"last_{smallest}",
        ArgMax(1, keep_dims=False, smallest=smallest, last=True),
        ((2, 5, 3),),
        not_expressible=True,
    )
    for smallest in (False, True)
]


@pytest.mark.parametrize("op_case", [*CASES, *LAST_CASES], ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


@pytest.mark.parametrize("smallest", [False, True])
@pytest.mark.parametrize("last", [False, True])
def test_what_is_no_number_takes_no_place(smallest: bool, last: bool) -> None:
    case = OpCase("nan", ArgMax(0, keep_dims=True, smallest=smallest, last=last), ((4, 5),))
    rows = [
        [np.nan, 1.0, -np.inf, np.nan, 2.0],
        [3.0, np.nan, np.nan, np.nan, 2.0],
        [4.0, np.nan, -np.inf, np.nan, np.inf],
        [3.0, 0.0, np.nan, 1.0, -np.inf],
    ]
    check_real_values(case, np.array([rows], np.float32))


@pytest.mark.parametrize("op_case", CASES[:2], ids=str)
def test_single_rounding(op_case: OpCase) -> None:
    check_case(op_case, "single")


@pytest.mark.parametrize("op_case", [*CASES, *LAST_CASES], ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_the_result_is_int32() -> None:
    assert quantized_case(CASES[0], "double").values["output"].element_type is ElementType.INT32


def test_the_last_of_equal_elements_is_not_expressible() -> None:
    (refusal,) = tflite_refusals(LAST_CASES[0])
    assert "first of several" in refusal.reason


@pytest.mark.parametrize(
    ("smallest", "last", "expected"), [(0, 0, 1), (0, 1, 3), (1, 0, 0), (1, 1, 4)]
)
def test_ties(smallest: int, last: int, expected: int) -> None:
    op = ArgMax(0, keep_dims=False, smallest=bool(smallest), last=bool(last))
    x = np.array([[1, 2, 1, 2, 1]], np.float32)
    assert op.evaluate([x]).tolist() == [expected]


def test_int64_of_tflite_becomes_int32(tmp_path: Path) -> None:
    tensors = [
        TensorRecord("x", (2, 5), "int8", (0.5,), 3),
        TensorRecord("axis", (), "int32", data=np.array(-1, np.int32)),
        TensorRecord("y", (2,), "int64"),
    ]
    options = TfliteOptions("ArgMaxOptions", {"OutputType": 4})
    data = write_file(tensors, [OperatorRecord("ARG_MAX", 2, (0, 1), (2,), options)], [0], [2])
    path = tmp_path / "arg_max.tflite"
    path.write_bytes(data)
    model = read_tflite(path)
    assert model.values["y"].element_type is ElementType.INT32
    for runtime in installed_runtimes():
        engine = TfliteEngine(model, runtime, original_graph(model, data, runtime))
        check_engine(str(runtime), model, engine, case_chunk(model))


@pytest.mark.parametrize("op_type", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -3])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_reads_every_axis(op_type: str, axis: int, keepdims: int) -> None:
    check_onnx(op_type, {"axis": axis, "keepdims": keepdims}, [(2, 3, 4, 5)])


def test_reads_defaults_and_old_opsets() -> None:
    check_onnx("ArgMax", {}, [(3, 4)], opset=7)
    check_onnx("ArgMin", {"axis": 1, "select_last_index": 1}, [(3, 4)], opset=13)


def test_an_axis_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CnncError, match="axis 2 does not exist in rank 2"):
        check_onnx("ArgMax", {"axis": 2}, [(2, 3)])


def test_integers_are_refused() -> None:
    builder = GraphBuilder(shapes={"x": (2, 3)}, types={"x": ElementType.INT32})
    with pytest.raises(CnncError, match="operand of type int32"):
        builder.append("node", ArgMax(1, keep_dims=True), ["x"], "y", ())
