"""Layers by words of weights: what pairs of channels refuse, remainders of blocks, borders."""

from dataclasses import replace
from typing import Unpack

import numpy as np
import pytest
from tests.support.geometry import ONE_AROUND, Geometry
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant_models, check_variants, lowered, refusal

from cnnc.codegen.choose import choose_kernels
from cnnc.codegen.kernel import Lowering
from cnnc.deploy.targets import find_target
from cnnc.ir.op import FloatOp
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Activation, Rounding, Window
from cnnc.ops.conv2d import Conv2d
from cnnc.ops.fully_connected import FullyConnected

CONV2D = "conv2d_words_s8_dsp"
FULLY_CONNECTED = "fully_connected_words_s8_dsp"
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


def rows(count: int, depth: int, outputs: int, activation: Activation = Activation.NONE) -> OpCase:
    op = FullyConnected(
        weight=GENERATOR.normal(size=(outputs, depth)).astype(np.float32),
        bias=GENERATOR.normal(size=outputs).astype(np.float32),
        activation=activation,
    )
    return OpCase(f"{count}x{depth}_{outputs}", op, ((count, depth),), ((-1.0, 0.2),))


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
ROWS = [
    *(rows(1, depth, 5) for depth in range(120, 129)),
    *(rows(2, 206, outputs) for outputs in range(1, 10)),
    rows(3, 400, 3, Activation.RELU6),
]


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_convolutions(rounding: Rounding) -> None:
    check_variants(IMAGES, CONV2D, rounding)


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_rows(rounding: Rounding) -> None:
    check_variants(ROWS, FULLY_CONNECTED, rounding)


def changed(case: OpCase, **fields: object) -> QuantModel:
    """Return a model of one integer layer with other fields."""
    model = quantized_case(case, "double")
    node = model.nodes[0]
    return replace(model, nodes=(replace(node, op=replace(node.op, **fields)),))


def test_extremes() -> None:
    case = rows(1, 1030, 5)
    scales = {
        "multipliers": np.array([2**30, 2**31 - 1, 0, 2**31 - 1, 1518500250], np.int32),
        "shifts": np.array([1, -31, 0, 7, -16], np.int32),
    }
    models = {
        f"{weight}": changed(case, weight=np.full((5, 1030), weight, np.int8))
        for weight in (-128, 127)
    }
    models["bias"] = changed(case, bias=np.full(5, 2**30, np.int32))
    models["scales"] = changed(case, **scales)
    check_variant_models(models, FULLY_CONNECTED)


def chosen(op: FloatOp, shape: tuple[int, ...], **fields: object) -> Lowering:
    model = changed(OpCase("chosen", op, (shape,)), **fields)
    sets = frozenset(find_target("cortex-m4").core.instruction_sets)
    (choice,) = choose_kernels(model, sets)
    return choice.lowering


def test_takes_what_pairs_refuse() -> None:
    deep = np.full((4, 600), 127, np.int8)
    assert chosen(rows(1, 600, 4).op, (1, 600), weight=deep).kernels == (FULLY_CONNECTED,)
    assert chosen(rows(1, 600, 1).op, (1, 600)).kernels == (FULLY_CONNECTED,)
    lowest = np.full((8, 3, 3, 32), -128, np.int8)
    assert chosen(conv2d(8, 32, stride_rows=2), (1, 6, 6, 32), weight=lowest).kernels == (CONV2D,)
    assert chosen(conv2d(16, 64, groups=2), (1, 6, 6, 64)).kernels == (CONV2D,)


def test_leaves_small_layers_to_plain_c() -> None:
    for one in (rows(1, 40, 1), rows(1, 4, 4)):
        assert "plain C is faster" in refusal(one, FULLY_CONNECTED)
    grouped = image("grouped", conv2d(16, 16, groups=2, **ONE_AROUND), 8, 8)
    assert "plain C is faster" in refusal(grouped, CONV2D)


def test_weights_stay_one_byte_each() -> None:
    model = quantized_case(image("one", conv2d(64, 15), 5, 5), "double")
    answer = lowered(model, 0, CONV2D)
    assert isinstance(answer, Lowering)
    assert answer.constant_bytes == 64 * (136 + 9)
    assert answer.scratch_bytes == 3 * 136
