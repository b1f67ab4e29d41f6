"""Vectors divided by their norm: C to the bit, ONNX's attributes, what is refused."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, quantized_case

from cnnc.errors import CnncError
from cnnc.ir.types import Shape
from cnnc.ops._real_op import RealOp
from cnnc.ops.lp_normalization import LpNormalization


def case(name: str, op: LpNormalization, *shape: int) -> OpCase:
    return OpCase(name, op, (shape,), ((-3.0, 3.0),))


CASES = [
    case("channels", LpNormalization(3, 2), 1, 3, 4, 7),
    case("magnitudes", LpNormalization(1, 1), 2, 5),
    case("first_axis", LpNormalization(0, 2), 3, 2, 4),
    case("middle_axis", LpNormalization(1, 1), 2, 5, 3),
    case("one_element", LpNormalization(0, 2), 1),
    case("least", LpNormalization(1, 2, 2.5), 4, 3),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


@pytest.mark.parametrize("power", [1, 2])
def test_zeros_stay_zeros(power: int) -> None:
    op = LpNormalization(0, power)
    x = np.zeros((1, 3), np.float32)
    assert op.evaluate([x]).tolist() == op.evaluate_in_order([x]).tolist() == [[0.0, 0.0, 0.0]]


def test_it_stays_real_between_int8_layers() -> None:
    ops = [node.op for node in quantized_case(CASES[0], "double").nodes]
    (real,) = [op for op in ops if isinstance(op, RealOp)]
    assert real.reason == "norms are computed on real numbers"


@pytest.mark.parametrize("axis", [-1, 0, 1, 2, 3])
@pytest.mark.parametrize("opset", [7, 22])
def test_lengths(axis: int, opset: int) -> None:
    check_onnx("LpNormalization", {"axis": axis}, [(2, 3, 4, 5)], opset=opset)


@pytest.mark.parametrize("shape", [(6,), (2, 3), (2, 3, 4)])
def test_magnitudes(shape: Shape) -> None:
    check_onnx("LpNormalization", {"p": 1, "axis": 0}, [shape])


def test_refusals() -> None:
    with pytest.raises(CnncError, match="p 3 is neither 1 nor 2"):
        check_onnx("LpNormalization", {"p": 3}, [(2, 3)])
    with pytest.raises(CnncError, match="axis 2 does not exist"):
        check_onnx("LpNormalization", {"axis": 2}, [(2, 3)])
    with pytest.raises(CnncError, match="a norm along axis 1"):
        LpNormalization(1, 2).output_shape([(3,)])


def test_int8_layers_around_it() -> None:
    check_case(CASES[0])
