"""Depthwise layers that kernels with vectors of channels are checked on."""

import numpy as np
from tests.ops.test_depthwise_conv2d import CASES as OPERATOR_CASES
from tests.ops.test_depthwise_conv2d import depthwise
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import OpCase

from cnnc.ir.types import I8, Activation
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d


def with_weights(weight: I8) -> DepthwiseConv2d:
    """Return a 3x3 convolution whose scales are given, so that weights may be -128."""
    channels = weight.shape[2]
    return DepthwiseConv2d(
        weight=(weight * np.float32(0.01)).astype(np.float32),
        bias=np.linspace(-1, 1, channels, dtype=np.float32),
        activation=Activation.NONE,
        window=depthwise(weight.shape, **ONE_AROUND).window,
        multiplier=1,
        weight_scale=np.full(channels, 0.01, np.float32),
    )


def _largest(channels: int, value: int) -> I8:
    return np.full((3, 3, channels), value, np.int8)


_OPERATOR_NAMES = {
    "channels_15",
    "stride_2_pads_around",
    "asymmetric_pads",
    "dilation",
    "dilation_and_stride",
    "1x1_padded",
    "image_1x1_mostly_padding",
    "batch_2",
    "lowest_zero_points",
    "multiplier_above_one",
}

CASES = [
    *[case for case in OPERATOR_CASES if case.name in _OPERATOR_NAMES],
    *(
        OpCase(
            f"around_{channels}", depthwise((3, 3, channels), **ONE_AROUND), ((1, 4, 9, channels),)
        )
        for channels in (1, 4, 8, 16, 23, 25)
    ),
    *(
        OpCase(
            f"one_column_{channels}",
            depthwise((3, 3, channels), **ONE_AROUND),
            ((1, 5, 1, channels),),
        )
        for channels in (8,)
    ),
    OpCase("divided", depthwise((3, 3, 16), **ONE_AROUND), ((1, 40, 41, 16),)),
    OpCase(
        "divided_stride_2",
        depthwise((3, 3, 20), stride_rows=2, stride_cols=2, pad_bottom=1, pad_right=1),
        ((2, 30, 32, 20),),
    ),
    OpCase(
        "stride_2_of_64",
        depthwise((3, 3, 70), activation=Activation.RELU, stride_rows=2, stride_cols=2),
        ((1, 7, 9, 70),),
    ),
    OpCase("copied_in_bands", depthwise((3, 3, 300), **ONE_AROUND), ((1, 19, 9, 300),)),
    OpCase("5x5", depthwise((5, 5, 17), pad_top=2, pad_left=2, pad_right=2), ((1, 7, 6, 17),)),
    OpCase("1x9", depthwise((1, 9, 16), pad_left=4, pad_right=4), ((1, 2, 11, 16),)),
    OpCase("1x7", depthwise((1, 7, 12), pad_left=3, stride_cols=3), ((1, 2, 14, 12),)),
    OpCase(
        "relu_other_zero_point",
        depthwise((3, 3, 24), activation=Activation.RELU6, **ONE_AROUND),
        ((1, 5, 5, 24),),
        input_ranges=((-3.0, 5.0),),
        output_range=(-4.0, 9.0),
    ),
    OpCase("all_lowest", with_weights(_largest(16, -128)), ((1, 4, 5, 16),)),
    OpCase("all_highest", with_weights(_largest(24, 127)), ((1, 4, 5, 24),)),
    OpCase("four_chains", with_weights(_largest(16, 85)), ((1, 4, 5, 16),)),
    OpCase("two_chains", with_weights(_largest(24, 40)), ((1, 4, 5, 24),)),
]

SINGLE_ROUNDING_CASES = [
    case for case in CASES if case.name in {"around_23", "5x5", "multiplier_above_one"}
]
SEVERAL_FILTERS = next(case for case in OPERATOR_CASES if case.name == "multiplier_2")
