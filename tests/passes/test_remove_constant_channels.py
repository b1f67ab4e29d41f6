"""Channels that always hold one value: which can go, and which only look like it."""

from dataclasses import replace

import numpy as np
import pytest
from tests.passes.channel_network import (
    POINT,
    SMALL,
    UNIT_SHIFT,
    addition,
    convolution,
    dense,
    depthwise,
    fields,
    random_weight,
    removed,
    table,
)
from tests.passes.integer_network import FORMAT, OTHER, IntegerNetwork, random_int8

from cnnc.ir.channels import ChannelMap
from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Activation, ElementType, Quantization, Window
from cnnc.ops.arg_max import ArgMax
from cnnc.ops.average_pool import QuantAveragePool
from cnnc.ops.concat import Concat, QuantConcat
from cnnc.ops.conv2d import QuantConv2d
from cnnc.ops.fully_connected import QuantFullyConnected
from cnnc.ops.max_pool import QuantMaxPool
from cnnc.ops.mean import QuantMean
from cnnc.ops.mul import QuantMul
from cnnc.ops.pad import QuantPad
from cnnc.ops.reshape import QuantReshape
from cnnc.ops.slice import Slice
from cnnc.ops.transpose import QuantTranspose
from cnnc.passes.optimize import shrink
from cnnc.quantize.quantize import quantize
from cnnc.quantize.ranges import ValueRange, ValueRanges
from cnnc.simulator.reference import run_reference

ZERO = FORMAT.zero_point
IMAGE = (1, 5, 6, 3)


def started(dead: dict[int, int], channels: int = 4) -> tuple[IntegerNetwork, str]:
    """Return a network whose first layer has constant channels, and that layer's result."""
    net = IntegerNetwork(IMAGE)
    return net, net.add(convolution(1, IMAGE[-1], channels, SMALL, dead), FORMAT, "x")


def finished(net: IntegerNetwork, value: str, channels: int, seed: int = 9) -> QuantModel:
    """Return the network with a pointwise convolution as its last layer, after removal."""
    return removed(net.model(net.add(convolution(seed, channels, 2), FORMAT, value)))


def kept(model: QuantModel, value: str) -> list[int]:
    """Return the channels of a value that are still computed."""
    channels = model.channel_maps.get(value)
    if channels is None:
        return list(range(model.values[value].shape[-1]))
    return [int(index) for index in channels.kept]


def test_a_constant_moves_into_the_bias() -> None:
    net, value = started({1: 77, 3: ZERO})
    last = convolution(2, 4, 2)
    after = removed(net.model(net.add(last, FORMAT, value)))
    assert kept(after, value) == [0, 2]
    channels = after.channel_maps[value]
    assert (channels.constant.tolist(), channels.constants.tolist()) == ([1, 3], [77, ZERO])
    op = after.nodes[1].op
    assert isinstance(op, QuantConv2d)
    assert np.array_equal(op.weight, last.weight[..., [0, 2]])
    assert np.array_equal(op.bias, last.bias + (77 - ZERO) * last.weight[:, 0, 0, 1].astype(int))


@pytest.mark.parametrize(
    ("value", "window", "left"),
    [
        (ZERO, SMALL, [0, 2]),
        (ZERO + 1, SMALL, [0, 1, 2]),
        (ZERO + 1, Window(3, 3), [0, 2]),
        # Padding that no window reaches.
        (ZERO + 1, Window(3, 3, stride_rows=2, stride_cols=3, pad_bottom=1, pad_right=2), [0, 2]),
        # Only ever one tap in the image, and the same for all pixels.
        (ZERO + 1, Window(1, 3, 1, 1, 1, 9, 0, 0, 9, 9), [0, 2]),
    ],
)
def test_padding_is_the_zero_point(value: int, window: Window, left: list[int]) -> None:
    net, first = started({1: value}, channels=3)
    result = net.add(convolution(2, 3, 2, window), FORMAT, first)
    assert kept(removed(net.model(result)), first) == left


