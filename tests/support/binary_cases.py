"""What the tests of elementwise operators with two operands share."""

from collections.abc import Callable

import numpy as np
from tests.support.op_cases import OpCase, check_onnx

from cnnc.ir.op import FloatOp
from cnnc.ir.types import F32, Activation, ElementType, Shape

Shapes = tuple[Shape, Shape]

BROADCASTS: tuple[Shapes, ...] = (
    ((1, 3, 4, 5), (1, 3, 4, 5)),
    ((1, 3, 4, 5), (3, 1, 1)),
    ((5,), (1, 3, 4, 5)),
    ((2, 7), (2, 1)),
    ((1, 3, 4, 5), (1, 1, 4, 1)),
)
"""Operands of ONNX nodes."""


def constant(*shape: int) -> F32:
    """Return numbers of both signs, all different."""
    return np.linspace(-1.5, 0.7, int(np.prod(shape)), dtype=np.float32).reshape(shape)


def broadcast_cases(op: FloatOp) -> tuple[OpCase, ...]:
    """Return one case for each way in which operands repeat, and for unequal formats."""
    return (
        OpCase("equal_shapes", op, ((1, 5, 5, 7), (1, 5, 5, 7))),
        OpCase("one_element", op, ((1, 1), (1, 1))),
        OpCase("unequal_scales", op, ((3, 41), (3, 41)), ((-0.01, 0.02), (-9.0, 4.0))),
        OpCase("channels", op, ((1, 4, 5, 6), (1, 1, 1, 6))),
        OpCase("channels_first_operand", op, ((6,), (1, 4, 5, 6)), ((0, 1), (-1, 1))),
        OpCase("pixels", op, ((1, 4, 5, 6), (1, 4, 5, 1))),
        OpCase("rank_5", op, ((2, 2, 3, 1, 2), (1, 2, 1, 1, 2))),
        OpCase("single_element", op, ((1, 3, 3, 2), (1,)), ((-1, 1), (-2, 0))),
        OpCase("constant", op, ((1, 3, 3, 8),), constants={1: constant(1, 1, 1, 8)}),
    )


def linear_cases(build: Callable[[Activation], FloatOp]) -> tuple[OpCase, ...]:
    """Return cases of sums and differences: zero points, activations and constants as well."""
    op = build(Activation.NONE)
    low, high = build(Activation.RELU_N1_TO_1), build(Activation.RELU6)
    return (
        *broadcast_cases(op),
        OpCase("zero_points_lowest", op, ((2, 33), (2, 33)), ((0.0, 3.0), (0.0, 1.0))),
        OpCase("zero_points_highest", op, ((2, 33), (2, 33)), ((-3.0, 0.0), (-1.0, 0.0))),
        OpCase("zero_points_opposite", op, ((2, 33), (2, 33)), ((-3.0, 0.0), (0.0, 2.0))),
        OpCase("saturates", op, ((64,), (64,)), output_range=(-0.1, 0.2)),
        OpCase("relu", build(Activation.RELU), ((1, 4, 4, 3), (1, 4, 4, 3))),
        OpCase("relu6", high, ((50,), (50,)), ((-8, 8), (-8, 8)), {}, (-1, 9)),
        OpCase("relu_n1_to_1", low, ((50,), (50,)), output_range=(-2, 2)),
        OpCase("relu_scalar", build(Activation.RELU), ((1, 3, 3, 2), (1,)), ((-1, 1), (-2, 0))),
        OpCase("pixels_first_operand", op, ((1, 4, 5, 1), (1, 4, 5, 6))),
        OpCase("both_repeat", op, ((3, 1), (1, 4)), ((0, 1), (-1, 0))),
        OpCase("five_groups", op, ((2, 1, 3, 1, 2), (1, 3, 1, 2, 1))),
        OpCase("rank_7", op, ((1, 2, 1, 3, 1, 2, 2), (1, 1, 1, 3, 1, 1, 1))),
        OpCase("constant_first", op, ((1, 3, 3, 8),), constants={0: constant(1, 3, 3, 8)}),
        OpCase("constant_positive", op, ((4, 9),), constants={1: np.full((1, 1), 3, np.float32)}),
        OpCase("constant_scalar", op, ((4, 9),), constants={1: np.array(-0.5, np.float32)}),
    )


def integer_cases(op: FloatOp) -> tuple[OpCase, ...]:
    """Return one case for each integer type."""
    return tuple(
        OpCase(f"{kind}", op, ((1, 3, 4), (3, 1)), ((0, 100), (0, 90)), input_types=(kind, kind))
        for kind in ElementType
        if kind is not ElementType.FLOAT32
    )


def check_reads(op_type: str, opset: int, shapes: Shapes) -> None:
    """Import a node whose operands are inputs, and with either one a constant."""
    first, second = shapes
    check_onnx(op_type, {}, [first, second], opset)
    check_onnx(op_type, {}, [first], opset, {1: constant(*second)})
    check_onnx(op_type, {}, [second], opset, {0: constant(*first)})
