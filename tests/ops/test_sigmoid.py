"""Sigmoid: TFLite's very table for many formats, the emitted C, the reader."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case
from tests.support.tables import assert_tflite_tables, random_formats

from cnnc.ir.types import Quantization, Shape
from cnnc.ops.sigmoid import Sigmoid

CASES = (
    OpCase("image", Sigmoid(), ((1, 5, 5, 3),), ((-6.0, 6.0),)),
    OpCase("one_element", Sigmoid(), ((1,),), ((-2.0, 5.0),)),
    OpCase("every_input", Sigmoid(), ((16, 16),), ((-8.0, 7.9375),)),
    OpCase("zero_point_lowest", Sigmoid(), ((77,),), ((0.0, 4.0),)),
    OpCase("zero_point_highest", Sigmoid(), ((77,),), ((-4.0, 0.0),)),
    OpCase("saturated", Sigmoid(), ((77,),), ((-1000.0, 3000.0),)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_engine_gives_the_same_bytes(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_real_numbers(case: OpCase) -> None:
    check_real_case(case)


def test_single_rounding() -> None:
    check_case(CASES[0], "single")


def test_tables_are_tflites() -> None:
    # Scales that are powers of two give results on the tie between two int8 values.
    powers = [Quantization(2.0**-k, zero_point) for k in range(12) for zero_point in (-128, 0, 77)]
    assert_tflite_tables(Sigmoid(), [*random_formats(300, 1e-4, 3.0), *powers])


@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (2, 7), (1, 2, 3, 4, 5), (1,)])
@pytest.mark.parametrize("opset", [7, 13, 17])
def test_reads_onnx(shape: Shape, opset: int) -> None:
    check_onnx("Sigmoid", {}, [shape], opset)


def test_float_sigmoid_does_not_overflow() -> None:
    x = np.array([[-1e4, -90.0, 0.0, 90.0, 1e4]], dtype=np.float32)
    result = Sigmoid().evaluate([x])
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, [[0.0, 8.2e-40, 0.5, 1.0, 1.0]], atol=1e-7)
