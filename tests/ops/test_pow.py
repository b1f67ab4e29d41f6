"""Powers: every engine, the reader."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from tests.support.onnx_cases import import_proto
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case

from cnnc.errors import UnsupportedOpError
from cnnc.ir.types import F32, ElementType, Shape, Tensor
from cnnc.ops.pow import Pow, PowConstant
from cnnc.quantize.float_reference import run_float


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


INTEGER_CASES = tuple(
    OpCase(f"{kind}", Pow(), ((3, 40), (3, 1)), (bases, exponents), input_types=(kind, kind))
    for kind in ElementType
    if kind is not ElementType.FLOAT32
    for signed in [kind.numpy.kind == "i"]
    for bases, exponents in [((-9 * signed, 100), (-3 * signed, 31))]
)


@pytest.mark.parametrize("case", [*CASES, *CONSTANT_CASES, *INTEGER_CASES], ids=str)
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


def test_integers_wrap_around() -> None:
    base = np.array([[3, -2, 7, -1, 1, 0, -1, 2, 0]], np.int32)
    exponent = np.array([[4, 3, 13, -3, -1, 0, -4, -1, -2]], np.int32)
    found = Pow().evaluate([base, exponent])
    wrapped = (7**13 + 2**31) % 2**32 - 2**31
    assert found.tolist() == [[81, -8, wrapped, -1, 1, 1, 1, 0, 0]]


_TYPES = (TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64)


@pytest.mark.parametrize("base", _TYPES)
@pytest.mark.parametrize("exponent", _TYPES)
def test_reads_mixed_types(base: int, exponent: int) -> None:
    proto = _model(base, exponent)
    feeds = {
        "x": np.array([[3, 2]], helper.tensor_dtype_to_np_dtype(base)),
        "n": np.array([[2], [5]], helper.tensor_dtype_to_np_dtype(exponent)),
    }
    if exponent == TensorProto.FLOAT:
        feeds["n"] = feeds["n"] / np.float32(2)
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    (expected,) = session.run(["y"], feeds)
    model = import_proto(proto)
    samples: dict[str, Tensor] = {
        port.value: feeds[port.name][np.newaxis].astype(model.element_type(port.value).numpy)
        for port in model.inputs
    }
    found = dict(run_float(model, samples))[model.outputs[0].value]
    np.testing.assert_allclose(found[0], np.asarray(expected), rtol=1e-6)
    assert found.dtype.kind == np.asarray(expected).dtype.kind


def test_narrow_integers_are_raised_in_int32() -> None:
    model = import_proto(_model(TensorProto.INT8, TensorProto.UINT16))
    first, second = (port.value for port in model.inputs)
    base: Tensor = np.array([[[-3, 2]]], np.int8)
    exponent: Tensor = np.array([[[3], [7]]], np.uint16)
    inputs = {first: base, second: exponent}
    found = dict(run_float(model, inputs))[model.outputs[0].value]
    assert found.dtype == np.int8
    assert found.tolist() == [[[-27, 8], [(-(3**7) + 128) % 256 - 128, -128]]]


def test_uint32_with_other_integers_is_refused() -> None:
    with pytest.raises(UnsupportedOpError, match="its operands are uint32 and int8"):
        import_proto(_model(TensorProto.UINT32, TensorProto.INT8))


def _model(base: int, exponent: int) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info("x", base, [1, 2]),
        helper.make_tensor_value_info("n", exponent, [2, 1]),
    ]
    node = helper.make_node("Pow", ["x", "n"], ["y"])
    outputs = [helper.make_tensor_value_info("y", base, [2, 2])]
    graph = helper.make_graph([node], "pow", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
