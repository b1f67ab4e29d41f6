"""Conv3d: engines on a table of edges, ONNX Runtime on its spellings, random geometries."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.op_cases import (
    OpCase,
    case_chunk,
    check_case,
    check_onnx,
    check_program,
    check_real_case,
    quantized_case,
    tflite_refusals,
)

from cnnc.codegen.lower import lower
from cnnc.errors import ModelError
from cnnc.ir.types import F32, Activation, Shape, Window3, WindowAxis
from cnnc.ops.conv3d import Conv3d

ONE = WindowAxis(1)
THREE = WindowAxis(3)
SAME = WindowAxis(3, pad_before=1, pad_after=1)


def conv3d(
    outputs: int,
    depth: int,
    axes: tuple[WindowAxis, WindowAxis, WindowAxis],
    groups: int = 1,
    activation: Activation = Activation.NONE,
    seed: int = 0,
) -> Conv3d:
    generator = np.random.default_rng(seed)
    shape = (outputs, *(axis.kernel for axis in axes), depth)
    return Conv3d(
        weight=generator.normal(size=shape).astype(np.float32),
        bias=generator.normal(size=outputs).astype(np.float32),
        activation=activation,
        window=Window3(*axes),
        groups=groups,
    )


def case(
    name: str,
    op: Conv3d,
    image: Shape,
    input_ranges: tuple[tuple[float, float], ...] = (),
    output_range: tuple[float, float] | None = None,
) -> OpCase:
    return OpCase(name, op, (image,), input_ranges, output_range=output_range, not_expressible=True)


CASES = [
    case("3x3x3", conv3d(4, 2, (THREE, THREE, THREE)), (1, 4, 5, 6, 2)),
    case("same_remainder_9", conv3d(9, 3, (SAME, SAME, SAME)), (1, 3, 4, 3, 3)),
    case(
        "asymmetric_pads",
        conv3d(3, 1, (WindowAxis(2, pad_before=3), WindowAxis(2, pad_after=2), WindowAxis(3, 1))),
        (1, 2, 3, 4, 1),
    ),
    case(
        "strides",
        conv3d(2, 2, (WindowAxis(3, 2), WindowAxis(2, 3), WindowAxis(1, 2))),
        (1, 7, 8, 5, 2),
    ),
    case(
        "dilations",
        conv3d(3, 2, (WindowAxis(2, 1, 3, 2, 1), WindowAxis(3, 2, 2), WindowAxis(2, 1, 2, 1, 0))),
        (1, 4, 8, 5, 2),
    ),
    case("1x1x1", conv3d(5, 3, (ONE, ONE, ONE)), (1, 2, 2, 3, 3)),
    case("one_element", conv3d(1, 1, (ONE, ONE, ONE)), (1, 1, 1, 1, 1)),
    case("batch_2_relu", conv3d(3, 2, (SAME, ONE, SAME), 1, Activation.RELU), (2, 3, 2, 3, 2)),
    case("groups_2", conv3d(6, 2, (SAME, THREE, SAME), 2, Activation.RELU6), (1, 3, 4, 3, 4)),
    case("depthwise_multiplier_2", conv3d(6, 1, (SAME, SAME, THREE), 3), (1, 3, 3, 4, 3)),
    case("groups_of_8", conv3d(18, 2, (SAME, ONE, ONE), 2), (1, 3, 2, 2, 4)),
    case(
        "mostly_padding",
        conv3d(2, 3, (WindowAxis(3, 1, 2, 4, 4), WindowAxis(2, 2, 1, 3, 3), SAME)),
        (1, 1, 1, 1, 3),
    ),
    case(
        "lowest_zero_points",
        conv3d(4, 2, (SAME, SAME, SAME)),
        (1, 2, 3, 3, 2),
        input_ranges=((0.0, 6.0),),
        output_range=(0.0, 9.0),
    ),
    case(
        "highest_zero_points",
        conv3d(4, 2, (SAME, SAME, SAME)),
        (1, 2, 3, 3, 2),
        input_ranges=((-6.0, 0.0),),
        output_range=(-9.0, 0.0),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_engines_agree(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_c_on_real_numbers_adds_in_order(case: OpCase) -> None:
    check_real_case(case)


def test_tflite_says_why_it_judges_nothing() -> None:
    assert [refused.reason for refused in tflite_refusals(CASES[0])] == [
        "3-D convolution is float only in TFLite"
    ]


ONNX_GRID = list(itertools.product([1, 2, 3], [1, 2], [0, 1], [1, 2]))


@pytest.mark.parametrize(("stride", "dilation", "pad", "groups"), ONNX_GRID)
def test_onnx_runtime_agrees(stride: int, dilation: int, pad: int, groups: int) -> None:
    attributes = {
        "strides": [stride, 1, stride],
        "dilations": [dilation, dilation, 1],
        "pads": [pad, 0, 2 * pad, 0, pad, 1],
        "group": groups,
    }
    constants = {1: _real((4, 4 // groups, 3, 2, 3)), 2: _real((4,))}
    check_onnx("Conv", attributes, [(1, 4, 6, 5, 7)], constants=constants)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_onnx_runtime_pads_alike(auto_pad: str) -> None:
    attributes = {"auto_pad": auto_pad, "strides": [2, 1, 2]}
    check_onnx("Conv", attributes, [(2, 2, 5, 4, 6)], constants={1: _real((3, 2, 2, 3, 4))})


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ModelError, match="does not fit the padded image of 2x5x5"):
        check_onnx("Conv", {}, [(1, 2, 2, 5, 5)], constants={1: _real((3, 2, 3, 3, 3))})
    with pytest.raises(ModelError, match="no 3-D image"):
        conv3d(4, 2, (THREE, THREE, THREE)).output_shape([(1, 5, 5, 2)])


def test_scaling_is_folded_into_weights_and_bias() -> None:
    op = conv3d(4, 2, (THREE, THREE, THREE), groups=2)
    generator = np.random.default_rng(5)
    operand = generator.normal(size=(2, 1, 4, 4, 4, 4)).astype(np.float32)
    scale, offset = generator.normal(size=(2, 4)).astype(np.float32)
    expected = op.evaluate([operand]) * scale + offset
    np.testing.assert_allclose(
        op.scale_output(scale, offset).evaluate([operand]), expected, rtol=1e-4, atol=1e-4
    )
    scaled = op.scale_input(scale, offset)
    assert isinstance(scaled, Conv3d)
    np.testing.assert_allclose(
        scaled.evaluate([operand]),
        op.evaluate([operand * scale + offset]),
        rtol=1e-3,
        atol=1e-3,
    )
    padded = conv3d(4, 4, (SAME, ONE, ONE))
    assert padded.scale_input(scale, offset) == (
        "its zero padding would have to be padding with the offset"
    )


def test_unfolded_product_is_the_convolution() -> None:
    op = conv3d(4, 2, (SAME, WindowAxis(2, 2), THREE), groups=2)
    operand = np.random.default_rng(6).normal(size=(2, 1, 3, 4, 5, 4)).astype(np.float32)
    product = op.weight_matrix() @ op.unfold(operand).swapaxes(1, 2)
    expected = op.evaluate([operand]) - op.bias
    np.testing.assert_allclose(
        product.reshape(4, -1).T, expected.reshape(-1, 4), rtol=1e-4, atol=1e-4
    )


@st.composite
def axes(draw: st.DrawFn) -> WindowAxis:
    small, pads = st.integers(1, 3), st.integers(0, 2)
    return WindowAxis(draw(small), draw(small), draw(small), draw(pads), draw(pads))


@st.composite
def convolutions(draw: st.DrawFn) -> OpCase:
    small = st.integers(1, 3)
    groups, depth = draw(small), draw(small)
    op = conv3d(
        groups * draw(st.integers(1, 9)),
        depth,
        (draw(axes()), draw(axes()), draw(axes())),
        groups,
        draw(st.sampled_from(list(Activation))),
        draw(st.integers(0, 99)),
    )
    extents = [
        max(1, axis.span - axis.pad_before - axis.pad_after) + draw(st.integers(0, 3))
        for axis in op.window.axes
    ]
    return case("random", op, (draw(st.integers(1, 2)), *extents, groups * depth))


@given(convolutions())
@settings(max_examples=20, deadline=None)
def test_onnx_runtime_agrees_on_random_geometry(case: OpCase) -> None:
    op = case.op
    assert isinstance(op, Conv3d)
    along = op.window.axes
    attributes = {
        "group": op.groups,
        "strides": [axis.stride for axis in along],
        "dilations": [axis.dilation for axis in along],
        "pads": [axis.pad_before for axis in along] + [axis.pad_after for axis in along],
    }
    batch, *extents, channels = case.input_shapes[0]
    constants = {1: np.ascontiguousarray(np.moveaxis(op.weight, -1, 1)), 2: op.bias}
    check_onnx("Conv", attributes, [(batch, channels, *extents)], constants=constants)


@pytest.mark.long
@given(convolutions())
@settings(max_examples=200, deadline=None)
def test_host_is_the_reference_on_random_geometry(case: OpCase) -> None:
    model = quantized_case(case, "double")
    check_program("random", model, lower(model), case_chunk(model))
    check_real_case(case)


def _real(shape: Shape) -> F32:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)
