"""Fully connected layer with unsigned weights: remainders of channels and taps, scaling."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant

from cnnc.ir.types import Activation
from cnnc.ops.fully_connected import FullyConnected
from cnnc.ops.fully_connected.variants.fully_connected_quads_s8_armv6m import packed_weights

KERNEL = "fully_connected_quads_s8_armv6m"


def dense(depth: int, channels: int, activation: Activation = Activation.RELU) -> FullyConnected:
    generator = np.random.default_rng(0)
    return FullyConnected(
        weight=generator.normal(size=(channels, depth)).astype(np.float32),
        bias=generator.normal(size=channels).astype(np.float32),
        activation=activation,
    )


CASES = [
    *(OpCase(f"{depth}_taps", dense(depth, 5), ((1, depth),)) for depth in (1, 3, 4, 5, 8, 12, 65)),
    *(OpCase(f"{count}_channels", dense(9, count), ((1, 9),)) for count in (1, 2, 3, 4, 8, 11)),
    OpCase("rows", dense(10, 6), ((3, 10),)),
    OpCase("signed", dense(33, 6, Activation.NONE), ((1, 33),)),
    OpCase("wide", dense(2000, 3, Activation.NONE), ((1, 2000),)),
    OpCase(
        "offset_formats",
        dense(12, 6, Activation.NONE),
        ((1, 12),),
        ((0.0, 3.0),),
        output_range=(-0.5, 0.1),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bytes_are_the_references(case: OpCase) -> None:
    check_variant(case, KERNEL)


@pytest.mark.parametrize("case", CASES[-3:], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_variant(case, KERNEL, "single")


def test_weights_are_packed_by_four_channels_and_four_taps() -> None:
    weight = np.arange(2 * 5, dtype=np.int8).reshape(2, 5)
    packed = packed_weights(weight).astype(int) - 128
    assert packed.reshape(2, 4, 4)[0, :2].tolist() == [[0, 1, 2, 3], [5, 6, 7, 8]]
    assert packed.reshape(2, 4, 4)[1, :2].tolist() == [[4, 0, 0, 0], [9, 0, 0, 0]]
