"""Fully connected layer with two channels in a word: runs, remainders, scaling."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variant, refusal

from cnnc.ir.types import Activation
from cnnc.ops.fully_connected import FullyConnected
from cnnc.ops.fully_connected.variants.fully_connected_lanes_s8_armv6m import run_lengths

KERNEL = "fully_connected_lanes_s8_armv6m"


def quiet(
    depth: int, channels: int, activation: Activation = Activation.RELU, loud: int = 0
) -> FullyConnected:
    """Return a layer whose weights are small but for one; those of the first channels are not."""
    generator = np.random.default_rng(0)
    weight = generator.normal(size=(channels, depth)) / 20
    weight[:, depth // 2] = 1.0
    weight[:loud] = 1.0
    return FullyConnected(
        weight=weight.astype(np.float32),
        bias=generator.normal(size=channels).astype(np.float32),
        activation=activation,
    )


CASES = [
    *(OpCase(f"{depth}_taps", quiet(depth, 5), ((1, depth),)) for depth in (1, 3, 4, 5, 64, 131)),
    *(OpCase(f"{count}_channels", quiet(40, count), ((1, 40),)) for count in (1, 2, 3, 4, 8, 11)),
    OpCase("some_without_runs", quiet(40, 11, loud=4), ((1, 40),)),
    OpCase("rows", quiet(40, 6), ((3, 40),)),
    OpCase("signed", quiet(100, 6, Activation.NONE), ((1, 100),)),
    OpCase("wide", quiet(9000, 3, Activation.NONE), ((1, 9000),)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bytes_are_the_references(case: OpCase) -> None:
    check_variant(case, KERNEL)


@pytest.mark.parametrize("case", CASES[-2:], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_variant(case, KERNEL, "single")


def test_refuses_large_weights() -> None:
    case = OpCase("loud", quiet(40, 4, loud=4), ((1, 40),))
    assert refusal(case, KERNEL) == "the magnitudes of four weights add up to more than 255"


def test_runs_are_the_longest_that_all_four_channels_permit() -> None:
    weight = np.ones((4, 32), np.int8)
    weight[2] = 16  # 64 in four taps: three fours make 192, four make 256.
    assert run_lengths(weight).tolist() == [3]
    weight[2, :4] = 127
    assert run_lengths(weight).tolist() == [0]
