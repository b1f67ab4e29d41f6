"""Tile and Expand: every engine, layouts, ranks that grow, .tflite operators."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.kinds import kinds
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case
from tests.support.tflite_files import activation, check_original, constant, one_operator

from cnnc.codegen.tflite_file import TfliteOptions
from cnnc.errors import CnncError, UnsupportedAttributeError
from cnnc.ir.types import AnyArray, Shape
from cnnc.ops.tile import Tile


def case(name: str, source: Shape, *repeats: int) -> OpCase:
    return OpCase(name, Tile(repeats), (source,))


CASES = [
    case("channels", (1, 2, 3, 4), 1, 1, 1, 3),
    case("rows", (2, 2, 3, 4), 1, 2, 1, 1),
    case("rows_and_columns", (1, 2, 3, 4), 1, 2, 3, 1),
    case("batch", (2, 5), 3, 1),
    case("one_to_many", (1, 1, 1, 5), 1, 4, 3, 1),
    case("every_axis", (2, 3, 2), 2, 1, 3),
    case("rank_1", (3,), 4),
    case("rank_5", (1, 2, 1, 1, 3), 1, 1, 2, 3, 1),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


@pytest.mark.parametrize("op_case", CASES[:3], ids=str)
def test_single_rounding(op_case: OpCase) -> None:
    check_case(op_case, "single")


def _integers(*numbers: int) -> dict[int, AnyArray | None]:
    return {1: np.array(numbers, dtype=np.int64)}


@pytest.mark.parametrize("opset", [7, 13, 21])
@pytest.mark.parametrize("repeats", [(1, 2, 1, 3), (2, 1, 1, 1), (1, 1, 1, 1)])
def test_reads_tile(opset: int, repeats: tuple[int, ...]) -> None:
    check_onnx("Tile", {}, [(1, 2, 3, 4)], opset=opset, constants=_integers(*repeats))


@pytest.mark.parametrize(
    ("source", "shape"),
    [
        ((1, 3, 1, 1), (1, 3, 4, 5)),
        ((1, 3, 4, 5), (2, 1, 4, 1)),
        ((4, 1), (2, 3, 4, 5)),
        ((2, 3, 1, 4), (1, 1)),
        ((1,), (3, 4)),
        ((3, 4), (3, 4)),
    ],
)
@pytest.mark.parametrize("opset", [8, 13])
def test_reads_expand(source: Shape, shape: Shape, opset: int) -> None:
    check_onnx("Expand", {}, [source], opset=opset, constants=_integers(*shape))


def test_a_channel_last_image_expands_where_it_is() -> None:
    model = check_onnx("Expand", {}, [(1, 3, 1, 2)], constants=_integers(1, 3, 4, 2))
    assert kinds(model) == ["tile"]


def test_refuses_shapes_that_do_not_fit() -> None:
    with pytest.raises(CnncError, match=r"of shape \[2, 3\] does not expand to \[4, 3\]"):
        check_onnx("Expand", {}, [(2, 3)], constants=_integers(4, 3))
    with pytest.raises(CnncError, match=r"repeats \[0, 1\] do not fit"):
        check_onnx("Tile", {}, [(2, 3)], constants=_integers(0, 1))


def test_many_axes_are_repeated_in_two_steps() -> None:
    model = check_onnx("Tile", {}, [(2, 3, 2, 3)], constants=_integers(2, 3, 2, 2))
    assert kinds(model) == ["tile", "tile"]


def test_refuses_more_axes_than_the_kernel_has() -> None:
    with pytest.raises(UnsupportedAttributeError, match="a tile that moves more than 6 axes"):
        Tile((2, 2, 2, 2)).output_shape([(2, 2, 2, 2)])


def test_reads_a_broadcast_of_tflite(tmp_path: Path) -> None:
    shape = constant("shape", np.array([2, 4, 3], dtype=np.int32))
    options = TfliteOptions("BroadcastToOptions", {})
    operands = [activation("x", (4, 1)), shape]
    data = one_operator("BROADCAST_TO", operands, activation("y", (2, 4, 3)), options)
    check_original(data, tmp_path)