def test_border_taps_of_weight_zero_see_no_difference() -> None:
    net, first = started({1: 50}, channels=3)
    last = convolution(2, 3, 2, SMALL)
    last.weight[:, [0, 2], :, 1] = 0
    last.weight[:, :, [0, 2], 1] = 0
    assert kept(removed(net.model(net.add(last, FORMAT, first))), first) == [0, 2]


def test_taps_that_cancel_at_the_border_only_for_one_output_are_kept() -> None:
    net, first = started({1: 50}, channels=3)
    last = convolution(2, 3, 2, Window(1, 3, pad_left=1, pad_right=1))
    last.weight[:, 0, :, 1] = [0, 9, 0]
    last.weight[1, 0, 0, 1] = 1
    assert removed(net.model(net.add(last, FORMAT, first))).channel_maps == {}


def test_the_same_value_in_a_depthwise_layer_differs_at_the_border() -> None:
    net, first = started({0: ZERO, 1: 90, 2: 127}, channels=4)
    middle = net.add(depthwise(2, 4, SMALL), FORMAT, first)
    after = finished(net, middle, 4)
    # Channel 1 and 2 are constant before the depthwise layer but not after it.
    assert kept(after, first) == kept(after, middle) == [1, 2, 3]
    net, first = started({0: ZERO, 1: 90, 2: 127}, channels=4)
    middle = net.add(depthwise(2, 4, Window(3, 3)), FORMAT, first)
    after = finished(net, middle, 4)
    assert kept(after, first) == kept(after, middle) == [3]


def test_several_filters_of_a_channel_stay_together() -> None:
    net, first = started({0: ZERO}, channels=3)
    op = depthwise(2, 3, SMALL, multiplier=2)
    op.weight[:, :, 3] = 0
    middle = net.add(op, FORMAT, first)
    after = finished(net, middle, 6)
    assert kept(after, first) == [1, 2]
    assert kept(after, middle) == [2, 3, 4, 5]


def test_a_column_of_zero_weights_makes_a_channel_unread() -> None:
    net, first = started({}, channels=3)
    last = convolution(2, 3, 2)
    last.weight[..., 2] = 0
    after = removed(net.model(net.add(last, FORMAT, first)))
    channels = after.channel_maps[first]
    assert (channels.kept.tolist(), channels.constant.tolist()) == ([0, 1], [])
    assert channels.known.tolist() == [True, True, False]
    computed = random_int8(1, 2, 1, 5, 6, 2)
    expanded = channels.expand(computed, 2)
    assert np.array_equal(expanded[..., :2], computed)
    assert not expanded[..., 2].any()


def test_saturated_channels_are_constant_and_nearly_saturated_ones_are_not() -> None:
    # acc = bias + w (q - z) with q - z in [-131, 124], w = 1, multiplier 1, clamped at 127.
    weight = np.ones((3, 1, 1, 1), np.int8)
    top = 127 - ZERO
    bias = [top + 131, top + 130, -128 - ZERO - 124]
    op = QuantConv2d(**fields(weight, bias, UNIT_SHIFT), window=POINT, groups=1)
    net = IntegerNetwork((1, 2, 2, 1))
    first = net.add(op, FORMAT, "x")
    after = finished(net, first, 3)
    assert kept(after, first) == [1]
    assert after.channel_maps[first].constants.tolist() == [127, -128]


def test_nothing_is_concluded_where_int32_wraps_around() -> None:
    weight = np.full((2, 1, 1, 1), 127, np.int8)
    op = QuantConv2d(**fields(weight, [0, 2**30], 16), window=POINT, groups=1)
    net = IntegerNetwork((1, 2, 2, 1))
    first = net.add(op, FORMAT, "x")
    assert finished(net, first, 2).channel_maps == {}


def test_a_bias_near_int32_takes_nothing_over() -> None:
    net, first = started({1: 127}, channels=2)
    op = convolution(2, 2, 2)
    op.weight[:, 0, 0, 1] = 127
    op.bias[:] = 2**31 - 1000
    assert removed(net.model(net.add(op, FORMAT, first))).channel_maps == {}


