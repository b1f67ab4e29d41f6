"""Concatenation: every axis and engine, layouts, the reader."""

import numpy as np
import pytest
from tests.support.kinds import kinds
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case

from cnnc.errors import UnsupportedAttributeError, UnsupportedOpError
from cnnc.ir.types import F32, Shape
from cnnc.ops.concat import Concat


def _constant(*shape: int) -> F32:
    return np.linspace(-1.0, 0.9, int(np.prod(shape)), dtype=np.float32).reshape(shape)


CASES = (
    OpCase("channels", Concat(3), ((1, 3, 4, 5), (1, 3, 4, 2))),
    OpCase("rows", Concat(1), ((1, 3, 4, 5), (1, 1, 4, 5))),
    OpCase("columns", Concat(2), ((1, 3, 4, 5), (1, 3, 2, 5))),
    OpCase("outermost", Concat(0), ((2, 3), (1, 3))),
    OpCase("flat", Concat(0), ((1,), (7,))),
    OpCase("four_operands", Concat(3), ((1, 2, 2, 1), (1, 2, 2, 8), (1, 2, 2, 3), (1, 2, 2, 1))),
    OpCase("formats_differ", Concat(1), ((2, 9), (2, 4)), ((0.0, 1.0), (-3.0, 2.0))),
    OpCase("constant_last", Concat(1), ((2, 5),), constants={1: _constant(2, 3)}),
    OpCase("constant_first", Concat(2), ((1, 2, 5),), constants={0: _constant(1, 2, 4)}),
    OpCase("rank_5", Concat(2), ((2, 1, 2, 3, 2), (2, 1, 1, 3, 2))),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_real_numbers(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("case", [CASES[0], CASES[6]], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


@pytest.mark.parametrize("opset", [7, 13, 17])
@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -3])
def test_reads_every_axis(axis: int, opset: int) -> None:
    shapes = [[1, 3, 4, 5], [1, 3, 4, 5], [1, 3, 4, 5]]
    for extent, shape in enumerate(shapes, start=1):
        shape[axis] = extent
    check_onnx("Concat", {"axis": axis}, [tuple(shape) for shape in shapes], opset)


@pytest.mark.parametrize(("axis", "constant"), [(1, (1, 2, 4, 5)), (3, (1, 3, 4, 1))])
def test_reads_constants(axis: int, constant: Shape) -> None:
    check_onnx("Concat", {"axis": axis}, [(1, 3, 4, 5)], constants={1: _constant(*constant)})
    check_onnx("Concat", {"axis": axis}, [(1, 3, 4, 5)], constants={0: _constant(*constant)})


def test_a_single_operand_is_passed_on() -> None:
    assert kinds(check_onnx("Concat", {"axis": 1}, [(2, 3)])) == ["reshape"]


def test_an_axis_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnsupportedOpError, match="axis 4 does not exist in rank 2"):
        check_onnx("Concat", {"axis": 4}, [(2, 3), (2, 3)])


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(
        UnsupportedAttributeError, match=r"\[2, 3\], \[3, 3\] cannot join at axis 1"
    ):
        Concat(1).output_shape([(2, 3), (3, 3)])
    with pytest.raises(UnsupportedAttributeError, match="cannot join"):
        Concat(0).output_shape([(2, 3), (2,)])
