"""Dequantize: int8 becomes the real numbers that TFLite's DEQUANTIZE gives, to the bit."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, quantized_case
from tests.support.real_ops import StaysReal
from tests.support.stub_ops import Kept, network

from cnnc.ops.dequantize import QuantDequantize
from cnnc.ops.quantize import QuantQuantize
from cnnc.quantize.fixed_point import Arithmetic
from cnnc.quantize.quantize import quantize
from cnnc.quantize.ranges import ValueRange, ValueRanges

CASES = (
    OpCase("image", StaysReal(), ((1, 4, 6, 3),), ((-0.3, 1.7),)),
    OpCase("vector", StaysReal(), ((513,),), ((-1e-20, 1e-20),)),
    OpCase("batch", StaysReal(), ((3, 11),), ((-1e20, 3e20),)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_engines_agree(case: OpCase) -> None:
    check_case(case)


def test_all_values_of_all_zero_points() -> None:
    values = np.arange(-128, 128, dtype=np.int8)[np.newaxis]
    scale = float(np.float32(0.1))
    for zero_point in (-128, -1, 0, 77, 127):
        (found,) = QuantDequantize(scale, zero_point).evaluate([values], Arithmetic("double"))
        expected = np.float32(scale) * (values[0].astype(np.float32) - np.float32(zero_point))
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)


def test_one_serves_every_layer_that_reads_real_numbers() -> None:
    model = network(
        ("a", StaysReal(), "x"), ("b", StaysReal(), "x"), ("c", Kept(), "b"), outputs="a c"
    )
    ranges = ValueRanges(dict.fromkeys(model.shapes, ValueRange(-1.0, 1.0)), 1, "minmax")
    quantized = quantize(model, ranges)
    names = [node.name for node in quantized.nodes]
    # An int8 value is made where an int8 layer reads it, or at the end for an output.
    assert names == ["x/dequantize", "node_a", "node_b", "b/quantize", "node_c", "a/quantize"]


def test_layers_on_real_numbers_hand_them_on() -> None:
    model = network(("a", StaysReal(), "x"), ("b", StaysReal(), "a"), outputs="b")
    ranges = ValueRanges(dict.fromkeys(model.shapes, ValueRange(-1.0, 1.0)), 1, "minmax")
    operations = [type(node.op) for node in quantize(model, ranges).nodes]
    assert operations.count(QuantDequantize) == operations.count(QuantQuantize) == 1


def test_a_case_dequantizes_once() -> None:
    kinds = [node.op.kind for node in quantized_case(CASES[0], "double").nodes]
    assert kinds.count("dequantize") == 1
