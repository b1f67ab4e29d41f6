"""Every remainder of the kernels' blocks, and results that take over an operand's memory."""

import numpy as np
import pytest
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import OpCase, check_case

from cnnc.codegen.lower import lower
from cnnc.ir.op import FloatOp
from cnnc.ir.types import F32, Activation, Shape, Window
from cnnc.ops.add import Add
from cnnc.ops.conv2d import Conv2d
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d
from cnnc.ops.fully_connected import FullyConnected
from cnnc.ops.mul import Mul
from cnnc.ops.sigmoid import Sigmoid
from cnnc.ops.softmax import Softmax
from cnnc.ops.tanh import Tanh
from cnnc.resources import tree

SUMS = range(1, 9)
"""Twice the four channels that cnnc_channel_sums_s8 takes at a time."""
DEPTHWISE = range(1, 33)
"""Twice CNNC_DEPTHWISE_CONV2D_S8_BLOCK."""


def random(*shape: int) -> F32:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def conv2d(outputs: int, depth: int, kernel: int) -> Conv2d:
    return Conv2d(
        weight=random(outputs, kernel, kernel, depth),
        bias=random(outputs),
        activation=Activation.NONE,
        window=Window(3, 3, **ONE_AROUND) if kernel == 3 else Window(kernel, kernel),
        groups=1,
    )


def depthwise(channels: int, multiplier: int) -> DepthwiseConv2d:
    return DepthwiseConv2d(
        weight=random(3, 3, channels * multiplier),
        bias=random(channels * multiplier),
        activation=Activation.NONE,
        window=Window(3, 3, **ONE_AROUND),
        multiplier=multiplier,
    )


def fully_connected(outputs: int, inputs: int) -> FullyConnected:
    return FullyConnected(random(outputs, inputs), random(outputs), Activation.NONE)


def scattered(count: int, step: int) -> int:
    """Return a number in 1..8; all of them as count runs over 1..8 (step odd)."""
    return count * step % len(SUMS) + 1


# Channels, pixels and depth each run over all remainders, in another order.
SUM_CASES = [
    case
    for count in SUMS
    for case in (
        OpCase(
            f"conv2d_1x1_{count}",
            conv2d(count, scattered(count, 5), 1),
            ((1, 1, scattered(count, 3), scattered(count, 5)),),
        ),
        OpCase(
            f"conv2d_{count}",
            conv2d(count, scattered(count, 7), 3),
            ((1, 2, scattered(count, 5), scattered(count, 7)),),
        ),
        OpCase(
            f"fully_connected_{count}",
            fully_connected(count, scattered(count, 3)),
            ((scattered(count, 5), scattered(count, 3)),),
        ),
    )
]
DEPTHWISE_CASES = [
    OpCase(f"depthwise_{count}", depthwise(count, 1), ((1, 2, scattered(count, 3), count),))
    for count in DEPTHWISE
]
MULTIPLIERS = range(2, 6)
ELEMENTWISE: tuple[tuple[FloatOp, tuple[Shape, ...]], ...] = (
    (Sigmoid(), ((1, 7),)),
    (Tanh(), ((1, 19),)),
    (Softmax(1), ((3, 7),)),
    (Add(Activation.NONE), ((1, 19), (1, 19))),
    (Mul(Activation.NONE), ((1, 19), (1, 19))),
    # Only the second operand has the result's size.
    (Add(Activation.NONE), ((1, 5), (3, 5))),
    (Mul(Activation.NONE), ((3, 1), (3, 5))),
)


def test_dimensions_cover_every_remainder() -> None:
    for step in (3, 5, 7):
        assert {scattered(count, step) for count in SUMS} == set(SUMS)


def test_depthwise_cases_pass_twice_the_block() -> None:
    header = tree("runtime") / "kernels" / "depthwise_conv2d" / "cnnc_depthwise_conv2d_s8.h"
    block = f"#define CNNC_DEPTHWISE_CONV2D_S8_BLOCK {len(DEPTHWISE) // 2}\n"
    assert block in header.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", [*SUM_CASES, *DEPTHWISE_CASES], ids=str)
def test_remainder(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("multiplier", MULTIPLIERS)
def test_depth_multiplier(multiplier: int) -> None:
    channels = scattered(multiplier, 3)
    name = f"multiplier_{multiplier}"
    check_case(OpCase(name, depthwise(channels, multiplier), ((1, 3, 4, channels),)))


@pytest.mark.parametrize(("op", "shapes"), ELEMENTWISE)
def test_result_in_an_operands_memory(op: FloatOp, shapes: tuple[Shape, ...]) -> None:
    model = check_case(OpCase("in_place", op, shapes))

    plan = lower(model).plan
    assert (
        plan.values["output"].storage == f"input_{len(shapes) - 1 if len(set(shapes)) > 1 else 0}"
    )
    assert plan.values["output"].bytes > 1
