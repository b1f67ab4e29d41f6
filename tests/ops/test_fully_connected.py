"""FullyConnected: engines on a table of edges, ONNX Runtime on Gemm and MatMul."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.onnx_cases import check_onnx
from tests.support.op_cases import OpCase, check_case, check_real_case, tflite_refusals

from cnnc.errors import ModelError
from cnnc.ir.types import I8, Activation, AnyArray, Quantization, Shape
from cnnc.ops.fully_connected import FullyConnected, QuantFullyConnected
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic


def fully_connected(
    outputs: int, inputs: int, activation: Activation = Activation.NONE, seed: int = 0
) -> FullyConnected:
    generator = np.random.default_rng(seed)
    return FullyConnected(
        weight=generator.normal(size=(outputs, inputs)).astype(np.float32),
        bias=generator.normal(size=outputs).astype(np.float32),
        activation=activation,
    )


CASES = [
    *(
        OpCase(f"{outputs}_from_{inputs}", fully_connected(outputs, inputs), ((1, inputs),))
        for outputs, inputs in ((1, 1), (2, 3), (3, 16), (4, 17), (5, 128), (10, 600))
    ),
    OpCase("rows_3", fully_connected(6, 5), ((3, 5),)),
    OpCase("relu", fully_connected(9, 20, Activation.RELU), ((1, 20),)),
    OpCase("relu6", fully_connected(9, 20, Activation.RELU6), ((2, 20),)),
    OpCase(
        "lowest_zero_points",
        fully_connected(7, 11),
        ((2, 11),),
        input_ranges=((0.0, 6.0),),
        output_range=(0.0, 9.0),
    ),
    OpCase(
        "highest_zero_points",
        fully_connected(7, 11),
        ((2, 11),),
        input_ranges=((-6.0, 0.0),),
        output_range=(-9.0, 0.0),
    ),
    OpCase(
        "multiplier_above_one",
        fully_connected(4, 9),
        ((1, 9),),
        input_ranges=((-100.0, 300.0),),
        output_range=(-1.0, 0.5),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_engines_agree(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_c_on_real_numbers_adds_in_order(case: OpCase) -> None:
    check_real_case(case)


SINGLE_ROUNDING = ("10_from_600", "relu6", "multiplier_above_one")


@pytest.mark.parametrize("case", [case for case in CASES if case.name in SINGLE_ROUNDING], ids=str)
def test_engines_agree_with_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


def test_tflite_expresses_every_case() -> None:
    assert [case.name for case in CASES if tflite_refusals(case)] == []


# Gemm


def _ramp(*shape: int) -> AnyArray:
    return np.linspace(-1.0, 2.0, int(np.prod(shape)), dtype=np.float32).reshape(shape)


GEMM_CASES: list[tuple[dict[str, Any], Shape, AnyArray, AnyArray | None]] = [
    ({}, (2, 5), _ramp(5, 3), None),
    ({"transB": 1}, (1, 5), _ramp(3, 5), _ramp(3)),
    ({"transA": 1}, (5, 2), _ramp(5, 3), _ramp(3)),
    ({"transA": 1, "transB": 1}, (5, 2), _ramp(3, 5), _ramp(1, 3)),
    ({"alpha": 0.5, "beta": -2.0}, (1, 5), _ramp(5, 3), _ramp(1, 3)),
    ({"beta": 0.5}, (3, 4), _ramp(4, 2), _ramp(1)),
    ({}, (3, 4), _ramp(4, 2), np.array(0.75, np.float32)),
    ({}, (3, 4), _ramp(4, 2), np.ones((3, 1), np.float32)),
    ({}, (1, 4), _ramp(4, 2), _ramp(1, 2)),
]


@pytest.mark.parametrize(("attributes", "shape", "matrix", "addend"), GEMM_CASES)
def test_gemm(
    attributes: dict[str, Any], shape: Shape, matrix: AnyArray, addend: AnyArray | None
) -> None:
    constants = {1: matrix} if addend is None else {1: matrix, 2: addend}
    model = check_onnx("Gemm", attributes, [shape], opset=13, constants=constants)
    assert sum(isinstance(node.op, FullyConnected) for node in model.nodes) == 1


def test_gemm_without_c_since_opset_11() -> None:
    check_onnx("Gemm", {}, [(1, 4)], opset=11, constants={1: _ramp(4, 2), 2: None})


REFUSED_GEMM: list[tuple[str, Shape, AnyArray, AnyArray]] = [
    ("cannot be multiplied", (1, 5), _ramp(4, 2), _ramp(2)),
    ("does not broadcast", (1, 4), _ramp(4, 2), _ramp(3)),
]


@pytest.mark.parametrize(("reason", "shape", "matrix", "addend"), REFUSED_GEMM)
def test_gemm_refused(reason: str, shape: Shape, matrix: AnyArray, addend: AnyArray) -> None:
    with pytest.raises(ModelError, match=reason):
        check_onnx("Gemm", {}, [shape], constants={1: matrix, 2: addend})


@pytest.mark.parametrize("trans_a", [0, 1])
@pytest.mark.parametrize("trans_b", [0, 1])
@pytest.mark.parametrize("addend", [None, (), (2,), (1, 2), (3, 1), (3, 2)])
def test_gemm_with_weights_on_either_side(trans_a: int, trans_b: int, addend: Shape | None) -> None:
    attributes = {"transA": trans_a, "transB": trans_b, "alpha": 0.5, "beta": -2.0}
    first = (4, 3) if trans_a else (3, 4)
    second = (2, 4) if trans_b else (4, 2)
    constant = None if addend is None else _ramp(*addend)
    for activation, constants in ((first, {1: _ramp(*second)}), (second, {0: _ramp(*first)})):
        model = check_onnx("Gemm", attributes, [activation], constants={**constants, 2: constant})
        assert sum(isinstance(node.op, FullyConnected) for node in model.nodes) == 1


@pytest.mark.parametrize("beta", [1.0, -2.0])
@pytest.mark.parametrize("addend", [(2,), (1, 2), (3, 1), (3, 2)])
def test_gemm_with_computed_c(addend: Shape, beta: float) -> None:
    attributes = {"beta": beta}
    check_onnx("Gemm", attributes, [(3, 4), addend], constants={1: _ramp(4, 2)})
    check_onnx("Gemm", attributes, [(4, 2), addend], constants={0: _ramp(3, 4)})
    check_onnx("Gemm", attributes, [(3, 4), (4, 2), addend])


@pytest.mark.parametrize("alpha", [1.0, 0.25])
@pytest.mark.parametrize("trans_a", [0, 1])
@pytest.mark.parametrize("trans_b", [0, 1])
def test_gemm_of_activations(alpha: float, trans_a: int, trans_b: int) -> None:
    attributes = {"transA": trans_a, "transB": trans_b, "alpha": alpha}
    shapes = [(4, 3) if trans_a else (3, 4), (2, 4) if trans_b else (4, 2)]
    model = check_onnx("Gemm", attributes, shapes)
    assert not any(node.op.kind == "transpose" for node in model.nodes)
    check_onnx("Gemm", attributes, shapes, constants={2: _ramp(3, 2)})


def test_gemm_of_matrices_that_do_not_fit() -> None:
    with pytest.raises(ModelError, match="cannot be multiplied"):
        check_onnx("Gemm", {}, [(3, 4), (3, 2)])


# MatMul

MATMUL_CASES: list[tuple[Shape, Shape]] = [
    ((1, 5), (5, 3)),
    ((4, 5), (5, 1)),
    ((5,), (5, 3)),
    ((5,), (5,)),
    ((2, 5), (5,)),
    ((2, 3, 5), (5, 4)),
    ((1, 2, 3, 5), (5, 4)),
    ((2, 3, 5), (1, 5, 4)),
    ((3, 5), (1, 1, 5, 4)),
    ((5,), (1, 5, 4)),
]


@pytest.mark.parametrize(("shape", "matrix"), MATMUL_CASES)
def test_matmul(shape: Shape, matrix: Shape) -> None:
    model = check_onnx("MatMul", {}, [shape], opset=9, constants={1: _ramp(*matrix)})
    assert sum(isinstance(node.op, FullyConnected) for node in model.nodes) == 1


@pytest.mark.parametrize("shape", [(4, 2), (2, 4, 3), (1, 2, 4, 3)])
def test_matmul_with_weights_on_the_left(shape: Shape) -> None:
    model = check_onnx("MatMul", {}, [shape], constants={0: _ramp(5, 4)})
    assert sum(isinstance(node.op, FullyConnected) for node in model.nodes) == 1


def test_matmul_with_a_vector_on_the_left() -> None:
    check_onnx("MatMul", {}, [(4, 2)], constants={0: _ramp(4)})
    check_onnx("MatMul", {}, [(4,)], constants={0: _ramp(3, 4)})


def test_matmul_of_matrices_that_do_not_fit() -> None:
    with pytest.raises(ModelError, match="cannot be multiplied"):
        check_onnx("MatMul", {}, [(5, 2)], constants={0: _ramp(3, 4)})
    with pytest.raises(ModelError, match="cannot be multiplied"):
        check_onnx("MatMul", {}, [(2, 5)], constants={1: _ramp(4, 3)})


# Integers


@given(
    st.integers(1, 3),
    st.integers(1, 9),
    st.integers(1, 40),
    st.sampled_from([-128, -5, 0, 127]),
    st.sampled_from(list(Activation)),
)
@settings(max_examples=25, deadline=None)
def test_reference_is_the_naive_loop(
    rows: int, outputs: int, inputs: int, zero_point: int, activation: Activation
) -> None:
    op = fully_connected(outputs, inputs, activation)
    context = QuantizeContext(
        node="node",
        rounding="double",
        inputs=(Quantization(0.5, zero_point),),
        input_shapes=((rows, inputs),),
        output=Quantization(3.0, -zero_point // 2),
        output_shape=(rows, outputs),
    )
    integer_op = op.quantize(context)
    assert isinstance(integer_op, QuantFullyConnected)
    operand = np.random.default_rng(3).integers(-128, 128, (2, rows, inputs), dtype=np.int8)
    expected = np.stack([_naive(integer_op, sample) for sample in operand])
    np.testing.assert_array_equal(integer_op.evaluate([operand], Arithmetic()), expected)


def _naive(op: QuantFullyConnected, operand: I8) -> I8:
    accumulators = np.array(
        [
            [
                int(bias)
                + sum(
                    int(weight) * (int(q) - op.input_zero_point)
                    for weight, q in zip(weights, row, strict=True)
                )
                for weights, bias in zip(op.weight, op.bias, strict=True)
            ]
            for row in operand
        ]
    )
    return Arithmetic().requantize(
        accumulators,
        op.multipliers,
        op.shifts,
        op.output_zero_point,
        (op.minimum, op.maximum),
    )


def test_weights_that_do_not_fit_are_named() -> None:
    op = fully_connected(3, 5)
    with pytest.raises(ModelError, match=r"weights \[3\]\[5\] do not fit"):
        op.output_shape([(1, 4)])
    assert op.macs([(2, 5)]) == 30
