"""Convolutions by words of weights: what pairs of channels refuse, remainders, borders."""

from typing import Unpack

import numpy as np
import pytest
from tests.support.changed_layers import chosen
from tests.support.geometry import ONE_AROUND, Geometry
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variants, lowered, refusal

from cnnc.codegen.kernel import Lowering
from cnnc.ir.types import Activation, Rounding, Window
from cnnc.ops.conv2d import Conv2d

KERNEL = "conv2d_words_s8_dsp"
GENERATOR = np.random.default_rng(3)


def conv2d(
    outputs: int,
    depth: int,
    kernel: tuple[int, int] = (3, 3),
    groups: int = 1,
    activation: Activation = Activation.NONE,
    **window: Unpack[Geometry],
) -> Conv2d:
    return Conv2d(
        weight=GENERATOR.normal(size=(outputs, *kernel, depth // groups)).astype(np.float32),
        bias=GENERATOR.normal(size=outputs).astype(np.float32),
        activation=activation,
        window=Window(*kernel, **window),
        groups=groups,
    )


def image(name: str, op: Conv2d, rows: int, cols: int, batch: int = 1) -> OpCase:
    shape = (batch, rows, cols, op.weight.shape[3] * op.groups)
    return OpCase(name, op, (shape,), ((-0.4, 1.0),))


IMAGES = [
    *(image(f"channels_{outputs}", conv2d(outputs, 64), 4, 4) for outputs in range(2, 10)),
    *(image(f"depth_{depth}", conv2d(8, depth, (2, 3)), 3, 4) for depth in range(17, 21)),
    image("padded", conv2d(8, 17, **ONE_AROUND), 3, 4, batch=2),
    image("mostly_padding", conv2d(8, 16, pad_top=5, pad_left=6, pad_right=4), 2, 2),
    image("image_1x1", conv2d(8, 16, (5, 3), pad_top=4, pad_left=2, pad_bottom=4), 1, 3),
    image("apart", conv2d(8, 18, dilation_rows=2, dilation_cols=3, **ONE_AROUND), 6, 8),
    image("strided", conv2d(9, 18, stride_rows=2, stride_cols=3, pad_right=1), 7, 8),
    image("strided_pointwise", conv2d(12, 150, (1, 1), stride_rows=2), 5, 3),
    image("groups", conv2d(24, 57, groups=3, **ONE_AROUND), 3, 4, batch=2),
    image("groups_apart", conv2d(16, 70, (2, 2), groups=2, dilation_cols=2), 3, 5),
    image("relu", conv2d(9, 24, activation=Activation.RELU, **ONE_AROUND), 3, 3),
    # Rows times weights.
    image("pointwise", conv2d(5, 67, (1, 1)), 3, 4, batch=2),
    image("whole_image", conv2d(6, 7, (4, 5)), 4, 5, batch=2),
]


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_convolutions(rounding: Rounding) -> None:
    check_variants(IMAGES, KERNEL, rounding)


def test_takes_what_pairs_refuse() -> None:
    lowest = np.full((8, 3, 3, 32), -128, np.int8)
    assert chosen(conv2d(8, 32, stride_rows=2), (1, 6, 6, 32), weight=lowest).kernels == (KERNEL,)
    assert chosen(conv2d(16, 64, groups=2), (1, 6, 6, 64)).kernels == (KERNEL,)


def test_leaves_small_layers_to_plain_c() -> None:
    grouped = image("grouped", conv2d(16, 16, groups=2, **ONE_AROUND), 8, 8)
    assert "plain C is faster" in refusal(grouped, KERNEL)


def test_weights_stay_one_byte_each() -> None:
    model = quantized_case(image("one", conv2d(64, 15), 5, 5), "double")
    answer = lowered(model, 0, KERNEL)
    assert isinstance(answer, Lowering)
    assert answer.constant_bytes == 64 * (136 + 9)
    assert answer.scratch_bytes == 3 * 136