def test_tables_make_and_pass_on_constants() -> None:
    net, first = started({1: 20})
    second = net.add(table(0, 40), FORMAT, first)
    third = net.add(table(40, 90), FORMAT, second)
    after = finished(net, third, 4)
    # All of the third is 40: only a constant is left of it.
    assert [node.name for node in after.nodes] == ["n3"]
    assert after.constants[third].tolist() == np.full((1, 5, 6, 1), 40).tolist()
    assert kept(after, first) == kept(after, second) == kept(after, third) == []


def test_a_requantize_passes_on_constants() -> None:
    net, first = started({1: 20})
    second = net.requantize(OTHER, first)
    last = replace(convolution(3, 4, 2), input_zero_point=OTHER.zero_point)
    after = removed(net.model(net.add(last, FORMAT, second)))
    assert kept(after, first) == kept(after, second) == [0, 2, 3]


def test_a_sum_loses_only_what_is_constant_in_both() -> None:
    net = IntegerNetwork(IMAGE)
    first = net.add(convolution(1, 3, 4, dead={0: 5, 1: 9}), FORMAT, "x")
    second = net.add(convolution(2, 3, 4, dead={1: 60, 3: -7}), FORMAT, "x")
    total = net.add(addition(), FORMAT, first, second)
    after = finished(net, total, 4)
    assert kept(after, first) == kept(after, second) == kept(after, total) == [0, 2, 3]


def test_a_channel_that_another_reader_needs_stays_in_the_sum() -> None:
    net = IntegerNetwork(IMAGE)
    first = net.add(convolution(1, 3, 3, dead={0: 5, 1: 9}), FORMAT, "x")
    second = net.add(convolution(2, 3, 3, dead={0: 5, 1: 60}), FORMAT, "x")
    total = net.add(addition(), FORMAT, first, second)
    bordered = net.add(convolution(3, 3, 2, SMALL), FORMAT, first)
    last = net.add(convolution(4, 3, 2), FORMAT, total)
    after = removed(net.model(bordered, last))
    assert after.channel_maps == {}


def test_operands_that_repeat_and_constant_operands() -> None:
    net, first = started({1: 20, 2: -5})
    per_channel = net.constant(random_int8(1, 1, 1, 1, 4))
    scalar = net.constant(random_int8(2, 1))
    value = net.add(addition(), FORMAT, first, per_channel)
    value = net.add(_product(), FORMAT, value, scalar)
    column = net.add(QuantMean((3,), True, ZERO, ZERO, 1 << 30, -1), FORMAT, "x")
    value = net.add(addition(), FORMAT, value, column)
    after = finished(net, value, 4)
    # The column varies, so what is added to it varies again.
    assert kept(after, value) == kept(after, first) == [0, 1, 2, 3]
    net, first = started({1: 20, 2: -5})
    per_channel = net.constant(random_int8(1, 1, 1, 1, 4))
    after = finished(net, net.add(_product(), FORMAT, first, per_channel), 4)
    assert kept(after, first) == [0, 3]
    assert after.constants[per_channel].shape == (1, 1, 1, 2)


def test_a_product_with_the_zero_point_is_constant() -> None:
    net, first = started({1: ZERO})
    other = net.add(convolution(3, 3, 4, SMALL), FORMAT, "x")
    after = finished(net, net.add(_product(), FORMAT, first, other), 4)
    assert kept(after, first) == kept(after, other) == [0, 2, 3]


def _product() -> QuantMul:
    return QuantMul(
        activation=Activation.NONE,
        minimum=-128,
        maximum=127,
        first_zero_point=ZERO,
        second_zero_point=ZERO,
        output_zero_point=ZERO,
        multiplier=1 << 30,
        shift=-5,
    )


def test_concat_along_channels_loses_parts_and_whole_operands() -> None:
    net = IntegerNetwork(IMAGE)
    parts = [
        net.add(convolution(1, 3, 2, dead={1: 9}), FORMAT, "x"),
        net.add(convolution(2, 3, 1, dead={0: 9}), FORMAT, "x"),
        net.add(convolution(3, 3, 2, dead={0: 0}), FORMAT, "x"),
    ]
    joined = net.add(QuantConcat(3), FORMAT, *parts)
    after = finished(net, joined, 5)
    # One channel of each operand stays, so that the operands remain tensors.
    assert kept(after, joined) == [0, 2, 4]
    assert [kept(after, part) for part in parts] == [[0], [], [1]]
    assert after.constants[parts[1]].shape == (1, 5, 6, 1)


