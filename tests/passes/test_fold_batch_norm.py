"""Affine maps per channel: folded, or lowered and the reason told."""

import logging

import numpy as np
import pytest
from tests.passes.network import (
    Network,
    affine,
    assert_equal,
    assert_fires,
    assert_idle,
    conv,
    dense,
    depthwise,
    kinds,
    random,
)

from cnnc.ir.types import Activation, Window
from cnnc.ops.batch_normalization import ChannelAffine
from cnnc.ops.clip import Clip
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose
from cnnc.passes.fold_batch_norm import FOLD_BATCH_NORM
from cnnc.passes.lower_channel_affine import LOWER_CHANNEL_AFFINE

PADDED = Window(3, 3, pad_top=1, pad_left=1)


def test_folds_into_the_convolution_before() -> None:
    net = Network(x=(1, 5, 5, 2))
    value = net.add(affine(3, 4), net.add(conv(1, 2, 4, PADDED), "x"))
    after = assert_fires(net.model(value), [FOLD_BATCH_NORM], ["conv2d"])
    assert after.nodes[0].sources == ("onnx0", "onnx1")
    assert after.nodes[0].name == "n0"


def test_folds_into_the_depthwise_convolution_before() -> None:
    net = Network(x=(1, 5, 5, 4))
    value = net.add(affine(3, 4), net.add(depthwise(1, 4, PADDED), "x"))
    assert_fires(net.model(value), [FOLD_BATCH_NORM], ["depthwise_conv2d"])


def test_folds_into_the_matrix_product_before() -> None:
    net = Network(x=(2, 6))
    value = net.add(affine(3, 4), net.add(dense(1, 6, 4), "x"))
    assert_fires(net.model(value), [FOLD_BATCH_NORM], ["fully_connected"])


def test_folds_past_a_reshape_that_keeps_channels() -> None:
    net = Network(x=(6, 5))
    rows = net.add(Reshape((1, 6, 4)), net.add(dense(1, 5, 4), "x"))
    value = net.add(affine(3, 4), rows)
    assert_fires(net.model(value), [FOLD_BATCH_NORM], ["fully_connected", "reshape"])


def test_folds_past_two_reshapes_that_keep_channels() -> None:
    net = Network(x=(6, 5))
    rows = net.add(Reshape((1, 6, 4)), net.add(dense(1, 5, 4), "x"))
    value = net.add(affine(3, 4), net.add(Reshape((2, 3, 4)), rows))
    assert_fires(net.model(value), [FOLD_BATCH_NORM], ["fully_connected", "reshape", "reshape"])


def test_stays_behind_a_reshape_that_mixes_channels() -> None:
    net = Network(x=(6, 5))
    value = net.add(affine(3, 8), net.add(Reshape((3, 8)), net.add(dense(1, 5, 4), "x")))
    assert_idle(net.model(value), FOLD_BATCH_NORM)


def test_merges_affine_maps() -> None:
    net = Network(x=(1, 3, 3, 4))
    value = net.add(affine(5, 4), net.add(affine(3, 4), "x"))
    assert_fires(net.model(value), [FOLD_BATCH_NORM], ["channel_affine"])


def test_folds_into_the_layers_behind() -> None:
    net = Network(x=(1, 5, 5, 2))
    scaled = net.add(affine(3, 2), "x")
    first = net.add(conv(1, 2, 4, Window(3, 3)), scaled)
    second = net.add(conv(7, 2, 3, Window(3, 3, stride_rows=2)), scaled)
    after = assert_fires(net.model(first, second), [FOLD_BATCH_NORM], ["conv2d", "conv2d"])
    assert [node.inputs for node in after.nodes] == [("x",), ("x",)]


def test_folds_a_pure_scale_into_a_padded_convolution() -> None:
    net = Network(x=(1, 5, 5, 2))
    scaled = net.add(ChannelAffine(random(3, 2), np.zeros(2, np.float32)), "x")
    value = net.add(conv(1, 2, 4, PADDED), scaled)
    assert_fires(net.model(value), [FOLD_BATCH_NORM], ["conv2d"])


