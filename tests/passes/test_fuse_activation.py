"""Clips go into the layers before them."""

import math

import pytest
from tests.passes.network import (
    Network,
    assert_fires,
    assert_idle,
    conv,
    dense,
    depthwise,
)

from cnnc.ir.op import FloatOp
from cnnc.ir.types import Activation, Window
from cnnc.ops.add import Add
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.clip import Clip
from cnnc.ops.max_pool import MaxPool
from cnnc.ops.mul import Mul
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose
from cnnc.passes.fuse_activation import FUSE_ACTIVATION

RELU = Clip(0.0, math.inf)
POOL = Window(2, 2, stride_rows=2, stride_cols=2, pad_top=1)


@pytest.mark.parametrize("activation", [Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1])
def test_fuses_into_a_convolution(activation: Activation) -> None:
    net = Network(x=(1, 4, 4, 2))
    value = net.add(Clip(*activation.bounds()), net.add(conv(1, 2, 3), "x"))
    after = assert_fires(net.model(value), [FUSE_ACTIVATION], ["conv2d"])
    op = after.nodes[0].op
    assert getattr(op, "activation", None) is activation
    assert after.nodes[0].sources == ("onnx0", "onnx1")
    assert after.nodes[0].output == value


@pytest.mark.parametrize("op", [depthwise(1, 4, Window(2, 2)), dense(1, 4, 3)])
def test_fuses_into_other_layers_with_weights(op: FloatOp) -> None:
    net = Network(x=(1, 4) if op.kind == "fully_connected" else (1, 4, 4, 4))
    value = net.add(RELU, net.add(op, "x"))
    assert_fires(net.model(value), [FUSE_ACTIVATION], [op.kind])


@pytest.mark.parametrize("op", [Add(), Mul()])
def test_fuses_into_arithmetic(op: FloatOp) -> None:
    net = Network(x=(1, 4), y=(1, 4))
    value = net.add(RELU, net.add(op, "x", "y"))
    assert_fires(net.model(value), [FUSE_ACTIVATION], [op.kind])


def test_intersects_with_the_activation_that_is_there() -> None:
    net = Network(x=(1, 4, 4, 2))
    relu = net.add(conv(1, 2, 3, activation=Activation.RELU), "x")
    after = assert_fires(
        net.model(net.add(Clip(-math.inf, 6.0), relu)), [FUSE_ACTIVATION], ["conv2d"]
    )
    assert getattr(after.nodes[0].op, "activation", None) is Activation.RELU6


@pytest.mark.parametrize(
    "between", [MaxPool(POOL), Reshape((1, 48)), Transpose((0, 3, 1, 2))], ids=lambda op: op.kind
)
def test_passes_through_pools_and_moves(between: FloatOp) -> None:
    net = Network(x=(1, 4, 4, 2))
    value = net.add(RELU, net.add(between, net.add(conv(1, 2, 3), "x")))
    assert_fires(net.model(value), [FUSE_ACTIVATION], ["conv2d", between.kind])


def test_passes_through_a_pool_and_a_move() -> None:
    net = Network(x=(1, 4, 4, 2))
    pooled = net.add(MaxPool(Window(2, 2)), net.add(conv(1, 2, 3), "x"))
    value = net.add(RELU, net.add(Reshape((1, 27)), pooled))
    assert_fires(net.model(value), [FUSE_ACTIVATION], ["conv2d", "max_pool", "reshape"])


def test_stays_behind_an_average() -> None:
    net = Network(x=(1, 4, 4, 2))
    pooled = net.add(AveragePool(Window(2, 2)), net.add(conv(1, 2, 3), "x"))
    assert_idle(net.model(net.add(RELU, pooled)), FUSE_ACTIVATION)


def test_merges_clips() -> None:
    net = Network(x=(1, 4))
    value = net.add(Clip(-1.0, 0.5), net.add(Clip(0.0, math.inf), "x"))
    after = assert_fires(net.model(value), [FUSE_ACTIVATION], ["clip"])
    op = after.nodes[0].op
    assert isinstance(op, Clip)
    assert (op.low, op.high) == (0.0, 0.5)


def test_disjoint_clips_stay() -> None:
    net = Network(x=(1, 4))
    value = net.add(Clip(2.0, 3.0), net.add(Clip(0.0, 1.0), "x"))
    assert_idle(net.model(value), FUSE_ACTIVATION)


def test_a_clip_to_everything_vanishes() -> None:
    net = Network(x=(1, 4))
    value = net.add(RELU, net.add(Clip(-math.inf, math.inf), "x"))
    assert_fires(net.model(value), [FUSE_ACTIVATION], ["clip"])


@pytest.mark.parametrize("bounds", [(0.0, 5.0), (-2.0, 2.0), (0.1, math.inf)])
def test_other_bounds_stay(bounds: tuple[float, float]) -> None:
    net = Network(x=(1, 4, 4, 2))
    assert_idle(net.model(net.add(Clip(*bounds), net.add(conv(1, 2, 3), "x"))), FUSE_ACTIVATION)


def test_a_second_reader_keeps_it_out() -> None:
    net = Network(x=(1, 4, 4, 2))
    shared = net.add(conv(1, 2, 3), "x")
    outputs = net.add(RELU, shared), net.add(conv(3, 3, 2), shared)
    assert_idle(net.model(*outputs), FUSE_ACTIVATION)


def test_an_output_of_the_model_is_a_reader() -> None:
    net = Network(x=(1, 4, 4, 2))
    shared = net.add(conv(1, 2, 3), "x")
    assert_idle(net.model(net.add(RELU, shared), shared), FUSE_ACTIVATION)
