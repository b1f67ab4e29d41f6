"""Convolution with two pixels in a word: edges of its blocks, groups, runs and scaling."""

from typing import Unpack

import numpy as np
import pytest
from tests.support.geometry import ONE_AROUND, Geometry
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant, lowered, refusal

from cnnc.codegen.choose import Choice
from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.lower import build_program
from cnnc.codegen.packing import thumb_pairs
from cnnc.ir.types import F32, Activation, Shape, Window
from cnnc.ops.conv2d import Conv2d, QuantConv2d
from cnnc.ops.conv2d.variants.conv2d_pairs_s8_armv6m import VARIANT

KERNEL = "conv2d_pairs_s8_armv6m"


def conv2d(
    weight_shape: Shape,
    groups: int = 1,
    activation: Activation = Activation.RELU,
    weight: F32 | None = None,
    **window: Unpack[Geometry],
) -> Conv2d:
    generator = np.random.default_rng(0)
    return Conv2d(
        weight=generator.normal(size=weight_shape).astype(np.float32) if weight is None else weight,
        bias=generator.normal(size=weight_shape[0]).astype(np.float32),
        activation=activation,
        window=Window(weight_shape[1], weight_shape[2], **window),
        groups=groups,
    )


def _loud(channels: int, depth: int) -> F32:
    """Return weights that quantize to -127 and 127, so that runs have two taps or one."""
    signs = np.random.default_rng(1).choice([-1.0, 1.0], size=(channels, 1, 1, depth))
    return signs.astype(np.float32)


