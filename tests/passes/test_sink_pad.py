"""Pads of lines go behind the Reshape that makes them images, and then into the window."""

import logging

import pytest
from tests.passes.network import Network, assert_fires, assert_idle, conv

from cnnc.ir.types import Window
from cnnc.ops.pad import Pad
from cnnc.ops.reshape import Reshape
from cnnc.passes.fuse_pad import FUSE_PAD
from cnnc.passes.sink_pad import SINK_PAD

PAD = Pad((0, 2, 0), (0, 1, 0), 0.0)
ROW = Reshape((1, 1, 8, 2))


def test_goes_behind_the_reshape() -> None:
    net = Network(x=(1, 5, 2))
    value = net.add(ROW, net.add(PAD, "x"))
    after = assert_fires(net.model(value), [SINK_PAD], ["reshape", "pad"])
    assert after.nodes[1].op.output_shape([(1, 1, 5, 2)]) == (1, 1, 8, 2)


def test_then_goes_into_the_window() -> None:
    net = Network(x=(1, 5, 2))
    value = net.add(conv(1, 2, 3, Window(1, 3)), net.add(ROW, net.add(PAD, "x")))
    after = assert_fires(net.model(value), [SINK_PAD, FUSE_PAD], ["reshape", "conv2d"])
    assert getattr(after.nodes[1].op, "window", None) == Window(1, 3, pad_left=2, pad_right=1)


@pytest.mark.parametrize(
    ("pad", "reshape", "reason"),
    [
        (PAD, Reshape((1, 8, 1, 2)), "does more to"),
        (PAD, Reshape((1, 16)), "does more to"),
        (Pad((0, 0, 1, 0), (0, 0, 1, 0), 0.0), Reshape((1, 1, 5, 4, 2)), "does more to"),
    ],
)
def test_other_reshapes_stay(
    pad: Pad, reshape: Reshape, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    net = Network(x=(1, 5, 2, 2) if len(pad.before) == 4 else (1, 5, 2))
    model = net.model(net.add(reshape, net.add(pad, "x")))
    with caplog.at_level(logging.DEBUG):
        assert_idle(model, SINK_PAD)
    assert reason in caplog.text


def test_a_line_that_others_read_stays() -> None:
    net = Network(x=(1, 5, 2))
    padded = net.add(PAD, "x")
    assert_idle(net.model(net.add(ROW, padded), padded), SINK_PAD)