def test_concat_along_rows_keeps_what_differs_between_operands() -> None:
    net = IntegerNetwork(IMAGE)
    parts = [
        net.add(convolution(1, 3, 3, dead={0: 4, 1: 9}), FORMAT, "x"),
        net.add(convolution(2, 3, 3, dead={0: 4, 1: 8}), FORMAT, "x"),
    ]
    joined = net.add(QuantConcat(1), FORMAT, *parts)
    after = finished(net, joined, 3)
    assert kept(after, joined) == kept(after, parts[0]) == kept(after, parts[1]) == [1, 2]


PADDED = Window(3, 3, 2, 2, 1, 1, 1, 1, 1, 1)


@pytest.mark.parametrize(
    ("op", "left"),
    [
        (QuantMaxPool(PADDED), [0, 3]),
        (QuantAveragePool(PADDED, False, (), ZERO), [0, 3]),
        # Padding that counts pulls a constant towards the zero point at the border.
        (QuantAveragePool(PADDED, True, (), ZERO), [0, 1, 3]),
        (QuantAveragePool(Window(2, 2), True, (), ZERO), [0, 3]),
        (QuantPad((0, 1, 0, 0), (0, 0, 2, 0), ZERO), [0, 1, 3]),
        (QuantPad((0, 1, 0, 0), (0, 0, 2, 0), -100), [0, 2, 3]),
        (QuantTranspose((0, 2, 1, 3)), [0, 3]),
        (QuantMean((1, 2), True, ZERO, ZERO, 1 << 30, -3), [0, 3]),
        (QuantReshape((1, 3, 10, 4)), [0, 3]),
        (QuantReshape((1, 30, 1, 4)), [0, 3]),
    ],
)
def test_layers_that_treat_each_channel_alone(op: QuantMaxPool, left: list[int]) -> None:
    net, first = started({1: -100, 2: ZERO})
    moved = net.add(op, FORMAT, first)
    after = finished(net, moved, 4)
    assert kept(after, first) == kept(after, moved) == left


@pytest.mark.parametrize(
    "op",
    [
        QuantPad((0, 0, 0, 1), (0, 0, 0, 0), ZERO),
        QuantTranspose((0, 1, 3, 2)),
        QuantReshape((1, 4, 5, 6)),
        QuantMean((3,), True, ZERO, ZERO, 1 << 30, -1),
    ],
)
def test_layers_that_mix_channels_keep_all(op: QuantPad) -> None:
    net, first = started({1: -100, 2: ZERO})
    moved = net.add(op, FORMAT, first)
    last = convolution(9, op.output_shape([(1, 5, 6, 4)])[-1], 2)
    assert removed(net.model(net.add(last, FORMAT, moved))).channel_maps == {}


def test_flattening_drops_a_channel_at_every_pixel() -> None:
    net, first = started({1: 33})
    flat = net.add(QuantReshape((1, 120)), FORMAT, first)
    last = dense(3, 120, 2)
    # One pixel of channel 3 is read, so the channel stays at all pixels.
    last.weight[:, 7:120:4] = 0
    after = removed(net.model(net.add(last, FORMAT, flat)))
    assert kept(after, first) == [0, 2, 3]
    assert after.values[flat].shape == (1, 90)
    op = after.nodes[-1].op
    assert isinstance(op, QuantFullyConnected)
    assert op.weight.shape == (2, 90)


def test_a_flat_vector_becomes_an_image_again() -> None:
    net = IntegerNetwork((1, 7))
    op = dense(1, 7, 12)
    op.weight[[1, 4, 7, 10]] = 0
    op.bias[[1, 4, 7, 10]] = 70
    flat = net.add(op, FORMAT, "x")
    image = net.add(QuantReshape((1, 2, 2, 3)), FORMAT, flat)
    after = finished(net, image, 3)
    assert kept(after, image) == [0, 2]
    assert kept(after, flat) == [0, 2, 3, 5, 6, 8, 9, 11]