def _quiet(channels: int, depth: int) -> F32:
    """Return weights of which all but one are small, so that runs are as long as can be."""
    weight = np.random.default_rng(1).normal(size=(channels, 1, 1, depth)) / 100
    weight[..., depth // 2] = 1.0
    return weight.astype(np.float32)


CASES = [
    *(
        OpCase(f"{pixels}_pixels", conv2d((3, 1, 1, 5)), ((1, 1, pixels, 5),))
        for pixels in (2, 5, 8, 11)
    ),
    *(
        OpCase(f"{channels}_channels", conv2d((channels, 1, 1, 7)), ((1, 3, 3, 7),))
        for channels in (1, 15, 40)
    ),
    *(
        OpCase(f"{depth}_taps", conv2d((5, 1, 1, depth)), ((1, 2, 4, depth),))
        for depth in (1, 12, 129)
    ),
    OpCase("loud", conv2d((9, 1, 1, 33), weight=_loud(9, 33)), ((1, 4, 4, 33),)),
    OpCase("quiet", conv2d((9, 1, 1, 250), weight=_quiet(9, 250)), ((1, 3, 4, 250),)),
    OpCase(
        "zeros", conv2d((4, 1, 1, 6), weight=np.zeros((4, 1, 1, 6), np.float32)), ((1, 3, 3, 6),)
    ),
    OpCase("batch", conv2d((6, 1, 1, 4)), ((3, 3, 3, 4),)),
    OpCase("1x1_stride", conv2d((6, 1, 1, 4), stride_rows=2, stride_cols=3), ((1, 7, 8, 4),)),
    OpCase("3x3", conv2d((6, 3, 3, 2)), ((1, 6, 7, 2),)),
    OpCase("3x3_around", conv2d((6, 3, 3, 3), **ONE_AROUND), ((1, 6, 7, 3),)),
    OpCase(
        "stride_2_pads_after",
        conv2d((6, 3, 3, 3), stride_rows=2, stride_cols=2, pad_bottom=1, pad_right=1),
        ((1, 8, 6, 3),),
    ),
    OpCase("dilated", conv2d((4, 3, 3, 2), dilation_rows=2, dilation_cols=2), ((1, 8, 9, 2),)),
    OpCase("column", conv2d((4, 5, 1, 2), dilation_cols=3, pad_top=2), ((1, 8, 9, 2),)),
    OpCase("signed", conv2d((6, 3, 3, 4), activation=Activation.NONE), ((1, 6, 6, 4),)),
    OpCase("wide", conv2d((3, 3, 3, 200), activation=Activation.NONE), ((1, 4, 5, 200),)),
    OpCase(
        "offset_formats",
        conv2d((6, 1, 1, 4), activation=Activation.NONE),
        ((1, 3, 5, 4),),
        ((0.0, 3.0),),
        output_range=(-0.5, 0.1),
    ),
    OpCase("relu6", conv2d((6, 1, 1, 4), activation=Activation.RELU6), ((1, 3, 5, 4),), ((-9, 9),)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bytes_are_the_references(case: OpCase) -> None:
    check_variant(case, KERNEL)


@pytest.mark.parametrize("case", CASES[-6:], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_variant(case, KERNEL, "single")


@pytest.mark.parametrize(
    ("image", "op", "in_place"),
    [
        ((2, 3, 5, 4), conv2d((4, 1, 1, 4)), True),
        ((1, 1, 2, 4), conv2d((4, 1, 1, 4)), True),
        # The last pixel would be computed with the one before it, which has its result already.
        ((1, 3, 3, 4), conv2d((4, 1, 1, 4)), False),
        ((1, 3, 5, 4), conv2d((5, 1, 1, 4)), False),
        ((1, 3, 5, 4), conv2d((4, 3, 3, 4), **ONE_AROUND), False),
    ],
)
def test_takes_over_its_input_where_no_pixel_is_read_again(
    image: Shape, op: Conv2d, in_place: bool
) -> None:
    model = check_variant(OpCase("in_place", op, (image,)), KERNEL)
    answer = lowered(model, 0, KERNEL)
    assert isinstance(answer, Lowering)
    assert answer.in_place == ((0,) if in_place else ())
    assert (
        build_program(model, [Choice(answer, ())]).plan.values["output"].storage == "input_0"
    ) == in_place


def test_refuses_groups() -> None:
    case = OpCase("groups", conv2d((4, 1, 1, 2), groups=2), ((1, 3, 3, 4),))
    assert refusal(case, KERNEL) == "it has groups"


def test_refuses_one_pixel() -> None:
    case = OpCase("one", conv2d((4, 1, 1, 2)), ((1, 1, 1, 2),))
    assert refusal(case, KERNEL) == "the result is a single pixel"


def test_groups_of_channels_are_powers_of_two() -> None:
    assert list(thumb_pairs.channel_groups(45)) == [(0, 16), (16, 16), (32, 8), (40, 4), (44, 1)]


def test_runs_end_where_weights_add_up_to_more_than_255() -> None:
    # 16 channels: one fold. 100 + 100 | 100 + 127 | 127 + 127 + 1.
    row = np.array([100, -100, 100, -127, 127, 127, -1], np.int8)
    assert thumb_pairs.run_counts(np.tile(row, (16, 1))).tolist() == [3] * 16


def test_packed_weights_take_little_more_than_the_weights() -> None:
    weight = np.ones((57, 106), np.int8)
    packed = thumb_pairs.interleaved(weight)
    assert int(packed.astype(np.int64).sum()) == weight.size
    assert len(packed) <= 1.05 * weight.size


def test_a_core_with_multiply_add_needs_fewer_instructions() -> None:
    model = quantized_case(OpCase("3x3", conv2d((16, 3, 3, 8)), ((1, 9, 9, 8),)), "double")
    node = model.nodes[0]
    sites = [
        LoweringSite(
            inputs=model.input_shapes(node),
            output=model.values[node.output].shape,
            instruction_sets=frozenset(sets),
        )
        for sets in ({"armv6m"}, {"armv6m", "armv7m"})
    ]
    assert isinstance(node.op, QuantConv2d)
    small, large = (VARIANT.lower(node.op, site) for site in sites)
    assert isinstance(small, Lowering)
    assert isinstance(large, Lowering)
    assert large.instructions is not None
    assert small.instructions is not None
    assert large.instructions < 0.75 * small.instructions
    # Its sums are always wide: that costs nothing with a 64-bit product.
    assert [a.calls[0].parameters["wide"] for a in (small, large)] == [0, 1]
