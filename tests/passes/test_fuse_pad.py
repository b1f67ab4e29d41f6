"""Pads go into the windows behind them."""

import logging

import numpy as np
import pytest
from tests.passes.network import Network, assert_fires, assert_idle, conv, depthwise

from cnnc.ir.op import FloatOp
from cnnc.ir.types import Activation, Window, Window3, WindowAxis
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.conv3d import Conv3d
from cnnc.ops.max_pool import MaxPool
from cnnc.ops.pad import Pad
from cnnc.passes.fuse_pad import FUSE_PAD

PAD = Pad((0, 1, 2, 0), (0, 0, 1, 0), 0.0)
WINDOW = Window(3, 3, stride_rows=2, pad_bottom=1)
PADDED = Window(3, 3, stride_rows=2, pad_top=1, pad_bottom=1, pad_left=2, pad_right=1)


@pytest.mark.parametrize("op", [conv(1, 2, 3, WINDOW), depthwise(1, 2, WINDOW)])
def test_enlarges_the_padding_of_a_convolution(op: FloatOp) -> None:
    net = Network(x=(1, 5, 5, 2))
    after = assert_fires(net.model(net.add(op, net.add(PAD, "x"))), [FUSE_PAD], [op.kind])
    assert getattr(after.nodes[0].op, "window", None) == PADDED


def test_enlarges_the_padding_of_a_volume() -> None:
    axis = WindowAxis(2, pad_before=1)
    weight = np.ones((3, 2, 2, 2, 1), np.float32)
    op = Conv3d(weight, np.zeros(3, np.float32), Activation.NONE, Window3(axis, axis, axis), 1)
    net = Network(x=(1, 3, 4, 5, 1))
    value = net.add(op, net.add(Pad((0, 1, 0, 2, 0), (0, 0, 3, 0, 0), 0.0), "x"))
    after = assert_fires(net.model(value), [FUSE_PAD], ["conv3d"])
    assert getattr(after.nodes[0].op, "window", None) == Window3(
        WindowAxis(2, pad_before=2),
        WindowAxis(2, pad_before=1, pad_after=3),
        WindowAxis(2, pad_before=3),
    )


def test_enlarges_the_padding_of_every_reader() -> None:
    net = Network(x=(1, 5, 5, 2))
    padded = net.add(PAD, "x")
    values = net.add(conv(1, 2, 3, WINDOW), padded), net.add(depthwise(5, 2, WINDOW), padded)
    assert_fires(net.model(*values), [FUSE_PAD], ["conv2d", "depthwise_conv2d"])


@pytest.mark.parametrize(
    "pool", [AveragePool(Window(3, 3)), AveragePool(Window(3, 3, pad_right=1), True)]
)
def test_becomes_counted_padding_of_an_average(pool: AveragePool) -> None:
    net = Network(x=(1, 5, 5, 2))
    value = net.add(pool, net.add(Pad((0, 1, 1, 0), (0, 1, 1, 0), 0.0), "x"))
    after = assert_fires(net.model(value), [FUSE_PAD], ["average_pool"])
    assert getattr(after.nodes[0].op, "count_include_pad", None) is True


@pytest.mark.parametrize(
    "pool",
    [
        MaxPool(Window(3, 3)),
        AveragePool(Window(3, 3, pad_top=1)),
        AveragePool(Window(2, 2)),
    ],
    ids=["max", "padding that does not count", "window inside the padding"],
)
def test_other_pools_keep_their_pad(pool: FloatOp) -> None:
    net = Network(x=(1, 5, 5, 2))
    assert_idle(net.model(net.add(pool, net.add(PAD, "x"))), FUSE_PAD)


@pytest.mark.parametrize(
    ("pad", "reason"),
    [
        (Pad((0, 1, 1, 0), (0, 0, 0, 0), 1.0), "pads with 1, not zero"),
        (Pad((0, 1, 1, 1), (0, 0, 0, 0), 0.0), "batch or channel axis"),
    ],
)
def test_other_pads_stay(pad: Pad, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    net = Network(x=(1, 5, 5, 2))
    channels = 2 + pad.before[3]
    model = net.model(net.add(conv(1, channels, 3, WINDOW), net.add(pad, "x")))
    with caplog.at_level(logging.DEBUG):
        assert_idle(model, FUSE_PAD)
    assert "leaves 'v0' as it is" in caplog.text
    assert reason in caplog.text


def test_a_reader_that_cannot_pad_keeps_it() -> None:
    net = Network(x=(1, 5, 5, 2))
    padded = net.add(PAD, "x")
    values = net.add(conv(1, 2, 3, WINDOW), padded), net.add(MaxPool(Window(2, 2)), padded)
    assert_idle(net.model(*values), FUSE_PAD)
