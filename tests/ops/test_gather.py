"""Gather: constant and computed indices, every axis and rank, .tflite operators."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.kinds import kinds
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case
from tests.support.tflite_files import activation, check_original, constant, one_operator

from cnnc.codegen.tflite_file import TfliteOptions
from cnnc.errors import CnncError, UnsupportedAttributeError
from cnnc.ir.types import AnyArray, ElementType, Shape
from cnnc.ops.gather import Gather, GatherAt

FLOAT, INDEX = ElementType.FLOAT32, ElementType.INT32
CASES = [
    OpCase("channels", Gather(3, (2, 0, 0, 3)), ((1, 2, 3, 4),)),
    OpCase("rows", Gather(1, (1, 0)), ((2, 2, 3, 4),)),
    OpCase("columns", Gather(2, (2, 0, 1, 1, 2)), ((2, 2, 3, 4),)),
    OpCase("batch", Gather(0, (1, 1, 0)), ((2, 5),)),
    OpCase("rank_1", Gather(0, (4, 0, 3)), ((5,),)),
    OpCase("rank_5", Gather(3, (0, 3, 1)), ((1, 2, 2, 4, 3),)),
]
COMPUTED = [
    OpCase(
        "at_rows",
        GatherAt(1),
        ((2, 3, 4), (5,)),
        ((-1.0, 1.0), (-5.0, 5.0)),
        input_types=(FLOAT, INDEX),
        not_expressible=True,
    ),
    OpCase(
        "at_last",
        GatherAt(1),
        ((2, 3), (1,)),
        ((-1.0, 1.0), (-5.0, 5.0)),
        input_types=(FLOAT, INDEX),
        not_expressible=True,
    ),
]


@pytest.mark.parametrize("op_case", [*CASES, *COMPUTED], ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


@pytest.mark.parametrize("op_case", [*CASES, *COMPUTED], ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def _indices(indices: object) -> dict[int, AnyArray | None]:
    return {1: np.array(indices, dtype=np.int64)}


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -2])
@pytest.mark.parametrize(
    "indices", [1, [1], [1, 0, 1], [-1, 0], [[0, 1], [1, 1]], [[[1]]], [0, 1]], ids=str
)
@pytest.mark.parametrize("opset", [7, 13])
def test_reads_every_axis_and_rank(axis: int, indices: object, opset: int) -> None:
    check_onnx("Gather", {"axis": axis}, [(2, 3, 4, 5)], opset=opset, constants=_indices(indices))


def test_equal_steps_are_a_slice() -> None:
    model = check_onnx("Gather", {"axis": 1}, [(1, 6, 2, 2)], constants=_indices([5, 3, 1]))
    assert kinds(model) == ["slice"]


@pytest.mark.parametrize("index", [3, -4])
def test_refuses_an_index_outside(index: int) -> None:
    with pytest.raises(CnncError, match=f"index {index} is outside of an axis of 3 entries"):
        check_onnx("Gather", {}, [(3, 2)], constants=_indices([0, index]))


def test_refuses_no_indices() -> None:
    with pytest.raises(CnncError, match="there are no indices for an axis of 3 entries"):
        check_onnx("Gather", {}, [(3, 2)], constants=_indices([]))
    with pytest.raises(UnsupportedAttributeError, match="no indices"):
        Gather(0, ()).output_shape([(3,)])
    with pytest.raises(UnsupportedAttributeError, match="index 3 is outside"):
        Gather(0, (3,)).output_shape([(3,)])


def test_indices_must_be_integers() -> None:
    with pytest.raises(UnsupportedAttributeError, match="indices of the type float32, not int32"):
        GatherAt(0).output_type([FLOAT, FLOAT])


@pytest.mark.parametrize(
    ("indices", "result"),
    [([0, 2, 2], (2, 3, 4)), (1, (2, 4)), ([[0, 2], [1, 0]], (2, 2, 2, 4))],
)
def test_reads_a_gather_of_tflite(indices: object, result: Shape, tmp_path: Path) -> None:
    operands = [activation("x", (2, 3, 4)), constant("i", np.array(indices, dtype=np.int32))]
    options = TfliteOptions("GatherOptions", {"Axis": 1})
    check_original(one_operator("GATHER", operands, activation("y", result), options), tmp_path)
