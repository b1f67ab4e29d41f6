"""The larger of two tensors: every engine, the reader."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case

from cnnc.ir.types import F32, ElementType, Shape
from cnnc.ops.maximum import Maximum


def _constant(*shape: int) -> F32:
    return np.linspace(-1.5, 0.7, int(np.prod(shape)), dtype=np.float32).reshape(shape)


CASES = (
    OpCase("equal_shapes", Maximum(), ((1, 5, 5, 7), (1, 5, 5, 7))),
    OpCase("one_element", Maximum(), ((1, 1), (1, 1))),
    OpCase("unequal_scales", Maximum(), ((3, 41), (3, 41)), ((-0.01, 0.02), (-9.0, 4.0))),
    OpCase("channels", Maximum(), ((1, 4, 5, 6), (1, 1, 1, 6))),
    OpCase("channels_first_operand", Maximum(), ((6,), (1, 4, 5, 6))),
    OpCase("pixels", Maximum(), ((1, 4, 5, 6), (1, 4, 5, 1))),
    OpCase("rank_5", Maximum(), ((2, 2, 3, 1, 2), (1, 2, 1, 1, 2))),
    OpCase("single_element", Maximum(), ((1, 3, 3, 2), (1,))),
    OpCase("constant", Maximum(), ((1, 3, 3, 8),), constants={1: _constant(1, 1, 1, 8)}),
)

INTEGER_CASES = tuple(
    OpCase(f"{kind}", Maximum(), ((1, 3, 4), (3, 1)), ((0, 100), (0, 90)), input_types=(kind, kind))
    for kind in ElementType
    if kind is not ElementType.FLOAT32
)


@pytest.mark.parametrize("case", [*CASES, *INTEGER_CASES], ids=str)
def test_real_numbers_and_integers(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", [CASES[0], CASES[3]], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


@pytest.mark.parametrize("opset", [8, 13, 17])
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
    check_onnx("Max", {}, [first, second], opset)
    check_onnx("Max", {}, [first], opset, {1: _constant(*second)})