@pytest.mark.parametrize("axes", [(0, 3, 1, 2), (0, 1, 2, 3), (0, 2, 3, 1)])
def test_folds_into_the_matrix_product_behind_flatten(axes: tuple[int, ...]) -> None:
    net = Network(x=(1, 3, 4, 2))
    flat = net.add(Reshape((1, 24)), net.add(Transpose(axes), net.add(affine(3, 2), "x")))
    value = net.add(dense(1, 24, 5), flat)
    assert_fires(net.model(value), [FOLD_BATCH_NORM], ["transpose", "reshape", "fully_connected"])


def test_an_offset_stays_before_a_padded_convolution(caplog: pytest.LogCaptureFixture) -> None:
    net = Network(x=(1, 5, 5, 2))
    value = net.add(conv(1, 2, 4, PADDED), net.add(affine(3, 2), "x"))
    model = net.model(value)
    with caplog.at_level(logging.DEBUG):
        assert_idle(model, FOLD_BATCH_NORM)
    assert "'x' is not computed by a layer" in caplog.text
    assert "'v0' is read by 'n1': its zero padding" in caplog.text


def test_an_activation_in_between_keeps_it_out() -> None:
    net = Network(x=(1, 5, 5, 2))
    clipped = net.add(Clip(0.0, 6.0), net.add(conv(1, 2, 4), "x"))
    assert_idle(net.model(net.add(affine(3, 4), clipped)), FOLD_BATCH_NORM)


def test_a_fused_activation_keeps_it_out() -> None:
    net = Network(x=(1, 5, 5, 2))
    value = net.add(affine(3, 4), net.add(conv(1, 2, 4, activation=Activation.RELU), "x"))
    assert_idle(net.model(value), FOLD_BATCH_NORM)


def test_a_second_reader_of_the_convolution_keeps_it_out() -> None:
    net = Network(x=(1, 5, 5, 2))
    shared = net.add(conv(1, 2, 4), "x")
    assert_idle(net.model(net.add(affine(3, 4), shared), shared), FOLD_BATCH_NORM)


def test_a_reader_without_weights_keeps_it_out() -> None:
    net = Network(x=(1, 5, 5, 2))
    scaled = net.add(affine(3, 2), "x")
    outputs = net.add(conv(1, 2, 4), scaled), net.add(Clip(0.0, 6.0), scaled)
    assert_idle(net.model(*outputs), FOLD_BATCH_NORM)


def test_rows_that_need_different_weights_keep_it_out() -> None:
    net = Network(x=(1, 3, 4, 2))
    rows = net.add(Reshape((2, 12)), net.add(Transpose((0, 3, 1, 2)), net.add(affine(3, 2), "x")))
    assert_idle(net.model(net.add(dense(1, 12, 5), rows)), FOLD_BATCH_NORM)


def test_weights_beyond_float32_keep_it_out() -> None:
    net = Network(x=(1, 5, 5, 2))
    huge = ChannelAffine(np.full(4, 1e38, np.float32), np.zeros(4, np.float32))
    strong = conv(1, 2, 4)
    value = net.add(
        huge, net.add(strong.scale_output(np.full(4, 1e3, np.float32), strong.bias), "x")
    )
    assert_idle(net.model(value), FOLD_BATCH_NORM)


@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 3, 4), (2, 3, 5, 4), (2, 3, 5, 2, 4)])
def test_what_is_left_becomes_a_depthwise_convolution(
    shape: tuple[int, ...], caplog: pytest.LogCaptureFixture
) -> None:
    net = Network(x=shape)
    model = net.model(net.add(affine(3, 4), "x"))
    with caplog.at_level(logging.INFO):
        after = LOWER_CHANNEL_AFFINE.run(model)
    assert_equal(model, after)
    image = len(shape) == 4
    assert kinds(after) == (
        ["depthwise_conv2d"] if image else ["reshape", "depthwise_conv2d", "reshape"]
    )
    assert "'n0' stays a layer of its own" in caplog.text
    assert "'x' is not computed by a layer; 'v0' is an output of the model" in caplog.text
