"""FakeQuantize: QuantizeLinear and DequantizeLinear around a tensor, read and computed."""

import numpy as np
import pytest
from onnx import ModelProto
from tests.support.kinds import kinds
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto
from tests.support.onnx_models import model, node
from tests.support.op_cases import OpCase, check_case, check_real_case, check_real_values

from cnnc.errors import UnsupportedOpError
from cnnc.ir.types import Quantization
from cnnc.ops.fake_quantize import FakeQuantize
from cnnc.ops.requantize import QuantRequantize

CASES = (
    OpCase("image", FakeQuantize(Quantization(0.0625, 3)), ((1, 5, 5, 3),), ((-9.0, 9.0),)),
    OpCase("one_element", FakeQuantize(Quantization(0.5, -128)), ((1,),), ((-2.0, 5.0),)),
    OpCase("saturates", FakeQuantize(Quantization(2.0**-9, 127)), ((4, 33),), ((-2.0, 2.0),)),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_real_kernel_gives_the_same_bits(case: OpCase) -> None:
    check_real_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_int8_operand_has_the_format_already(case: OpCase) -> None:
    (only,) = check_case(case).nodes
    assert isinstance(only.op, QuantRequantize)
    assert list(only.op.table) == list(range(-128, 128))


def test_ties_go_to_even_and_ends_saturate() -> None:
    op = FakeQuantize(Quantization(0.5, -3))
    real = np.array([[0.25, 0.75, -0.25, -0.75, 1e30, -1e30, np.nan]], np.float32)
    np.testing.assert_array_equal(op.evaluate([real]), [[0.0, 1.0, 0.0, -1.0, 65.0, -62.5, -62.5]])


def test_real_kernel_gives_the_same_bits_for_what_is_no_number() -> None:
    case = OpCase("nan", FakeQuantize(Quantization(0.5, -3)), ((4,),))
    check_real_values(case, np.array([[np.nan, np.inf, -np.inf, -0.0]], np.float32))


def _pair(
    zero_point: object,
    scale: object = np.float32(0.05),
    opset: int = 17,
    domain: str = "",
) -> ModelProto:
    weights = {"s": scale, "z": zero_point}
    names = "s" if zero_point is None else "s z"
    nodes = [
        node("QuantizeLinear", f"x {names}", "q"),
        node("DequantizeLinear", f"q {names}", "y"),
    ]
    for entry in nodes:
        entry.domain = domain
    kept = {name: array for name, array in weights.items() if array is not None}
    return model(nodes, {"x": (1, 3, 4, 5)}, ["y"], kept, opset=opset)


@pytest.mark.parametrize("opset", [10, 13, 17, 21])
@pytest.mark.parametrize("zero_point", [np.uint8(101), np.int8(-7), np.array([5], np.int8)])
def test_pair_is_onnx_runtimes(zero_point: object, opset: int) -> None:
    shaped = (
        np.array([0.05], np.float32) if isinstance(zero_point, np.ndarray) else np.float32(0.05)
    )
    proto = _pair(zero_point, shaped, opset)
    imported = import_proto(proto)
    assert kinds(imported) == ["fake_quantize"]
    compare_with_onnx_runtime(imported, proto)


def test_without_zero_point_it_is_zero_of_uint8() -> None:
    (only,) = import_proto(_pair(None)).nodes
    assert isinstance(only.op, FakeQuantize)
    assert only.op.format == Quantization(float(np.float32(0.05)), -128)


def test_sixteen_bits_leave_the_value_as_it_is() -> None:
    assert kinds(import_proto(_pair(np.int16(0), opset=21))) == ["reshape"]
    assert kinds(import_proto(_pair(np.uint16(9), domain="com.microsoft"))) == ["reshape"]


@pytest.mark.parametrize(
    ("proto", "reason"),
    [
        (_pair(np.zeros(3, np.int8), np.full(3, 0.1, np.float32)), "one per channel"),
        (_pair(np.int8(0), np.float32(0.0)), "a scale is not a positive finite number"),
        (_pair(np.int32(0)), "an activation of type int32 is not supported"),
    ],
)
def test_refuses(proto: ModelProto, reason: str) -> None:
    with pytest.raises(UnsupportedOpError, match=reason):
        import_proto(proto)


def test_refuses_another_scale_behind() -> None:
    weights = {"s": np.float32(0.1), "t": np.float32(0.2), "z": np.int8(0)}
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("DequantizeLinear", "q t z", "y"),
    ]
    with pytest.raises(UnsupportedOpError, match="was quantized with another scale"):
        import_proto(model(nodes, {"x": (1, 4)}, ["y"], weights))


def test_refuses_arithmetic_on_integers() -> None:
    weights = {"s": np.float32(0.1), "z": np.int8(0)}
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("Cast", "q", "r", to=1),
        node("Relu", "r", "y"),
    ]
    with pytest.raises(UnsupportedOpError, match="computes with the integers of"):
        import_proto(model(nodes, {"x": (1, 4)}, ["y"], weights))
