"""ConvTranspose: engines on a table of edges, ONNX Runtime on a grid, a naive scatter at random."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.op_cases import (
    OpCase,
    case_chunk,
    check_case,
    check_engine,
    check_onnx,
    check_program,
    check_real_case,
    quantized_case,
    tflite_refusals,
)

from cnnc.codegen.lower import lower
from cnnc.errors import ModelError
from cnnc.ir.types import F32, Activation, Shape
from cnnc.ops.conv_transpose import ConvTranspose, QuantConvTranspose, TransposedAxis
from cnnc.quantize.fixed_point import Arithmetic
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_runtime import installed_runtimes

ONE = TransposedAxis(1)
TWICE = TransposedAxis(2, 2)
SAME = TransposedAxis(3, 2, 1, 1, 0)


def conv_transpose(
    outputs: int,
    depth: int,
    axes: tuple[TransposedAxis, ...],
    groups: int = 1,
    activation: Activation = Activation.NONE,
    seed: int = 0,
) -> ConvTranspose:
    generator = np.random.default_rng(seed)
    shape = (outputs, *(axis.kernel for axis in axes), depth)
    return ConvTranspose(
        weight=generator.normal(size=shape).astype(np.float32),
        bias=generator.normal(size=outputs).astype(np.float32),
        activation=activation,
        axes=axes,
        groups=groups,
    )


FLAT = [
    OpCase("2x2_stride_2", conv_transpose(4, 3, (TWICE, TWICE)), ((1, 3, 4, 3),)),
    OpCase("3x3_stride_2_cut", conv_transpose(9, 2, (SAME, SAME)), ((1, 4, 3, 2),)),
    OpCase(
        "4x4_stride_2_output_padding",
        conv_transpose(3, 2, (TransposedAxis(4, 2, 1, 1, 0), TransposedAxis(4, 2, 1, 1, -1))),
        ((1, 3, 5, 2),),
    ),
    OpCase(
        "3x3_stride_1",
        conv_transpose(5, 3, (TransposedAxis(3), TransposedAxis(3))),
        ((1, 3, 2, 3),),
    ),
    OpCase(
        "strides_beyond_the_kernel",
        conv_transpose(2, 3, (TransposedAxis(1, 3), TransposedAxis(2, 4, 1, 0, 3))),
        ((1, 3, 2, 3),),
    ),
    OpCase(
        "dilations",
        conv_transpose(3, 2, (TransposedAxis(3, 2, 3, 2, -1), TransposedAxis(2, 1, 4, 1, 1))),
        ((1, 3, 4, 2),),
    ),
    OpCase(
        "dilation_and_stride_share_a_factor",
        conv_transpose(2, 2, (TransposedAxis(3, 4, 2, 1, 0), TransposedAxis(3, 2, 2, 0, 0))),
        ((1, 2, 3, 2),),
    ),
    OpCase("pointwise", conv_transpose(5, 3, (ONE, ONE)), ((1, 2, 3, 3),)),
    OpCase("one_element", conv_transpose(1, 1, (ONE, ONE)), ((1, 1, 1, 1),)),
    OpCase(
        "one_pixel", conv_transpose(4, 8, (TransposedAxis(4), TransposedAxis(3))), ((1, 1, 1, 8),)
    ),
    OpCase("row", conv_transpose(4, 3, (ONE, SAME)), ((1, 1, 7, 3),)),
    OpCase(
        "cut_to_one",
        conv_transpose(2, 2, (TransposedAxis(5, 1, 1, 3, -3), TransposedAxis(2, 3, 1, 4, -3))),
        ((1, 3, 4, 2),),
    ),
    OpCase(
        "cut_and_enlarged",
        conv_transpose(2, 2, (TransposedAxis(2, 2, 1, 3, 5), TransposedAxis(3, 1, 1, 0, 2))),
        ((1, 2, 2, 2),),
    ),
    OpCase(
        "batch_2_relu", conv_transpose(4, 2, (SAME, TWICE), 1, Activation.RELU), ((2, 3, 2, 2),)
    ),
    OpCase("relu6", conv_transpose(4, 2, (TWICE, TWICE), 1, Activation.RELU6), ((1, 2, 3, 2),)),
    OpCase(
        "relu_n1_to_1",
        conv_transpose(4, 2, (SAME, TWICE), 1, Activation.RELU_N1_TO_1),
        ((1, 2, 3, 2),),
        output_range=(-3.0, 4.0),
    ),
    OpCase("groups_2", conv_transpose(6, 2, (SAME, TWICE), 2), ((1, 3, 3, 4),)),
    OpCase("groups_of_9_outputs", conv_transpose(18, 1, (TWICE, SAME), 2), ((1, 2, 3, 2),)),
    OpCase("depthwise", conv_transpose(3, 1, (SAME, SAME), 3, Activation.RELU), ((1, 3, 3, 3),)),
    OpCase(
        "lowest_zero_points",
        conv_transpose(4, 2, (SAME, SAME)),
        ((1, 3, 3, 2),),
        input_ranges=((0.0, 6.0),),
        output_range=(0.0, 9.0),
    ),
    OpCase(
        "highest_zero_points",
        conv_transpose(4, 2, (SAME, TWICE)),
        ((1, 3, 3, 2),),
        input_ranges=((-6.0, 0.0),),
        output_range=(-9.0, 0.0),
    ),
]

VOLUMES = [
    OpCase(name, op, (image,), not_expressible=True)
    for name, op, image in (
        ("2x2x2_stride_2", conv_transpose(3, 2, (TWICE, TWICE, TWICE)), (1, 2, 3, 2, 2)),
        (
            "3x3x3_groups_2",
            conv_transpose(4, 2, (SAME, SAME, TransposedAxis(3)), 2),
            (1, 2, 3, 2, 4),
        ),
        (
            "all_different",
            conv_transpose(
                9,
                1,
                (
                    TransposedAxis(2, 1, 2, 1, 1),
                    TransposedAxis(3, 3, 1, 0, 2),
                    TransposedAxis(1, 2, 1, 1, 1),
                ),
            ),
            (2, 3, 1, 4, 1),
        ),
    )
]
CASES = [*FLAT, *VOLUMES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_engines_agree(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", FLAT[:3], ids=str)
def test_engines_agree_with_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_c_on_real_numbers_adds_in_order(case: OpCase) -> None:
    check_real_case(case)


def test_tflite_expresses_every_flat_case() -> None:
    assert [case.name for case in FLAT if tflite_refusals(case)] == []


def test_tflite_says_why_it_judges_no_volume() -> None:
    assert [refused.reason for refused in tflite_refusals(VOLUMES[0])] == [
        "3-D transposed convolution is float only in TFLite"
    ]


GRID: list[dict[str, Any]] = [
    {
        "strides": [stride, 3 - stride % 2],
        "dilations": [dilation, 1],
        "pads": [pad, 0, 1, pad],
        "group": groups,
        "output_padding": [added, 0],
    }
    for stride, dilation, pad, groups, added in itertools.product(
        [1, 2, 3], [1, 2], [0, 1], [1, 2], [0, 1]
    )
    if added < stride
]


@pytest.mark.parametrize("attributes", GRID, ids=str)
def test_onnx_runtime_agrees(attributes: dict[str, Any]) -> None:
    constants = {1: _real((4, 3, 3, 2)), 2: _real((3 * attributes["group"],))}
    check_onnx("ConvTranspose", attributes, [(2, 4, 4, 5)], constants=constants)


SPELLINGS: list[tuple[dict[str, Any], Shape, Shape]] = [
    ({}, (1, 2, 4), (2, 3, 3)),
    ({"strides": [3], "pads": [1, 2], "output_padding": [2]}, (2, 4, 5), (4, 1, 4)),
    ({"strides": [2], "dilations": [3], "group": 2}, (1, 4, 5), (4, 2, 3)),
    ({"strides": [2, 2], "output_shape": [9, 10]}, (1, 2, 4, 5), (2, 3, 3, 3)),
    ({"strides": [2, 2], "output_shape": [8, 9]}, (1, 2, 4, 5), (2, 3, 3, 3)),
    ({"strides": [2, 2], "output_shape": [10, 12]}, (1, 2, 4, 5), (2, 3, 3, 3)),
    ({"strides": [2, 3], "auto_pad": "SAME_UPPER"}, (1, 2, 4, 5), (2, 3, 3, 4)),
    ({"strides": [2, 3], "auto_pad": "SAME_LOWER"}, (1, 2, 4, 5), (2, 3, 3, 4)),
    ({"strides": [3, 2], "auto_pad": "SAME_UPPER"}, (1, 2, 4, 5), (2, 3, 2, 2)),
    (
        {"strides": [2, 2], "auto_pad": "SAME_UPPER", "output_shape": [7, 8]},
        (1, 2, 4, 5),
        (2, 3, 3, 3),
    ),
    ({"strides": [2, 2], "auto_pad": "VALID"}, (1, 2, 4, 5), (2, 3, 3, 3)),
    ({"kernel_shape": [2, 2], "strides": [2, 2]}, (1, 2, 3, 3), (2, 3, 2, 2)),
    ({"strides": [2, 1, 2], "pads": [1, 0, 1, 0, 1, 0]}, (1, 2, 3, 4, 2), (2, 3, 3, 2, 3)),
    (
        {"strides": [2, 2, 3], "dilations": [1, 2, 1], "group": 2, "output_padding": [1, 0, 2]},
        (1, 4, 2, 3, 2),
        (4, 1, 2, 3, 2),
    ),
    ({"strides": [2, 2, 2], "output_shape": [6, 6, 5]}, (1, 2, 3, 3, 3), (2, 2, 2, 2, 2)),
]


@pytest.mark.parametrize(("attributes", "image", "weight"), SPELLINGS, ids=str)
def test_onnx_runtime_agrees_on_spellings(
    attributes: dict[str, Any], image: Shape, weight: Shape
) -> None:
    check_onnx("ConvTranspose", attributes, [image], constants={1: _real(weight)})


REFUSED: list[tuple[str, dict[str, Any], Shape, Shape]] = [
    ("only 1-D, 2-D and 3-D", {}, (1, 2, 2, 2, 2, 2), (2, 1, 1, 1, 1, 1)),
    ("do not fit 3 input channels", {}, (1, 3, 4, 4), (2, 1, 3, 3)),
    ("do not fit 4 input channels", {"group": 3}, (1, 4, 4, 4), (4, 1, 3, 3)),
    ("negative padding", {"pads": [0, -1, 0, 0]}, (1, 2, 4, 4), (2, 1, 3, 3)),
    ("result would have extents", {"pads": [3, 3, 3, 3]}, (1, 2, 4, 4), (2, 1, 3, 3)),
    ("kernel_shape", {"kernel_shape": [2, 2]}, (1, 2, 4, 4), (2, 1, 3, 3)),
    ("output_padding", {"output_padding": [1]}, (1, 2, 4, 4), (2, 1, 3, 3)),
    ("output_padding", {"output_padding": [0, -1]}, (1, 2, 4, 4), (2, 1, 3, 3)),
    ("output_shape", {"output_shape": [4]}, (1, 2, 4, 4), (2, 1, 3, 3)),
    ("strides", {"strides": [0, 1]}, (1, 2, 4, 4), (2, 1, 3, 3)),
]


@pytest.mark.parametrize(("reason", "attributes", "image", "weight"), REFUSED, ids=str)
def test_refused_with_reason(
    reason: str, attributes: dict[str, Any], image: Shape, weight: Shape
) -> None:
    with pytest.raises(ModelError, match=reason):
        check_onnx("ConvTranspose", attributes, [image], constants={1: _real(weight)})


def test_shapes_that_do_not_fit_are_named() -> None:
    op = conv_transpose(4, 2, (TransposedAxis(3, 1, 1, 2, -2), ONE))
    with pytest.raises(ModelError, match="no 2-D image of 2 channels"):
        op.output_shape([(1, 4, 3)])
    with pytest.raises(ModelError, match="has a result of 0x3"):
        op.output_shape([(1, 2, 3, 2)])


def test_scaling_is_folded_into_weights_and_bias() -> None:
    op = conv_transpose(4, 2, (SAME, TWICE), groups=2)
    generator = np.random.default_rng(5)
    operand = generator.normal(size=(2, 1, 3, 4, 4)).astype(np.float32)
    scale, offset = generator.normal(size=(2, 4)).astype(np.float32)
    expected = op.evaluate([operand]) * scale + offset
    np.testing.assert_allclose(
        op.scale_output(scale, offset).evaluate([operand]), expected, rtol=1e-4, atol=1e-4
    )
    scaled = op.scale_input(scale, np.zeros(4, np.float32))
    assert isinstance(scaled, ConvTranspose)
    np.testing.assert_allclose(
        scaled.evaluate([operand]), op.evaluate([operand * scale]), rtol=1e-4, atol=1e-4
    )
    assert "see different taps" in str(op.scale_input(scale, offset))


def test_unfolded_product_is_the_convolution() -> None:
    op = conv_transpose(4, 2, (SAME, TransposedAxis(2, 1, 2, 1, 1)), groups=2)
    operand = np.random.default_rng(6).normal(size=(2, 1, 3, 4, 4)).astype(np.float32)
    product = op.weight_matrix() @ op.unfold(operand).swapaxes(1, 2)
    expected = op.evaluate([operand]) - op.bias
    np.testing.assert_allclose(
        product.reshape(4, -1).T, expected.reshape(-1, 4), rtol=1e-4, atol=1e-4
    )


def test_macs_count_inputs_times_weights() -> None:
    assert conv_transpose(4, 2, (TWICE, SAME)).macs([(1, 3, 5, 2)]) == 15 * 4 * 6 * 2


# Random geometries


@st.composite
def axes(draw: st.DrawFn, extent: int) -> TransposedAxis:
    kernel, stride, dilation = (draw(st.integers(1, 4)) for _ in range(3))
    reached = TransposedAxis(kernel, stride, dilation).full_extent(extent)
    before = draw(st.integers(0, min(3, reached - 1)))
    kept = draw(st.integers(1, min(reached - before + 2, 16)))
    return TransposedAxis(kernel, stride, dilation, before, kept - (reached - before))


@st.composite
def convolutions(draw: st.DrawFn, rank: int) -> OpCase:
    small = st.integers(1, 3)
    groups, depth = draw(small), draw(small)
    extents = [draw(st.integers(1, 4)) for _ in range(rank)]
    along = [draw(axes(extent)) for extent in extents]
    if rank == 1:
        along, extents = [ONE, *along], [1, *extents]
    op = conv_transpose(
        groups * draw(st.integers(1, 9)),
        depth,
        tuple(along),
        groups,
        draw(st.sampled_from(list(Activation))),
        draw(st.integers(0, 99)),
    )
    shape = (draw(st.integers(1, 2)), *extents, groups * depth)
    return OpCase("random", op, (shape,), not_expressible=rank == 3)


@given(st.one_of(convolutions(2), convolutions(3)))
@settings(max_examples=30, deadline=None)
def test_reference_is_the_naive_scatter(case: OpCase) -> None:
    model = quantized_case(case, "double")
    op = model.nodes[0].op
    assert isinstance(op, QuantConvTranspose)
    operand = np.random.default_rng(2).integers(-128, 128, (1, *case.input_shapes[0]), np.int8)
    sums = np.zeros(op.output_shape([operand.shape[1:]]), np.int64)
    count = len(op.weight) // op.groups
    depth = op.weight.shape[-1]
    taps = list(np.ndindex(*op.weight.shape[1:-1]))
    by_tap = op.weight.reshape(len(op.weight), len(taps), depth).astype(np.int64)
    for index in np.ndindex(*operand.shape[1:]):
        batch, *place, channel = index
        group, within = divmod(channel, depth)
        value = int(operand[0][index]) - op.input_zero_point
        for number, tap in enumerate(taps):
            target = tuple(
                at * axis.stride + k * axis.dilation - axis.cut_before
                for at, k, axis in zip(place, tap, op.axes, strict=True)
            )
            if all(0 <= at < end for at, end in zip(target, sums.shape[1:-1], strict=True)):
                outputs = slice(group * count, (group + 1) * count)
                sums[batch][target][outputs] += by_tap[outputs, number, within] * value
    expected = Arithmetic().requantize(
        sums + op.bias, op.multipliers, op.shifts, op.output_zero_point, (op.minimum, op.maximum)
    )
    np.testing.assert_array_equal(op.evaluate([operand], Arithmetic())[0], expected)


@given(convolutions(2))
@settings(max_examples=25, deadline=None)
def test_tflite_agrees_on_random_geometry(case: OpCase) -> None:
    model = quantized_case(case, "double")
    for runtime in installed_runtimes():
        check_engine("random", model, TfliteEngine(model, runtime), case_chunk(model))


@pytest.mark.long
@pytest.mark.parametrize("rank", [1, 2, 3])
@given(st.data())
@settings(max_examples=200, deadline=None)
def test_host_is_the_reference_on_random_geometry(rank: int, data: st.DataObject) -> None:
    case = data.draw(convolutions(rank))
    model = quantized_case(case, "double")
    check_program("random", model, lower(model), case_chunk(model))
    check_real_case(case)


def _real(shape: Shape) -> F32:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)
