"""Hyperbolic tangent: TFLite's very table for many formats, the emitted C, the reader."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case
from tests.support.tables import assert_tflite_tables, random_formats

from cnnc.ir.types import Quantization, Shape
from cnnc.ops.tanh import Tanh

CASES = (
    OpCase("image", Tanh(), ((1, 5, 5, 3),), ((-3.0, 3.0),)),
    OpCase("one_element", Tanh(), ((1,),), ((-2.0, 5.0),)),
    OpCase("every_input", Tanh(), ((16, 16),), ((-4.0, 3.96875),)),
    OpCase("zero_point_lowest", Tanh(), ((77,),), ((0.0, 4.0),)),
    OpCase("zero_point_highest", Tanh(), ((77,),), ((-4.0, 0.0),)),
    OpCase("saturated", Tanh(), ((77,),), ((-1000.0, 3000.0),)),
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
    powers = [Quantization(2.0**-k, zero_point) for k in range(12) for zero_point in (-128, 0, 77)]
    assert_tflite_tables(Tanh(), [*random_formats(300, 1e-4, 3.0), *powers])


@pytest.mark.parametrize("shape", [(1, 3, 4, 5), (2, 7), (1, 2, 3, 4, 5), (1,)])
@pytest.mark.parametrize("opset", [7, 13, 17])
def test_reads_onnx(shape: Shape, opset: int) -> None:
    check_onnx("Tanh", {}, [shape], opset)


def test_float_tanh_saturates() -> None:
    x = np.array([[-1e4, 0.0, 1e4]], dtype=np.float32)
    np.testing.assert_array_equal(Tanh().evaluate([x]), [[-1.0, 0.0, 1.0]])
