"""Conv2d: engines on a table of edges, ONNX Runtime on its spellings, a naive loop at random."""

import itertools
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.geometry import ONE_AROUND, Geometry, formats, geometries, images
from tests.support.onnx_cases import check_onnx
from tests.support.op_cases import (
    OpCase,
    case_chunk,
    check_case,
    check_engine,
    check_program,
    check_real_case,
    quantized_case,
    tflite_refusals,
)

from cnnc.codegen.kernel import LoweringSite
from cnnc.codegen.lower import lower
from cnnc.errors import ModelError
from cnnc.ir.types import F32, I8, Activation, Quantization, Shape, Window
from cnnc.ops.conv2d import Conv2d, QuantConv2d
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_runtime import installed_runtimes


def conv2d(
    weight_shape: Shape,
    groups: int = 1,
    activation: Activation = Activation.NONE,
    seed: int = 0,
    **window: Unpack[Geometry],
) -> Conv2d:
    generator = np.random.default_rng(seed)
    return Conv2d(
        weight=generator.normal(size=weight_shape).astype(np.float32),
        bias=generator.normal(size=weight_shape[0]).astype(np.float32),
        activation=activation,
        window=Window(weight_shape[1], weight_shape[2], **window),
        groups=groups,
    )


CASES = [
    OpCase("3x3", conv2d((4, 3, 3, 2)), ((1, 5, 6, 2),)),
    OpCase("3x3_same", conv2d((5, 3, 3, 3), **ONE_AROUND), ((1, 6, 5, 3),)),
    OpCase(
        "same_stride_2_pads_after",
        conv2d((4, 3, 3, 3), stride_rows=2, stride_cols=2, pad_bottom=1, pad_right=1),
        ((1, 6, 8, 3),),
    ),
    OpCase(
        "stride_2_pads_around",
        conv2d((4, 3, 3, 3), stride_rows=2, stride_cols=2, **ONE_AROUND),
        ((1, 6, 8, 3),),
    ),
    OpCase(
        "asymmetric_pads",
        conv2d((3, 2, 3, 1), pad_top=3, pad_left=1, pad_right=4),
        ((1, 4, 4, 1),),
    ),
    OpCase("unequal_strides", conv2d((2, 3, 2, 2), stride_rows=3, stride_cols=2), ((1, 9, 7, 2),)),
    OpCase(
        "dilation",
        conv2d((3, 3, 2, 2), dilation_rows=2, dilation_cols=3, pad_top=2, pad_left=1),
        ((1, 7, 8, 2),),
    ),
    OpCase(
        "dilation_and_stride",
        conv2d((3, 3, 3, 2), dilation_rows=2, dilation_cols=2, stride_rows=2, stride_cols=2),
        ((1, 9, 9, 2),),
    ),
    OpCase("1x1_depth_1", conv2d((1, 1, 1, 1)), ((1, 1, 1, 1),)),
    OpCase("1x1_remainder_3", conv2d((7, 1, 1, 5)), ((1, 3, 2, 5),)),
    OpCase("1x1_remainder_1", conv2d((9, 1, 1, 33)), ((1, 2, 2, 33),)),
    OpCase(
        "1x1_stride",
        conv2d((8, 1, 1, 16), stride_rows=2, stride_cols=3),
        ((1, 5, 8, 16),),
    ),
    OpCase("1x1_padded", conv2d((4, 1, 1, 3), pad_top=1, pad_right=2), ((1, 3, 3, 3),)),
    OpCase("batch_2", conv2d((3, 3, 3, 2), **ONE_AROUND), ((2, 4, 4, 2),)),
    OpCase("1x1_batch_3", conv2d((3, 1, 1, 4)), ((3, 2, 2, 4),)),
    OpCase(
        "image_1x1_mostly_padding",
        conv2d((2, 5, 5, 3), pad_top=4, pad_bottom=4, pad_left=4, pad_right=4),
        ((1, 1, 1, 3),),
    ),
    OpCase("kernel_is_image", conv2d((6, 4, 7, 2)), ((1, 4, 7, 2),)),
    OpCase("row_kernel", conv2d((4, 1, 5, 3), pad_left=2, pad_right=2), ((1, 1, 9, 3),)),
    OpCase("column_kernel", conv2d((4, 5, 1, 3), pad_top=2, pad_bottom=2), ((1, 9, 1, 3),)),
    OpCase("long_depth", conv2d((5, 3, 3, 64), **ONE_AROUND), ((1, 3, 3, 64),)),
    OpCase("groups_2", conv2d((6, 3, 3, 2), groups=2, **ONE_AROUND), ((1, 5, 4, 4),)),
    OpCase("groups_3_1x1", conv2d((6, 1, 1, 2), groups=3), ((1, 3, 4, 6),)),
    OpCase(
        "groups_of_one_output",
        conv2d((4, 3, 3, 3), groups=4, dilation_rows=2, stride_cols=2, pad_left=1),
        ((1, 6, 6, 12),),
    ),
    OpCase("relu", conv2d((5, 3, 3, 2), activation=Activation.RELU), ((1, 5, 5, 2),)),
    OpCase("relu6", conv2d((5, 3, 3, 2), activation=Activation.RELU6), ((1, 5, 5, 2),)),
    OpCase(
        "relu_n1_to_1",
        conv2d((5, 3, 3, 2), activation=Activation.RELU_N1_TO_1),
        ((1, 5, 5, 2),),
        output_range=(-3.0, 4.0),
    ),
    OpCase(
        "lowest_zero_points",
        conv2d((4, 3, 3, 2), **ONE_AROUND),
        ((1, 4, 5, 2),),
        input_ranges=((0.0, 6.0),),
        output_range=(0.0, 9.0),
    ),
    OpCase(
        "highest_zero_points",
        conv2d((4, 3, 3, 2), **ONE_AROUND),
        ((1, 4, 5, 2),),
        input_ranges=((-6.0, 0.0),),
        output_range=(-9.0, 0.0),
    ),
    OpCase(
        "multiplier_above_one",
        conv2d((4, 3, 3, 2)),
        ((1, 4, 5, 2),),
        input_ranges=((-100.0, 300.0),),
        output_range=(-1.0, 0.5),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_engines_agree(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_c_on_real_numbers_adds_in_order(case: OpCase) -> None:
    check_real_case(case)


SINGLE_ROUNDING = (
    "same_stride_2_pads_after",
    "1x1_remainder_3",
    "groups_2",
    "relu6",
    "multiplier_above_one",
)


@pytest.mark.parametrize("case", [case for case in CASES if case.name in SINGLE_ROUNDING], ids=str)
def test_engines_agree_with_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


def test_tflite_expresses_every_case() -> None:
    assert [case.name for case in CASES if tflite_refusals(case)] == []


ONNX_CASES: list[tuple[dict[str, Any], Shape, Shape]] = [
    ({}, (1, 3, 5, 6), (4, 3, 3, 3)),
    ({"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, (1, 2, 5, 5), (3, 2, 3, 3)),
    ({"pads": [2, 0, 1, 3], "strides": [2, 1]}, (1, 2, 5, 6), (3, 2, 3, 2)),
    ({"dilations": [2, 3], "strides": [2, 2]}, (1, 2, 9, 9), (3, 2, 3, 2)),
    ({"auto_pad": "VALID"}, (1, 1, 4, 4), (2, 1, 2, 2)),
    ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, (1, 2, 6, 7), (3, 2, 3, 3)),
    ({"auto_pad": "SAME_LOWER", "strides": [2, 2]}, (1, 2, 6, 7), (3, 2, 3, 3)),
    ({"auto_pad": "SAME_LOWER"}, (1, 1, 5, 5), (1, 1, 2, 4)),
    ({"auto_pad": "NOTSET", "pads": [0, 0, 1, 1]}, (1, 1, 4, 4), (2, 1, 2, 2)),
    ({"group": 2, "pads": [1, 1, 1, 1]}, (1, 4, 5, 5), (6, 2, 3, 3)),
    ({"group": 4, "pads": [1, 1, 1, 1]}, (1, 4, 5, 5), (4, 1, 3, 3)),
    ({"group": 3, "strides": [2, 2]}, (1, 3, 5, 5), (6, 1, 3, 3)),
    ({}, (2, 1, 3, 3), (8, 1, 1, 1)),
    ({}, (1, 3, 9), (4, 3, 3)),
    ({"pads": [2, 1], "strides": [2], "kernel_shape": [3]}, (2, 3, 9), (4, 3, 3)),
    ({"dilations": [4], "pads": [8, 0]}, (1, 3, 9), (4, 3, 3)),
    ({"group": 3, "auto_pad": "SAME_UPPER", "strides": [2]}, (1, 3, 8), (6, 1, 3)),
    ({"group": 2, "auto_pad": "SAME_LOWER"}, (1, 4, 8), (6, 2, 2)),
    ({}, (1, 1, 1), (1, 1, 1)),
]


@pytest.mark.parametrize(("attributes", "image", "weight"), ONNX_CASES, ids=str)
def test_onnx_runtime_agrees(attributes: dict[str, Any], image: Shape, weight: Shape) -> None:
    generator = np.random.default_rng(1)
    constants = {1: _real(generator, weight), 2: _real(generator, weight[:1])}
    check_onnx("Conv", attributes, [image], constants=constants)
    check_onnx("Conv", attributes, [image], opset=7, constants={1: constants[1]})


def test_reader_picks_the_op() -> None:
    weight = np.ones((4, 1, 3, 3), np.float32)
    ops = [
        check_onnx("Conv", {"group": groups}, [(1, groups, 4, 4)], constants={1: weight})
        .nodes[0]
        .op
        for groups in (1, 2, 4)
    ]
    assert [type(op) for op in ops] == [Conv2d, DepthwiseConv2d, DepthwiseConv2d]


def test_1d_convolution_is_2d_on_one_row() -> None:
    model = check_onnx("Conv", {}, [(1, 3, 9)], constants={1: np.ones((4, 3, 3), np.float32)})
    assert [node.op.kind for node in model.nodes] == ["reshape", "conv2d", "reshape"]
    assert model.nodes[1].op.output_shape([(1, 1, 9, 3)]) == (1, 1, 7, 4)


REFUSED: list[tuple[str, dict[str, Any], Shape, Shape]] = [
    ("only 1-D, 2-D and 3-D", {}, (1, 2, 4, 4, 4, 4), (3, 2, 3, 3, 3, 3)),
    ("only 1-D, 2-D and 3-D", {}, (1, 2, 9), (3, 2, 3, 3)),
    ("has 2 dimensions; the window has 1", {"strides": [1, 1]}, (1, 2, 9), (3, 2, 3)),
    ("does not fit the padded image of 1x2", {}, (1, 2, 2), (3, 2, 3)),
    ("negative padding", {"pads": [0, -1, 0, 0]}, (1, 2, 5, 5), (3, 2, 3, 3)),
    ("does not divide", {"group": 2}, (1, 4, 5, 5), (3, 2, 3, 3)),
    ("do not fit 5 input channels", {"group": 2}, (1, 5, 5, 5), (4, 2, 3, 3)),
    ("kernel_shape", {"kernel_shape": [2, 2]}, (1, 2, 5, 5), (3, 2, 3, 3)),
    ("auto_pad", {"auto_pad": "SAME"}, (1, 2, 5, 5), (3, 2, 3, 3)),
    ("exclude each other", {"auto_pad": "VALID", "pads": [1] * 4}, (1, 2, 5, 5), (3, 2, 3, 3)),
    ("strides", {"strides": [0, 1]}, (1, 2, 5, 5), (3, 2, 3, 3)),
    ("does not fit the padded image", {}, (1, 2, 2, 5), (3, 2, 3, 3)),
]


@pytest.mark.parametrize(("reason", "attributes", "image", "weight"), REFUSED, ids=str)
def test_refused_with_reason(
    reason: str, attributes: dict[str, Any], image: Shape, weight: Shape
) -> None:
    with pytest.raises(ModelError, match=reason):
        check_onnx("Conv", attributes, [image], constants={1: np.ones(weight, np.float32)})


def test_computed_weights_are_refused() -> None:
    with pytest.raises(ModelError, match="must be a constant"):
        check_onnx("Conv", {}, [(1, 2, 5, 5), (3, 2, 3, 3)])


def test_bias_that_does_not_fit_is_refused() -> None:
    constants = {1: np.ones((3, 2, 3, 3), np.float32), 2: np.ones(4, np.float32)}
    with pytest.raises(ModelError, match="does not fit 3 output channels"):
        check_onnx("Conv", {}, [(1, 2, 5, 5)], constants=constants)


def _real(generator: np.random.Generator, shape: Shape) -> F32:
    return generator.normal(size=shape).astype(np.float32)


# Random geometries


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Conv2d, Shape]:
    small = st.integers(1, 3)
    groups, depth, block = draw(small), draw(small), draw(small)
    op = conv2d(
        (groups * block, draw(small), draw(small), depth),
        groups,
        draw(st.sampled_from(list(Activation))),
        draw(st.integers(0, 99)),
        **draw(geometries),
    )
    rows, cols = draw(images(op.window))
    return op, (1, rows, cols, groups * depth)


@given(convolutions(), formats, formats)
@settings(max_examples=25, deadline=None)
def test_reference_is_the_naive_loop(
    convolution: tuple[Conv2d, Shape], source: Quantization, result: Quantization
) -> None:
    op, shape = convolution
    integer_op = _quantized(op, shape, source, result)
    operand = np.random.default_rng(2).integers(-128, 128, (2, *shape), dtype=np.int8)
    expected = np.stack([_naive(integer_op, sample) for sample in operand])
    np.testing.assert_array_equal(integer_op.evaluate([operand], Arithmetic()), expected)


@given(convolutions())
@settings(max_examples=25, deadline=None)
def test_tflite_agrees_on_random_geometry(convolution: tuple[Conv2d, Shape]) -> None:
    op, shape = convolution
    model = quantized_case(OpCase("random", op, (shape,)), "double")
    for runtime in installed_runtimes():
        check_engine("random", model, TfliteEngine(model, runtime), case_chunk(model))


@pytest.mark.long
@pytest.mark.parametrize("rank", [1, 2])
@given(st.data())
@settings(max_examples=200, deadline=None)
def test_host_is_the_reference_on_random_geometry(rank: int, data: st.DataObject) -> None:
    op, shape = data.draw(convolutions())
    if rank == 1:
        window = replace(op.window, kernel_rows=1, stride_rows=1, pad_top=0, pad_bottom=0)
        weight = np.ascontiguousarray(op.weight[:, :1])
        op, shape = replace(op, weight=weight, window=window), (1, 1, *shape[2:])
    case = OpCase("random", op, (shape,))
    model = quantized_case(case, "double")
    check_program("random", model, lower(model), case_chunk(model))
    check_real_case(case)


@given(convolutions())
@settings(max_examples=25, deadline=None)
def test_onnx_runtime_agrees_on_random_geometry(convolution: tuple[Conv2d, Shape]) -> None:
    op, shape = convolution
    window = op.window
    attributes = {
        "group": op.groups,
        "strides": [window.stride_rows, window.stride_cols],
        "dilations": [window.dilation_rows, window.dilation_cols],
        "pads": [window.pad_top, window.pad_left, window.pad_bottom, window.pad_right],
    }
    image = (shape[0], shape[3], shape[1], shape[2])
    constants = {1: np.ascontiguousarray(op.weight.transpose(0, 3, 1, 2)), 2: op.bias}
    check_onnx("Conv", attributes, [image], constants=constants)


def _quantized(op: Conv2d, shape: Shape, source: Quantization, result: Quantization) -> QuantConv2d:
    context = QuantizeContext(
        node="node",
        rounding="double",
        inputs=(source,),
        input_shapes=(shape,),
        output=result,
        output_shape=op.output_shape([shape]),
    )
    integer_op = op.quantize(context)
    assert isinstance(integer_op, QuantConv2d)
    return integer_op


def _naive(op: QuantConv2d, image: I8) -> I8:
    shape = op.output_shape([image.shape])
    sums = np.zeros(shape, np.int64)
    for batch, row, col, channel in np.ndindex(*shape):
        sums[batch, row, col, channel] = _naive_sum(op, image[batch], row, col, channel)
    return Arithmetic().requantize(
        sums + op.bias,
        op.multipliers,
        op.shifts,
        op.output_zero_point,
        (op.minimum, op.maximum),
    )


def _naive_sum(op: QuantConv2d, image: I8, row: int, col: int, channel: int) -> int:
    window = op.window
    _, kernel_rows, kernel_cols, depth = op.weight.shape
    first = channel // (len(op.weight) // op.groups) * depth
    total = 0
    for tap_row, tap_col in itertools.product(range(kernel_rows), range(kernel_cols)):
        y = row * window.stride_rows - window.pad_top + tap_row * window.dilation_rows
        x = col * window.stride_cols - window.pad_left + tap_col * window.dilation_cols
        if not (0 <= y < image.shape[0] and 0 <= x < image.shape[1]):
            continue
        for k in range(depth):
            weight = int(op.weight[channel, tap_row, tap_col, k])
            total += weight * (int(image[y, x, first + k]) - op.input_zero_point)
    return total


def test_shapes_that_do_not_fit_are_named() -> None:
    op = conv2d((4, 3, 3, 2))
    with pytest.raises(ModelError, match="no 2-D image"):
        op.output_shape([(1, 5, 2)])
    with pytest.raises(ModelError, match="does not fit the padded image of 2x5"):
        op.output_shape([(1, 2, 5, 2)])
    with pytest.raises(ModelError, match="weights for 2 input channels"):
        op.output_shape([(1, 5, 5, 3)])


def test_macs_and_kernels() -> None:
    shape = (1, 6, 6, 4)
    grouped = conv2d((6, 3, 3, 2), groups=2, **ONE_AROUND)
    assert grouped.macs([shape]) == 36 * 6 * 9 * 2
    unit = Quantization(0.5, 0)
    integer_op = _quantized(grouped, shape, unit, unit)
    assert integer_op.macs([shape]) == grouped.macs([shape])
    general = integer_op.lower(LoweringSite((shape,), integer_op.output_shape([shape])))
    assert [call.kernel for call in general.calls] == ["conv2d_s8"]
    assert general.scratch_bytes == 9 * 2
    pointwise_op = _quantized(conv2d((6, 1, 1, 4)), shape, unit, unit)
    pointwise = pointwise_op.lower(LoweringSite((shape,), (1, 6, 6, 6)))
    assert [call.kernel for call in pointwise.calls] == ["conv2d_1x1_s8"]
    assert pointwise.scratch_bytes == 0
