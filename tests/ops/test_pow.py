"""Powers: every engine, the reader."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case

from cnnc.ir.types import F32, Shape
from cnnc.ops.pow import Pow, PowConstant


def _constant(*shape: int) -> F32:
    return np.linspace(-1.5, 0.7, int(np.prod(shape)), dtype=np.float32).reshape(shape)


CASES = (
    OpCase("equal_shapes", Pow(), ((1, 5, 5, 7), (1, 5, 5, 7)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("one_element", Pow(), ((1, 1), (1, 1)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("unequal_scales", Pow(), ((3, 41), (3, 41)), ((0.01, 0.02), (0.5, 9.0))),
    OpCase("channels", Pow(), ((1, 4, 5, 6), (1, 1, 1, 6)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("channels_first_operand", Pow(), ((6,), (1, 4, 5, 6)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("pixels", Pow(), ((1, 4, 5, 6), (1, 4, 5, 1)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("rank_5", Pow(), ((2, 2, 3, 1, 2), (1, 2, 1, 1, 2)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("single_element", Pow(), ((1, 3, 3, 2), (1,)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("constant", Pow(), ((1, 3, 3, 8),), ((0.5, 3.0),), constants={1: _constant(1, 1, 1, 8)}),
)

CONSTANT_CASES = tuple(
    OpCase(f"exponent_{exponent:g}", PowConstant(exponent), ((77,),), (bounds,))
    for exponent, bounds in (
        (2.0, (-3.0, 2.0)),
        (3.0, (-2.0, 3.0)),
        (-1.5, (0.5, 4.0)),
        (0.3, (0.0, 9.0)),
    )
)


@pytest.mark.parametrize("case", [*CASES, *CONSTANT_CASES], ids=str)
def test_real_numbers(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("case", [*CASES, *CONSTANT_CASES], ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", [CASES[0], CASES[3]], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


@pytest.mark.parametrize("opset", [7, 13, 17])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((1, 3, 4, 5), (1, 3, 4, 5)),
        ((1, 3, 4, 5), (3, 1, 1)),
        ((5,), (1, 3, 4, 5)),
        ((2, 7), (2, 1)),
    ],
)
def test_reads_onnx(opset: int, first: Shape, second: Shape) -> None:
    check_onnx("Pow", {}, [first], opset, {1: np.array(2.0, np.float32)})
    check_onnx("Pow", {}, [second], opset, {1: np.full(first, 3.0, np.float32)})


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0, -1.0, 0.0, 4.0])
def test_reads_a_constant_exponent(exponent: float) -> None:
    constant = np.array(exponent, np.float32)
    check_onnx("Pow", {}, [(1, 3, 4, 5)], constants={1: constant})
    check_onnx("Pow", {}, [(1, 3, 4, 5)], constants={1: constant.astype(np.int64)})