def test_a_grouped_convolution_keeps_all_its_channels() -> None:
    net, first = started({1: 20, 2: ZERO})
    grouped = QuantConv2d(
        **fields(random_weight(3, 4, 1, 1, 2), [0, 1, 2, 3], -6), window=POINT, groups=2
    )
    value = net.add(grouped, FORMAT, first)
    assert finished(net, value, 4).channel_maps == {}


def test_inputs_and_outputs_of_the_model_keep_all_channels() -> None:
    net = IntegerNetwork(IMAGE)
    first = net.add(convolution(1, 3, 4, dead={0: 1, 2: 9}), FORMAT, "x")
    last = net.add(convolution(2, 4, 2, dead={0: 8, 1: 9}), FORMAT, first)
    assert removed(net.model(first, last)).channel_maps == {}
    model = net.model(last)
    after = removed(model)
    # The outputs are constant: the layer stays, on an operand of one channel that is stored.
    assert [node.name for node in after.nodes] == ["n1"]
    assert after.constants[first].shape == (1, 5, 6, 1)
    assert after.inputs == model.inputs


def test_a_model_without_constant_channels_is_left_alone() -> None:
    net, first = started({})
    model = net.model(net.add(convolution(3, 4, 2), FORMAT, first))
    assert removed(model) is model


def test_single_rounding_is_proven_by_its_own_rule() -> None:
    # 1/4 of acc = -2: double rounding gives -1, single rounding gives 0.
    op = QuantConv2d(**fields(np.zeros((2, 1, 1, 3), np.int8), [-2, 6], -1), window=POINT, groups=1)
    net = IntegerNetwork(IMAGE)
    first = net.add(op, Quantization(0.5, ZERO), "x")
    model = net.model(net.add(convolution(2, 2, 2, dead={}), FORMAT, first))
    double = removed(model).channel_maps[first].constants.tolist()
    single = removed(replace(model, rounding="single")).channel_maps[first].constants.tolist()
    assert (double, single) == ([ZERO - 1, ZERO + 2], [ZERO, ZERO + 2])


@pytest.mark.parametrize(
    ("indices", "constant", "constants"),
    [([0, 4], [], []), ([-1], [], []), ([0], [0], [1]), ([0, 0], [], []), ([0], [1], [])],
)
def test_a_map_of_impossible_channels_is_refused(
    indices: list[int], constant: list[int], constants: list[int]
) -> None:
    with pytest.raises(ValueError, match="constant"):
        ChannelMap(
            (1, 4),
            np.array(indices, np.int32),
            np.array(constant, np.int32),
            np.array(constants, np.int8),
        )


def test_integers_that_are_no_int8_stay() -> None:
    ports = {
        name: Port(name, name, shape, (0, 1)) for name, shape in (("x", (1, 5)), ("y", (1, 2)))
    }
    nodes = (
        FloatNode("search", ArgMax(1, keep_dims=True), ("x",), "place"),
        FloatNode("join", Concat(axis=1), ("thousands", "place"), "joined"),
        FloatNode("cut", Slice((0, 0), (1, 1), (1, 2)), ("joined",), "y"),
    )
    model = FloatModel(
        name="indices",
        inputs=(ports["x"],),
        outputs=(ports["y"],),
        nodes=nodes,
        constants={"thousands": np.array([[1000, 1000]], np.int32)},
        shapes={"x": (1, 5), "place": (1, 1), "thousands": (1, 2), "joined": (1, 3), "y": (1, 2)},
        types=dict.fromkeys(("place", "thousands", "joined", "y"), ElementType.INT32),
    )
    spans = dict.fromkeys(model.shapes, ValueRange(-1.0, 1.0))
    ranges = ValueRanges(spans, samples=1, method="minmax")
    after = shrink(quantize(model, ranges))
    found = run_reference(after, {"x": random_int8(1, 2, 1, 5)})
    assert found["y"].tolist() == [[[1000, 1000]]] * 2
