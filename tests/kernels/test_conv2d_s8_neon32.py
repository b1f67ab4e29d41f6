"""Convolution on Armv7-A with NEON: every remainder, borders, extremes of weights and scales."""

import numpy as np
from tests.ops.test_conv2d import CASES as OPERATOR_CASES
from tests.ops.test_conv2d import conv2d
from tests.support.changed_layers import changed
from tests.support.geometry import ONE_AROUND
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant_models, check_variants, lowered, refusal

from cnnc.codegen.kernel import Lowering
from cnnc.ir.types import Activation
from cnnc.ops.conv2d import Conv2d

KERNEL = "conv2d_s8_neon32"


def image(name: str, op: Conv2d, rows: int, cols: int, batch: int = 1) -> OpCase:
    return OpCase(name, op, ((batch, rows, cols, op.weight.shape[3]),), ((-0.4, 1.0),))


LEFT_OUT = {
    *(case.name for case in OPERATOR_CASES if case.name.startswith(("1x1", "groups"))),
    *("3x3", "3x3_same", "kernel_is_image", "relu", "long_depth", "stride_2_pads_around"),
}
"""Groups are refused; the others are much like those here."""

# Outputs, depth and pixels each run over the remainders of their blocks: 4, 32 and 2.
REMAINDERS = [
    image(f"{outputs}_of_{depth}", conv2d((outputs, 1, 2, depth)), rows, 4)
    for outputs, depth, rows in (
        *((outputs, 3 * outputs - 2, 1 + outputs % 3) for outputs in range(1, 13)),
        (4, 8, 2),
        (6, 12, 1),
        (5, 16, 3),
        (7, 20, 2),
        (4, 24, 1),
        (9, 33, 3),
    )
]
IMAGES = [
    *(case for case in OPERATOR_CASES if case.name not in LEFT_OUT),
    image("one_pixel", conv2d((9, 3, 3, 5)), 3, 3),
    image("two_calls", conv2d((6, 5, 5, 20), pad_top=2, pad_left=2, pad_right=2), 10, 9),
    image("two_calls_of_two_channels", conv2d((2, 3, 3, 2), **ONE_AROUND), 10, 9),
    image("strided_pointwise", conv2d((12, 1, 1, 50), stride_rows=2, stride_cols=3), 5, 4),
    image("many_chunks", conv2d((5, 3, 3, 111), **ONE_AROUND), 2, 3),
    image("long_lines", conv2d((4, 2, 2, 200), pad_left=1, dilation_rows=2), 3, 4),
    image("long_taps", conv2d((4, 1, 3, 270), pad_right=2, dilation_cols=2), 1, 4),
    image("beside_the_image", conv2d((5, 2, 2, 3), pad_left=5, pad_right=4, pad_top=2), 2, 2),
    image("apart", conv2d((4, 2, 3, 5), dilation_cols=3, stride_cols=2, **ONE_AROUND), 3, 8),
    image("pointwise", conv2d((5, 1, 1, 67)), 3, 5, batch=2),
    image("relu_padded", conv2d((8, 3, 3, 16), activation=Activation.RELU, **ONE_AROUND), 4, 5),
]


def test_remainders() -> None:
    check_variants(REMAINDERS, KERNEL)


def test_windows() -> None:
    check_variants(IMAGES, KERNEL)


def test_single_rounding() -> None:
    named = [case for case in IMAGES if case.name in {"relu6", "multiplier_above_one"}]
    check_variants([*named, *REMAINDERS[::4]], KERNEL, "single")


def test_extreme_weights_and_scales() -> None:
    small = conv2d((4, 2, 2, 6))
    large = conv2d((5, 1, 2, 1000))
    generator = np.random.default_rng(4)
    mixed = generator.choice(np.array([-128, -1, 0, 1, 127], np.int8), large.weight.shape)
    sparse = generator.integers(-60, 61, large.weight.shape).astype(np.int8)
    sparse[:, 0, 0, 40:48] = 127
    models = {
        f"all_{weight}": changed(
            image("changed", small, 3, 3),
            weight=np.full((4, 2, 2, 6), weight, np.int8),
            input_zero_point=-128,
        )
        for weight in (-128, -127, 127)
    }
    # More than one word of flags, and chunks of both kinds.
    models["mixed"] = changed(image("changed", large, 3, 3), weight=mixed)
    models["sparse"] = changed(image("changed", large, 3, 3), weight=sparse)
    multipliers = np.array([0, 2**30, 2**31 - 1, 0], np.int32)
    models["far_apart"] = changed(
        image("changed", small, 3, 3),
        multipliers=multipliers,
        shifts=np.array([0, -1, -16, -9], np.int32),
    )
    models["left"] = changed(
        image("changed", small, 3, 3), shifts=np.array([1, 0, -3, 2], np.int32)
    )
    check_variant_models(models, KERNEL)


def test_refuses_groups() -> None:
    grouped = OpCase("grouped", conv2d((4, 3, 3, 2), groups=2), ((1, 4, 4, 4),))
    assert "groups" in refusal(grouped, KERNEL)


def test_small_images_take_little_scratch_memory() -> None:
    answer = lowered(quantized_case(image("one", conv2d((6, 3, 3, 8)), 5, 5), "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    # 9 patches of 72 bytes, behind which gathering may write 15, in whole lanes.
    assert answer.scratch_bytes == 9 * 88
    assert answer.over_read_bytes == 15
