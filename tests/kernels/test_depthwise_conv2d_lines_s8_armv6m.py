"""Depthwise convolution from expanded lines: edges of strips, phases of strides, scaling."""

from typing import Unpack

import numpy as np
import pytest
from tests.support.geometry import ONE_AROUND, Geometry
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variant, lowered, refusal

from cnnc.codegen.choose import choose_kernels
from cnnc.codegen.kernel import Lowering
from cnnc.ir.types import Activation, Window
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d

KERNEL = "depthwise_conv2d_lines_s8_armv6m"


def depthwise(
    kernel: tuple[int, int],
    channels: int,
    multiplier: int = 1,
    activation: Activation = Activation.RELU,
    **window: Unpack[Geometry],
) -> DepthwiseConv2d:
    generator = np.random.default_rng(0)
    outputs = channels * multiplier
    return DepthwiseConv2d(
        weight=generator.normal(size=(*kernel, outputs)).astype(np.float32),
        bias=generator.normal(size=outputs).astype(np.float32),
        activation=activation,
        window=Window(*kernel, **window),
        multiplier=multiplier,
    )


CASES = [
    *(
        OpCase(f"{cols}_cols", depthwise((3, 3), 3, **ONE_AROUND), ((1, 3, cols, 3),))
        for cols in (1, 2, 3, 8)
    ),
    OpCase("lines_are_columns", depthwise((3, 3), 5, **ONE_AROUND), ((1, 25, 5, 5),)),
    OpCase("one_pixel", depthwise((3, 3), 4, **ONE_AROUND), ((1, 1, 1, 4),)),
    OpCase("no_padding", depthwise((3, 3), 4), ((1, 5, 8, 4),)),
    OpCase(
        "stride_2_pads_after",
        depthwise((3, 3), 4, stride_rows=2, stride_cols=2, pad_bottom=1, pad_right=1),
        ((1, 8, 10, 4),),
    ),
    OpCase(
        "stride_2_pads_around",
        depthwise((3, 3), 4, stride_rows=2, stride_cols=2, **ONE_AROUND),
        ((1, 9, 7, 4),),
    ),
    OpCase("unequal_strides", depthwise((3, 2), 2, stride_rows=3, stride_cols=2), ((1, 12, 9, 2),)),
    OpCase(
        "stride_over_kernel", depthwise((1, 1), 3, stride_rows=2, stride_cols=3), ((1, 7, 8, 3),)
    ),
    OpCase(
        "dilated_with_stride",
        depthwise((3, 3), 2, dilation_rows=2, dilation_cols=3, stride_cols=2, pad_left=5),
        ((1, 9, 11, 2),),
    ),
    OpCase("5x5", depthwise((5, 5), 2, pad_top=2, pad_left=3, pad_bottom=1), ((1, 7, 6, 2),)),
    OpCase("15x1_to_one", depthwise((15, 1), 4), ((1, 15, 1, 4),)),
    OpCase("10x1", depthwise((10, 1), 2, pad_top=4, pad_bottom=5), ((1, 6, 6, 2),)),
    OpCase("batch", depthwise((3, 3), 3, **ONE_AROUND), ((2, 4, 6, 3),)),
    OpCase(
        "mostly_padding",
        depthwise((5, 5), 3, pad_top=4, pad_bottom=4, pad_left=4, pad_right=4),
        ((1, 1, 2, 3),),
        ((-1.0, 3.0),),
    ),
    OpCase("signed", depthwise((3, 3), 4, activation=Activation.NONE), ((1, 6, 7, 4),)),
    OpCase("relu6", depthwise((3, 3), 4, activation=Activation.RELU6), ((1, 6, 6, 4),), ((-9, 9),)),
    OpCase(
        "offset_formats",
        depthwise((3, 3), 4, activation=Activation.NONE, **ONE_AROUND),
        ((1, 5, 5, 4),),
        ((0.0, 3.0),),
        output_range=(-0.5, 0.1),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bytes_are_the_references(case: OpCase) -> None:
    check_variant(case, KERNEL)


@pytest.mark.parametrize("case", CASES[-3:], ids=str)
def test_single_rounding(case: OpCase) -> None:
    check_variant(case, KERNEL, "single")


@pytest.mark.parametrize(("stride", "in_place"), [(1, (0,)), (2, ())])
def test_takes_over_its_input_where_both_have_one_shape(
    stride: int, in_place: tuple[int, ...]
) -> None:
    op = depthwise((3, 3), 5, stride_rows=stride, stride_cols=stride, **ONE_AROUND)
    answer = lowered(check_variant(OpCase("shape", op, ((2, 5, 7, 5),)), KERNEL), 0, KERNEL)
    assert isinstance(answer, Lowering)
    assert answer.in_place == in_place


def test_refuses_several_filters_per_channel() -> None:
    case = OpCase("multiplier", depthwise((3, 3), 2, multiplier=2), ((1, 5, 5, 2),))
    assert refusal(case, KERNEL) == "it has several filters per channel"


@pytest.mark.parametrize("transposed", [False, True])
def test_one_line_is_expanded_where_the_image_is_one(*, transposed: bool) -> None:
    kernel, shape = ((1, 15), (1, 1, 15, 8)) if transposed else ((15, 1), (1, 15, 1, 8))
    answer = lowered(
        quantized_case(OpCase("one", depthwise(kernel, 8), (shape,)), "double"), 0, KERNEL
    )
    assert isinstance(answer, Lowering)
    assert answer.calls[0].parameters["phase_lines"] == 1


@pytest.mark.parametrize("instruction_sets", [{"armv6m"}, {"armv6m", "armv7m"}])
@pytest.mark.parametrize(("rows", "chosen"), [(15, "depthwise_conv2d_s8"), (24, KERNEL)])
def test_plain_c_computes_a_single_output(
    instruction_sets: set[str], rows: int, chosen: str
) -> None:
    # Counted for 128 channels on Cortex-M0+ and M3: 34,913 and 20,726 instructions in plain C for
    # one output, 206,085 and 147,962 from lines; for ten outputs lines need a third of plain C.
    case = OpCase("window", depthwise((15, 1), 8), ((1, rows, 1, 8),))
    (choice,) = choose_kernels(quantized_case(case, "double"), frozenset(instruction_sets))
    assert choice.lowering.kernels == (chosen,)
