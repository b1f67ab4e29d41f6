"""Scaling for Thumb-1 at its limits: the largest sums, and shifts that have to be shortened."""

from dataclasses import replace

import numpy as np
import pytest
from tests.ops.test_fully_connected import fully_connected
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant_model, lowered

from cnnc.codegen.kernel import LoweringSite
from cnnc.codegen.packing.thumb_scaling import ThumbScaling, sum_bounds, thumb_scaling
from cnnc.codegen.variants import Refusal
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import I8, I64, Activation, Rounding
from cnnc.ops._requantize import weight_sums
from cnnc.ops.fully_connected import QuantFullyConnected
from cnnc.quantize.fixed_point import Arithmetic
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.reference import run_reference

KERNEL = "fully_connected_quads_s8_armv6m"
CHANNELS, DEPTH = 3, 5
INSTRUCTION_SETS = {"cortex-m0plus": {"armv6m"}, "cortex-m3": {"armv6m", "armv7m"}}
NARROWEST, WIDEST = 2**20, 2**23 - 1


def op_of(model: QuantModel) -> QuantFullyConnected:
    op = model.nodes[0].op
    assert isinstance(op, QuantFullyConnected)
    return op


def with_op(model: QuantModel, op: QuantFullyConnected) -> QuantModel:
    return replace(model, nodes=(replace(model.nodes[0], op=op),))


def layer(rounding: Rounding = "double", activation: Activation = Activation.NONE) -> QuantModel:
    op = fully_connected(CHANNELS, DEPTH, activation=activation)
    return quantized_case(OpCase("limits", op, ((1, DEPTH),)), rounding)


def with_extreme(model: QuantModel, sign: int, magnitude: int) -> QuantModel:
    """Return the model with such biases that each channel's largest or least sum is +-magnitude."""
    op = op_of(model)
    low, high = sum_bounds(op.weight, np.zeros(CHANNELS, np.int64))
    bias = sign * magnitude - (high if sign > 0 else low)
    bias += op.input_zero_point * weight_sums(op.weight, op.channel_axis)
    shifts = np.full(CHANNELS, 1 - magnitude.bit_length() + 6, np.int32)
    return with_op(model, replace(op, bias=bias.astype(np.int32), shifts=shifts))


def extreme_inputs(weight: I8) -> I8:
    """Return the operands of the largest and of the least sum of each channel."""
    largest = np.where(weight > 0, 127, -128)
    least = np.where(weight > 0, -128, 127)
    rows: I8 = np.concatenate([largest, least]).astype(np.int8)
    return np.expand_dims(rows, 1)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("magnitude", [NARROWEST, WIDEST])
def test_sums_reach_the_limit(sign: int, magnitude: int) -> None:
    model = with_extreme(layer(), sign, magnitude)
    inputs = {model.inputs[0].value: extreme_inputs(op_of(model).weight)}
    chunk = Chunk(first=0, real={}, inputs=inputs, values=run_reference(model, inputs))
    check_variant_model("limits", model, KERNEL, chunk)


@pytest.mark.parametrize("core", INSTRUCTION_SETS)
@pytest.mark.parametrize("sign", [1, -1])
def test_refuses_sums_beyond_the_limit(sign: int, core: str) -> None:
    answer = lowered(with_extreme(layer(), sign, WIDEST + 1), 0, KERNEL, core)
    assert isinstance(answer, Refusal)
    assert answer.reason == f"sums reach {WIDEST + 1}"


def rule(scaling: ThumbScaling, sums: I64, channel: int, limits: tuple[int, int]) -> I64:
    """Return what the kernels make of sums, from the constants that they read."""
    _, multiplier, code = (int(value) for value in scaling.channel_data[channel])
    shift = code % 64
    scaled = (sums * multiplier >> (24 if scaling.wide else 20)) + code - shift
    if scaling.wide:
        scaled -= np.where(sums < 0, scaling.sign_unit, 0)
    clipped: I64 = np.clip(scaled >> shift, *limits)
    return clipped


@pytest.mark.parametrize("core", INSTRUCTION_SETS)
@pytest.mark.parametrize("rounding", ["double", "single"])
@pytest.mark.parametrize("activation", [Activation.NONE, Activation.RELU])
def test_constants_give_every_sum_its_result(
    activation: Activation, rounding: Rounding, core: str
) -> None:
    accepted, refused = 0, 0
    for shift in range(-31, 8):
        model = layer(rounding, activation)
        multipliers = np.array([2**30, 2**31 - 1, 1_234_567_891], np.int32)
        shifts = np.array([shift, shift - 1, shift], np.int32).clip(-31)
        op = replace(op_of(model), multipliers=multipliers, shifts=shifts)
        site = LoweringSite(
            inputs=((1, DEPTH),),
            output=(1, CHANNELS),
            instruction_sets=frozenset(INSTRUCTION_SETS[core]),
            rounding=rounding,
        )
        scaling = thumb_scaling(op, site)
        if isinstance(scaling, Refusal):
            refused += 1
            continue
        accepted += 1
        folded = op.bias - op.input_zero_point * weight_sums(op.weight, op.channel_axis)
        for channel, (low, high) in enumerate(
            zip(*sum_bounds(op.weight, folded.astype(np.int64)), strict=True)
        ):
            sums = np.arange(low, high + 1)
            limits = (op.minimum, op.maximum)
            wanted = Arithmetic(rounding).requantize(
                sums, int(multipliers[channel]), int(shifts[channel]), op.output_zero_point, limits
            )
            np.testing.assert_array_equal(rule(scaling, sums, channel, limits), wanted)
    assert accepted > 20
    assert refused > 0
