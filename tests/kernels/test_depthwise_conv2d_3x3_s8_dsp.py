"""Depthwise 3x3 in strips of halfword pairs: remainders, borders, blocks, and what it refuses."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np
import pytest
from tests.support.emitted import C_FLAGS, SANITIZERS, run_tool
from tests.support.geometry import ONE_AROUND, Geometry
from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import (
    check_variant,
    check_variant_model,
    check_variants,
    lowered,
    refusal,
)

from cnnc.codegen.kernel import Lowering
from cnnc.codegen.packing.depthwise import SCRATCH_WORDS
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Activation, Rounding, Window
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d, QuantDepthwiseConv2d

KERNEL = "depthwise_conv2d_3x3_s8_dsp"
STRIDE_2: Geometry = {"stride_rows": 2, "stride_cols": 2}
HALVED: Geometry = {"stride_rows": 2, "stride_cols": 2, "pad_bottom": 1, "pad_right": 1}
AFTER: Geometry = {"pad_bottom": 1, "pad_right": 1}

RUNTIME = Path(__file__).parents[2] / "runtime"
INCLUDES = [f"-I{RUNTIME}", f"-I{RUNTIME / 'kernels' / 'depthwise_conv2d'}"]
PLANES_PROGRAM = """#define CNNC_PREFIX test
#include "cnnc_depthwise_strip_dsp.h"
#include <stdlib.h>
int main(void) {
    for (size_t skipped = 0; skipped < 32; ++skipped) {
        for (int32_t positions = 2; positions <= 30; ++positions) {
            uint32_t *memory = calloc(skipped + CNNC_DEPTHWISE_STRIP_WORDS, sizeof *memory);
            if (memory == NULL) {
                return 1;
            }
            CNNC_SYMBOL(cnnc_depthwise_keep_pair_dsp)
            (cnnc_depthwise_strip_planes(memory + skipped, positions, positions > 15 ? 1 : 2));
            CNNC_SYMBOL(cnnc_depthwise_keep_pair_dsp)
            (cnnc_depthwise_strip_planes(memory + skipped, positions, 1));
            free(memory);
        }
    }
    return 0;
}
"""


def depthwise(
    channels: int,
    activation: Activation = Activation.RELU,
    kernel: tuple[int, int] = (3, 3),
    multiplier: int = 1,
    **window: Unpack[Geometry],
) -> DepthwiseConv2d:
    generator = np.random.default_rng(channels)
    # Scales of the channels are far apart, so that their shifts differ.
    spread = np.geomspace(0.3, 3.0, channels * multiplier)
    weight = generator.normal(size=(*kernel, channels * multiplier)) * spread
    return DepthwiseConv2d(
        weight=weight.astype(np.float32),
        bias=generator.normal(size=channels * multiplier).astype(np.float32),
        activation=activation,
        window=Window(*kernel, **window),
        multiplier=multiplier,
    )


def _joined(window: Geometry, stride: Geometry) -> Geometry:
    return {**window, **stride}


def case(
    rows: int, cols: int, channels: int = 5, batch: int = 1, **window: Unpack[Geometry]
) -> OpCase:
    name = f"{batch}x{rows}x{cols}x{channels}"
    return OpCase(name, depthwise(channels, **window), ((batch, rows, cols, channels),))


STRIDE_1: Geometry = {}
PADDED: tuple[Geometry, ...] = ({}, AFTER, {"pad_top": 1}, {"pad_left": 1}, {"pad_bottom": 2})


def test_every_remainder_of_channels() -> None:
    check_variants([case(4, 5, channels, **ONE_AROUND) for channels in range(4, 13)], KERNEL)


def test_every_remainder_of_lines_and_positions() -> None:
    sizes = itertools.product(range(2, 10), (2, 5))
    check_variants([case(rows, cols, **ONE_AROUND) for rows, cols in sizes], KERNEL)


def test_stride_2() -> None:
    sizes = itertools.product(range(4, 10), (4, 5))
    check_variants([case(rows, cols, **HALVED) for rows, cols in sizes], KERNEL)


def test_padding_on_some_sides() -> None:
    windows = [_joined(padded, stride) for padded in PADDED for stride in (STRIDE_1, STRIDE_2)]
    cases = [replace(case(6, 7, **window), name=str(window)) for window in windows]
    check_variants(cases, KERNEL)


def test_images_wider_than_a_block() -> None:
    cases = [
        case(33, 61, 6, **ONE_AROUND),
        case(62, 3, 6, **ONE_AROUND),
        case(3, 31, 6, **ONE_AROUND),
        case(33, 34, 6, **HALVED),
        case(66, 5, 6, **STRIDE_2),
        case(25, 5, 6, **ONE_AROUND),
    ]
    check_variants(cases, KERNEL)


def test_batches_and_relu6() -> None:
    op = depthwise(6, Activation.RELU6, **ONE_AROUND)
    relu6 = OpCase("relu6", op, ((1, 5, 4, 6),), output_range=(0.0, 6.0))
    check_variants([case(5, 4, 6, batch=3, **ONE_AROUND), relu6], KERNEL)


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_zero_points_and_scales(rounding: Rounding) -> None:
    shifted = [
        OpCase(f"from {low} to {high}", depthwise(8, **ONE_AROUND), ((1, 5, 5, 8),), ((low, high),))
        for low, high in ((0.0, 1.0), (-1.0, 0.0), (-0.3, 1.0))
    ]
    op, shapes = depthwise(16, **ONE_AROUND), ((1, 4, 4, 16),)
    scaled = [
        OpCase(f"up to {most}", op, shapes, output_range=(0.0, most)) for most in (8, 40, 2000)
    ]
    check_variants([*shifted, *scaled], KERNEL, rounding)


def test_no_activation_in_single_rounding() -> None:
    op = depthwise(8, Activation.NONE, **ONE_AROUND)
    check_variant(OpCase("none", op, ((1, 5, 4, 8),)), KERNEL, "single")


def test_extremes_of_weights_and_a_multiplier_of_zero() -> None:
    model = quantized_case(case(5, 6, 8, **ONE_AROUND), "double")
    op = model.nodes[0].op
    assert isinstance(op, QuantDepthwiseConv2d)
    op.weight[:, :, 0] = -128
    op.weight[:, :, 1] = 127
    op.weight[:, :, 2] = 0
    op.multipliers[3], op.shifts[3] = 0, 0
    op.bias[4] = 2**22
    check_variant_model("extremes", model, KERNEL)


def test_shifts_beyond_the_exact_ones() -> None:
    model = quantized_case(case(5, 6, 8, **ONE_AROUND), "double")
    op = model.nodes[0].op
    assert isinstance(op, QuantDepthwiseConv2d)
    op.shifts[:] = -np.arange(8, 16)
    check_variant_model("shifts", model, KERNEL)


def test_estimate_grows_with_the_image() -> None:
    small, large = (_lowering(case(rows, 20, 8, **ONE_AROUND)) for rows in (20, 40))
    assert small.instructions is not None
    assert large.instructions is not None
    assert 1.7 < large.instructions / small.instructions < 2.1
    assert small.scratch_bytes == large.scratch_bytes == 4 * SCRATCH_WORDS


def _lowering(op_case: OpCase) -> Lowering:
    answer = lowered(quantized_case(op_case, "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    return answer


def _layer_with(shift: int) -> QuantModel:
    model = quantized_case(case(5, 6, 8, **ONE_AROUND), "double")
    op = model.nodes[0].op
    assert isinstance(op, QuantDepthwiseConv2d)
    op.shifts[2] = shift
    return model


def test_planes_stay_in_their_memory_at_every_alignment(tmp_path: Path) -> None:
    unit = tmp_path / "planes.c"
    unit.write_text(PLANES_PROGRAM)
    run_tool(["gcc", *C_FLAGS, *SANITIZERS, *INCLUDES, unit, "-o", tmp_path / "planes"])
    run_tool([tmp_path / "planes"])


def test_refuses_a_shift_that_is_too_small() -> None:
    answer = lowered(_layer_with(-4), 0, KERNEL)
    assert not isinstance(answer, Lowering)
    assert "channel 2" in answer.reason


def test_refuses_limits_that_leave_one_value() -> None:
    model = quantized_case(case(5, 6, 8, **ONE_AROUND), "double")
    node = model.nodes[0]
    assert isinstance(node.op, QuantDepthwiseConv2d)
    one_value = replace(node, op=replace(node.op, minimum=5, maximum=5))
    answer = lowered(replace(model, nodes=(one_value,)), 0, KERNEL)
    assert not isinstance(answer, Lowering)
    assert "channel 0" in answer.reason


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (case(1, 1, **ONE_AROUND), "too small"),
        (case(4, 4, 3, **ONE_AROUND), "fewer than 4 channels"),
        (case(5, 5, stride_rows=2), "the strides are 2 and 1"),
        (case(7, 7, dilation_rows=2), "dilated"),
        (OpCase("5x3", depthwise(4, kernel=(5, 3)), ((1, 6, 6, 4),)), "5x3, not 3x3"),
        (OpCase("filters", depthwise(4, multiplier=2), ((1, 6, 6, 4),)), "2 filters"),
        (
            OpCase("none", depthwise(8, Activation.NONE), ((1, 9, 9, 8),), output_range=(-9, 9)),
            "no product and shift by 12",
        ),
    ],
)
def test_refuses(refused: OpCase, reason: str) -> None:
    assert reason in refusal(refused, KERNEL)
