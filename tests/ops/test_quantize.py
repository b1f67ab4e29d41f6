"""Quantize: real numbers between int8 layers become int8 as TFLite's QUANTIZE makes them."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, quantized_case
from tests.support.real_ops import StaysReal

from cnnc.ir.types import F32, Quantization
from cnnc.ops._real_op import RealOp
from cnnc.ops.dequantize import QuantDequantize
from cnnc.ops.quantize import QuantQuantize
from cnnc.quantize.fixed_point import Arithmetic

# Every case is dequantize - an op on real numbers - quantize, into another format.
CASES = (
    OpCase("same_range", StaysReal(), ((1, 3, 5, 7),), ((-1.0, 1.0),), output_range=(-1.0, 1.0)),
    OpCase("saturates", StaysReal(), ((2, 130),), ((-9.0, 7.0),), output_range=(-0.5, 1.0)),
    OpCase("coarser", StaysReal(), ((257,),), ((-0.1, 0.2),), output_range=(-8.0, 8.0)),
    OpCase("lowest_zero_point", StaysReal(), ((1, 1),), ((0.0, 1.0),), output_range=(0.0, 0.7)),
    OpCase("highest_zero_point", StaysReal(), ((300,),), ((-1.0, 0.0),), output_range=(-3.0, 0.0)),
)


def _quantized(real: F32, scale: float, zero_point: int) -> list[int]:
    op = QuantQuantize(scale, zero_point)
    found = op.evaluate([real[np.newaxis]], Arithmetic("double"))
    assert found.dtype == np.int8
    return [int(value) for value in found[0].tolist()]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_engines_agree(case: OpCase) -> None:
    kinds = [type(node.op) for node in check_case(case).nodes]
    assert kinds == [QuantDequantize, RealOp, QuantQuantize]


def test_ties_go_away_from_zero() -> None:
    real = np.array([0.25, 0.75, -0.25, -0.75, 1.25, 0.2499], np.float32)
    assert _quantized(real, 0.5, 3) == [4, 5, 2, 1, 6, 3]


def test_what_is_no_number_and_what_is_beyond_int8() -> None:
    real = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45], np.float32)
    assert _quantized(real, 0.5, 3) == [-128, 127, -128, 127, -128, 3]


def test_the_reason_is_kept() -> None:
    (node,) = [n for n in quantized_case(CASES[0], "double").nodes if isinstance(n.op, RealOp)]
    assert isinstance(node.op, RealOp)
    assert node.op.reason == "stays_real has no rule on int8"


def test_scale_must_be_a_float32() -> None:
    with pytest.raises(ValueError, match="not a float32 value"):
        QuantQuantize(0.1, 0).evaluate([np.zeros((1, 1), np.float32)], Arithmetic("double"))
    assert Quantization(float(np.float32(0.1)), 0).scale != 0.1
