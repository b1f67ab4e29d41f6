"""Elementwise quotients: every engine, the reader."""

import pytest
from tests.support.binary_cases import BROADCASTS, Shapes, check_reads, constant, integer_cases
from tests.support.op_cases import (
    OpCase,
    case_chunk,
    check_program,
    check_real_case,
    quantized_case,
)

from cnnc.codegen.lower import lower
from cnnc.ops.div import Div

CASES = (
    OpCase("equal_shapes", Div(), ((1, 5, 5, 7), (1, 5, 5, 7)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("one_element", Div(), ((1, 1), (1, 1)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("unequal_scales", Div(), ((3, 41), (3, 41)), ((0.01, 0.02), (0.5, 9.0))),
    OpCase("channels", Div(), ((1, 4, 5, 6), (1, 1, 1, 6)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("channels_first_operand", Div(), ((6,), (1, 4, 5, 6)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("pixels", Div(), ((1, 4, 5, 6), (1, 4, 5, 1)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("rank_5", Div(), ((2, 2, 3, 1, 2), (1, 2, 1, 1, 2)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("single_element", Div(), ((1, 3, 3, 2), (1,)), ((0.5, 3.0), (0.5, 2.0))),
    OpCase("constant", Div(), ((1, 3, 3, 8),), ((0.5, 3.0),), constants={1: constant(1, 1, 1, 8)}),
)
INTEGER_CASES = integer_cases(Div())


@pytest.mark.parametrize("case", [*CASES, *INTEGER_CASES], ids=str)
def test_real_numbers_and_integers(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_between_int8_layers_it_runs_on_real_numbers(case: OpCase) -> None:
    # Not judged by TFLite: 0 / 0, which the samples hold, has no defined int8 there.
    model = quantized_case(case, "double")
    check_program(case.name, model, lower(model), case_chunk(model))


@pytest.mark.parametrize("opset", [7, 13, 17])
@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
def test_reads_onnx(opset: int, shapes: Shapes) -> None:
    check_reads("Div", opset, shapes)
