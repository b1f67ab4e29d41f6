"""DepthwiseConv2d: engines on a table of edges, a naive loop and the runtimes at random."""

import itertools
from typing import Unpack

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
    check_real_case,
    quantized_case,
    tflite_refusals,
)

from cnnc.codegen.kernel import LoweringSite
from cnnc.errors import ModelError
from cnnc.ir.types import I8, Activation, Quantization, Shape, Window
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d, QuantDepthwiseConv2d
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_runtime import installed_runtimes


def depthwise(
    weight_shape: Shape,
    multiplier: int = 1,
    activation: Activation = Activation.NONE,
    seed: int = 0,
    **window: Unpack[Geometry],
) -> DepthwiseConv2d:
    generator = np.random.default_rng(seed)
    return DepthwiseConv2d(
        weight=generator.normal(size=weight_shape).astype(np.float32),
        bias=generator.normal(size=weight_shape[2]).astype(np.float32),
        activation=activation,
        window=Window(weight_shape[0], weight_shape[1], **window),
        multiplier=multiplier,
    )


CASES = [
    *(
        OpCase(f"channels_{channels}", depthwise((3, 3, channels)), ((1, 4, 5, channels),))
        for channels in (1, 2, 15, 16, 17, 32, 40)
    ),
    OpCase("same", depthwise((3, 3, 8), **ONE_AROUND), ((1, 5, 6, 8),)),
    OpCase(
        "same_stride_2_pads_after",
        depthwise((3, 3, 20), stride_rows=2, stride_cols=2, pad_bottom=1, pad_right=1),
        ((1, 6, 8, 20),),
    ),
    OpCase(
        "stride_2_pads_around",
        depthwise((3, 3, 4), stride_rows=2, stride_cols=2, **ONE_AROUND),
        ((1, 6, 8, 4),),
    ),
    OpCase(
        "asymmetric_pads",
        depthwise((2, 3, 3), pad_top=3, pad_left=1, pad_right=4),
        ((1, 4, 4, 3),),
    ),
    OpCase("unequal_strides", depthwise((3, 2, 5), stride_rows=3, stride_cols=2), ((1, 9, 7, 5),)),
    OpCase(
        "dilation",
        depthwise((3, 2, 3), dilation_rows=2, dilation_cols=3, pad_top=2, pad_left=1),
        ((1, 7, 8, 3),),
    ),
    OpCase(
        "dilation_and_stride",
        depthwise((3, 3, 2), dilation_rows=2, dilation_cols=2, stride_rows=2, stride_cols=2),
        ((1, 9, 9, 2),),
    ),
    OpCase("1x1", depthwise((1, 1, 6)), ((1, 3, 4, 6),)),
    OpCase("1x1_padded", depthwise((1, 1, 6), pad_top=1, pad_right=2), ((1, 3, 4, 6),)),
    OpCase(
        "image_1x1_mostly_padding",
        depthwise((5, 5, 18), pad_top=4, pad_bottom=4, pad_left=4, pad_right=4),
        ((1, 1, 1, 18),),
    ),
    OpCase("kernel_is_image", depthwise((4, 7, 16)), ((1, 4, 7, 16),)),
    OpCase("batch_2", depthwise((3, 3, 4), **ONE_AROUND), ((2, 4, 4, 4),)),
    OpCase("multiplier_2", depthwise((3, 3, 6), 2, **ONE_AROUND), ((1, 4, 5, 3),)),
    OpCase(
        "multiplier_5_strided",
        depthwise((3, 2, 10), 5, stride_rows=2, dilation_cols=2, pad_left=3),
        ((1, 6, 7, 2),),
    ),
    OpCase("multiplier_of_one_channel", depthwise((3, 3, 9), 9), ((1, 4, 4, 1),)),
    OpCase("multiplier_batch_2", depthwise((2, 2, 4), 2), ((2, 3, 3, 2),)),
    OpCase("relu", depthwise((3, 3, 5), activation=Activation.RELU), ((1, 5, 5, 5),)),
    OpCase("relu6", depthwise((3, 3, 17), activation=Activation.RELU6), ((1, 5, 5, 17),)),
    OpCase(
        "lowest_zero_points",
        depthwise((3, 3, 5), **ONE_AROUND),
        ((1, 4, 5, 5),),
        input_ranges=((0.0, 6.0),),
        output_range=(0.0, 9.0),
    ),
    OpCase(
        "highest_zero_points",
        depthwise((3, 3, 4), 2, **ONE_AROUND),
        ((1, 4, 5, 2),),
        input_ranges=((-6.0, 0.0),),
        output_range=(-9.0, 0.0),
    ),
    OpCase(
        "multiplier_above_one",
        depthwise((3, 3, 16)),
        ((1, 4, 5, 16),),
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


SINGLE_ROUNDING = ("channels_17", "same", "multiplier_2", "relu6", "multiplier_above_one")


@pytest.mark.parametrize("case", [case for case in CASES if case.name in SINGLE_ROUNDING], ids=str)
def test_engines_agree_with_single_rounding(case: OpCase) -> None:
    check_case(case, "single")


def test_tflite_expresses_every_case() -> None:
    assert [case.name for case in CASES if tflite_refusals(case)] == []


# Random geometries


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[DepthwiseConv2d, Shape]:
    small = st.integers(1, 3)
    channels, multiplier = draw(st.integers(2, 5)), draw(small)
    op = depthwise(
        (draw(small), draw(small), channels * multiplier),
        multiplier,
        draw(st.sampled_from(list(Activation))),
        draw(st.integers(0, 99)),
        **draw(geometries),
    )
    rows, cols = draw(images(op.window))
    return op, (1, rows, cols, channels)


@given(convolutions(), formats, formats)
@settings(max_examples=25, deadline=None)
def test_reference_is_the_naive_loop(
    convolution: tuple[DepthwiseConv2d, Shape], source: Quantization, result: Quantization
) -> None:
    op, shape = convolution
    integer_op = _quantized(op, shape, source, result)
    operand = np.random.default_rng(2).integers(-128, 128, (2, *shape), dtype=np.int8)
    expected = np.stack([_naive(integer_op, sample) for sample in operand])
    np.testing.assert_array_equal(integer_op.evaluate([operand], Arithmetic()), expected)


@given(convolutions())
@settings(max_examples=25, deadline=None)
def test_tflite_agrees_on_random_geometry(convolution: tuple[DepthwiseConv2d, Shape]) -> None:
    op, shape = convolution
    model = quantized_case(OpCase("random", op, (shape,)), "double")
    for runtime in installed_runtimes():
        check_engine("random", model, TfliteEngine(model, runtime), case_chunk(model))


@given(convolutions())
@settings(max_examples=25, deadline=None)
def test_onnx_runtime_agrees_on_random_geometry(
    convolution: tuple[DepthwiseConv2d, Shape],
) -> None:
    op, shape = convolution
    window = op.window
    attributes = {
        "group": shape[3],
        "strides": [window.stride_rows, window.stride_cols],
        "dilations": [window.dilation_rows, window.dilation_cols],
        "pads": [window.pad_top, window.pad_left, window.pad_bottom, window.pad_right],
    }
    weight = np.ascontiguousarray(op.weight.transpose(2, 0, 1)[:, np.newaxis])
    image = (shape[0], shape[3], shape[1], shape[2])
    model = check_onnx("Conv", attributes, [image], constants={1: weight, 2: op.bias})
    kinds = [node.op.kind for node in model.nodes]
    assert kinds.count("depthwise_conv2d") == 1
    assert "conv2d" not in kinds


def _quantized(
    op: DepthwiseConv2d, shape: Shape, source: Quantization, result: Quantization
) -> QuantDepthwiseConv2d:
    context = QuantizeContext(
        node="node",
        rounding="double",
        inputs=(source,),
        input_shapes=(shape,),
        output=result,
        output_shape=op.output_shape([shape]),
    )
    integer_op = op.quantize(context)
    assert isinstance(integer_op, QuantDepthwiseConv2d)
    return integer_op


def _naive(op: QuantDepthwiseConv2d, image: I8) -> I8:
    shape = op.output_shape([image.shape])
    sums = np.zeros(shape, np.int64)
    for batch, row, col, channel in np.ndindex(*shape):
        plane = image[batch, :, :, channel // op.multiplier]
        sums[batch, row, col, channel] = _naive_sum(op, plane, row, col, channel)
    return Arithmetic().requantize(
        sums + op.bias,
        op.multipliers,
        op.shifts,
        op.output_zero_point,
        (op.minimum, op.maximum),
    )


def _naive_sum(op: QuantDepthwiseConv2d, plane: I8, row: int, col: int, channel: int) -> int:
    window = op.window
    total = 0
    for tap_row, tap_col in itertools.product(*map(range, op.weight.shape[:2])):
        y = row * window.stride_rows - window.pad_top + tap_row * window.dilation_rows
        x = col * window.stride_cols - window.pad_left + tap_col * window.dilation_cols
        if 0 <= y < plane.shape[0] and 0 <= x < plane.shape[1]:
            weight = int(op.weight[tap_row, tap_col, channel])
            total += weight * (int(plane[y, x]) - op.input_zero_point)
    return total


def test_channels_that_do_not_fit_are_named() -> None:
    op = depthwise((3, 3, 6), 2)
    with pytest.raises(ModelError, match=r"6 filters, 2 per channel, do not fit.* 6 channels"):
        op.output_shape([(1, 5, 5, 6)])


def test_macs_and_kernels() -> None:
    unit = Quantization(0.5, 0)
    single, double = depthwise((3, 3, 4)), depthwise((3, 3, 8), 2)
    shape = (1, 6, 6, 4)
    assert single.macs([shape]) == 16 * 4 * 9
    for op, kernel in (
        (single, "depthwise_conv2d_s8"),
        (double, "depthwise_conv2d_multiplier_s8"),
    ):
        integer_op = _quantized(op, shape, unit, unit)
        assert integer_op.macs([shape]) == op.macs([shape])
        lowering = integer_op.lower(LoweringSite((shape,), op.output_shape([shape])))
        assert [call.kernel for call in lowering.calls] == [kernel]
