"""Integer layers with chosen dead channels, and the exact comparison before and after removal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from tests.passes.integer_network import FORMAT

from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import I8, Activation, Window
from cnnc.ops._requantize import WeightedFields
from cnnc.ops.add import QuantAdd
from cnnc.ops.clip import QuantClip
from cnnc.ops.conv2d import QuantConv2d
from cnnc.ops.conv_transpose import QuantConvTranspose, TransposedAxis
from cnnc.ops.depthwise_conv2d import QuantDepthwiseConv2d
from cnnc.ops.fully_connected import QuantFullyConnected
from cnnc.passes.optimize import shrink
from cnnc.simulator.channel_removal import ChannelRemovalCheck, check_channel_maps
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.inputs import make_chunk

HALF = 1 << 30
"""Mantissa of 1/2 at shift 0."""
UNIT_SHIFT = 1
"""With ``HALF``: the multiplier 1, so that results are bias + zero point."""
SMALL = Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
POINT = Window(1, 1)


def fields(weight: I8, bias: Sequence[int], shift: int) -> WeightedFields:
    """Return everything but geometry of a layer that multiplies accumulators by 2^(shift - 1)."""
    return WeightedFields(
        weight=weight,
        bias=np.array(bias, np.int32),
        weight_scales=np.ones(len(bias), np.float32),
        multipliers=np.full(len(bias), HALF, np.int32),
        shifts=np.full(len(bias), shift, np.int32),
        input_zero_point=FORMAT.zero_point,
        output_zero_point=FORMAT.zero_point,
        activation=Activation.NONE,
        minimum=-128,
        maximum=127,
    )


def random_weight(seed: int, *shape: int) -> I8:
    """Return weights none of which is zero."""
    generator = np.random.default_rng(seed)
    magnitude = generator.integers(1, 128, shape)
    weight: I8 = np.where(generator.random(shape) < 0.5, magnitude, -magnitude).astype(np.int8)
    return weight


def convolution(
    seed: int,
    inputs: int,
    outputs: int,
    window: Window = POINT,
    dead: Mapping[int, int] | None = None,
) -> QuantConv2d:
    """Return a convolution; ``dead`` gives output channels the constant 2^-7 bias + zero point.

    The weights of dead channels are zero.
    """
    weight = random_weight(seed, outputs, window.kernel_rows, window.kernel_cols, inputs)
    bias = np.random.default_rng(seed).integers(-9, 9, outputs)
    for channel, value in (dead or {}).items():
        weight[channel] = 0
        bias[channel] = (value - FORMAT.zero_point) << 7
    return QuantConv2d(**fields(weight, bias.tolist(), -6), window=window, groups=1)


def transposed(
    seed: int, inputs: int, outputs: int, dead: Mapping[int, int] | None = None
) -> QuantConvTranspose:
    """Return a transposed convolution with 2x3 taps; dead channels as with ``convolution``."""
    axes = (TransposedAxis(2, 1, 1, 1, 0), TransposedAxis(3, 2, 1, 2, -2))
    weight = random_weight(seed, outputs, 2, 3, inputs)
    bias = np.random.default_rng(seed).integers(-9, 9, outputs)
    for channel, value in (dead or {}).items():
        weight[channel] = 0
        bias[channel] = (value - FORMAT.zero_point) << 7
    return QuantConvTranspose(**fields(weight, bias.tolist(), -6), axes=axes, groups=1)


def depthwise(seed: int, inputs: int, window: Window, multiplier: int = 1) -> QuantDepthwiseConv2d:
    """Return a depthwise convolution."""
    outputs = inputs * multiplier
    weight = random_weight(seed, window.kernel_rows, window.kernel_cols, outputs)
    return QuantDepthwiseConv2d(
        **fields(weight, [seed] * outputs, -6), window=window, multiplier=multiplier
    )


def dense(seed: int, inputs: int, outputs: int) -> QuantFullyConnected:
    """Return a fully connected layer."""
    return QuantFullyConnected(**fields(random_weight(seed, outputs, inputs), [5] * outputs, -7))


def table(low: int, high: int) -> QuantClip:
    """Return the table that clamps to an interval."""
    clamped = np.clip(np.arange(-128, 128), low, high).astype(np.int8)
    return QuantClip(clamped, "", low, high)


def addition() -> QuantAdd:
    """Return the mean of two operands."""
    return QuantAdd(
        activation=Activation.NONE,
        minimum=-128,
        maximum=127,
        first_zero_point=FORMAT.zero_point,
        first_multiplier=HALF,
        first_shift=0,
        second_zero_point=FORMAT.zero_point,
        second_multiplier=HALF,
        second_shift=0,
        output_zero_point=FORMAT.zero_point,
        output_multiplier=HALF,
        output_shift=-19,
    )


def removed(model: QuantModel) -> QuantModel:
    """Remove channels; every value that can be restored, and every output, must be as before.

    A second removal must find nothing.
    """
    after = shrink(model)
    if after is model:
        return model
    check_channel_maps(model, after)
    chunk = every_extreme(model)
    computed = make_chunk(after, 0, {}, chunk.inputs)
    check = ChannelRemovalCheck(model, after)
    check.add(chunk, computed)
    result = check.result()
    assert result.bit_exact, result.to_json()
    for port in model.outputs:
        assert np.array_equal(chunk.values[port.value], computed.values[port.value])
    again = replace(after, channel_maps={})
    assert shrink(again) is again
    return after


def every_extreme(model: QuantModel) -> Chunk:
    """Return samples of noise, of the least, of the greatest and of changing extreme values."""
    generator = np.random.default_rng(5)
    inputs: dict[str, I8] = {}
    for port in model.inputs:
        shape = port.storage_shape
        inputs[port.value] = np.concatenate(
            [
                generator.integers(-128, 128, (4, *shape), dtype=np.int8),
                np.full((1, *shape), -128, np.int8),
                np.full((1, *shape), 127, np.int8),
                generator.choice(np.array([-128, 127], np.int8), (4, *shape)),
            ]
        )
    return make_chunk(model, 0, {}, inputs)
