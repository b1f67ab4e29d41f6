"""Layers in parts: the parts' results, side by side, are the layer's."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.support.quant_networks import FORMAT, HALF, dense, quant_add, steep_table

from cnnc.codegen.kernel import LoweringSite, ScratchArgument
from cnnc.codegen.parts import ranges
from cnnc.codegen.split import join_parts
from cnnc.ir.op import QuantOp
from cnnc.ir.types import Activation, AnyArray, Shape, Window
from cnnc.ops.average_pool import QuantAveragePool
from cnnc.ops.conv2d import QuantConv2d
from cnnc.ops.depthwise_conv2d import QuantDepthwiseConv2d
from cnnc.ops.max_pool import QuantMaxPool
from cnnc.ops.sigmoid import QuantSigmoid
from cnnc.quantize.fixed_point import Arithmetic

WINDOWS = (
    Window(1, 1),
    Window(3, 3, 1, 1, 1, 1, 1, 1, 1, 1),
    Window(3, 2, 2, 1, 1, 1, 0, 1, 1, 0),
    Window(3, 3, 2, 2, 2, 1, 2, 1, 0, 1),
    Window(2, 2, 3, 3),
    Window(5, 3, 4, 2, 1, 1, 2, 2, 1, 1),
    Window(7, 1, 2, 1, 1, 1, 3, 3, 0, 0),
)
SHAPE = (1, 11, 6, 4)
COMMON = {
    "input_zero_point": FORMAT.zero_point,
    "output_zero_point": 5,
    "activation": Activation.NONE,
    "minimum": -128,
    "maximum": 127,
    "window": Window(3, 3),
}


def _weights(shape: Shape, channels: int) -> dict[str, AnyArray]:
    random = np.random.default_rng(sum(shape))
    return {
        "weight": random.integers(-127, 128, shape).astype(np.int8),
        "bias": random.integers(-5000, 5000, channels).astype(np.int32),
        "weight_scales": np.full(channels, 0.01, np.float32),
        "multipliers": random.integers(HALF, 2 * HALF, channels).astype(np.int32),
        "shifts": np.full(channels, -7, np.int32),
    }


def _ops(window: Window) -> list[QuantOp]:
    common = {**COMMON, "window": window}
    taps = (window.kernel_rows, window.kernel_cols)
    ops: list[QuantOp] = [
        QuantConv2d(groups=2, **_weights((6, *taps, 2), 6), **common),  # type: ignore[arg-type]
        QuantDepthwiseConv2d(multiplier=2, **_weights((*taps, 8), 8), **common),  # type: ignore[arg-type]
    ]
    pads = (window.pad_top, window.pad_bottom, window.pad_left, window.pad_right)
    if window.dilation_rows == 1 and max(pads) < min(taps):
        ops += [QuantMaxPool(window), QuantAveragePool(window, False, (), -3)]
    return ops


def _site(op: QuantOp, *inputs: Shape) -> LoweringSite:
    return LoweringSite(inputs=inputs, output=op.output_shape(inputs))


def _check(op: QuantOp, site: LoweringSite, count: int) -> int:
    """Compare the parts with the whole; returns how many there are."""
    random = np.random.default_rng(count)
    operands = [random.integers(-128, 128, shape).astype(np.int8) for shape in site.inputs]
    arithmetic = Arithmetic("double")
    whole = op.evaluate([operand[None] for operand in operands], arithmetic)[0].reshape(-1)
    result = np.zeros(whole.size, np.int16) + 999
    parts = op.split(site, count)
    for part in parts:
        pieces = [
            operand.reshape(-1)[offset : offset + math.prod(shape)].reshape(1, *shape)
            for operand, offset, shape in zip(
                operands, part.input_offsets, part.site.inputs, strict=True
            )
        ]
        value = part.op.evaluate(pieces, arithmetic)[0]
        assert value.shape == part.site.output == part.op.output_shape(part.site.inputs)
        result[part.output_offset : part.output_offset + value.size] = value.reshape(-1)
    if parts:
        np.testing.assert_array_equal(result, whole)
    return len(parts)


@pytest.mark.parametrize("count", [2, 3, 4, 16])
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_rows_of_a_window(window: Window, count: int) -> None:
    for op in _ops(window):
        site = _site(op, SHAPE)
        assert _check(op, site, count) == min(count, site.output[1]), op


def test_several_images_are_not_divided() -> None:
    op = QuantMaxPool(Window(2, 2))
    assert op.split(_site(op, (2, *SHAPE[1:])), 2) == ()


def test_padding_that_counts_is_not_divided() -> None:
    op = QuantAveragePool(Window(3, 3, 1, 1, 1, 1, 1, 1, 1, 1), True, (), -3)
    assert op.split(_site(op, SHAPE), 2) == ()


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("rows", [1, 2, 7])
def test_rows_or_channels_of_a_matrix(rows: int, count: int) -> None:
    op = dense(12, 10)
    expected = count if rows == 1 else min(rows, count)
    assert _check(op, _site(op, (rows, 12)), count) == expected


@pytest.mark.parametrize("shape", [(1, 5, 3, 2), (1, 1, 7), (9,)])
def test_elements(shape: Shape) -> None:
    table = QuantSigmoid(steep_table())
    assert _check(table, _site(table, shape), 3) == 3
    total = quant_add()
    assert _check(total, _site(total, shape, shape), 2) == 2


def test_broadcast_operands_are_not_divided() -> None:
    op = quant_add()
    assert op.split(LoweringSite(inputs=((1, 5, 4), (1, 1, 4)), output=(1, 5, 4)), 2) == ()


def test_ranges_cover_everything_once() -> None:
    for extent in range(1, 20):
        for count in range(1, 18):
            found = list(ranges(extent, count))
            assert len(found) == min(extent, count)
            assert [i for begin, end in found for i in range(begin, end)] == list(range(extent))
            assert max(e - b for b, e in found) - min(e - b for b, e in found) <= 1


@pytest.mark.parametrize(
    ("is_elementwise", "over_read", "in_place"),
    [(True, 0, (0,)), (False, 0, ()), (True, 16, ())],
)
def test_no_part_writes_where_another_reads(
    is_elementwise: bool, over_read: int, in_place: tuple[int, ...]
) -> None:
    table = QuantSigmoid(steep_table())
    parts = [
        replace(part, is_elementwise=is_elementwise)
        for part in table.split(_site(table, (1, 6)), 2)
    ]
    lowerings = [replace(table.lower(p.site), over_read_bytes=over_read) for p in parts]
    joined = join_parts(table.lower(_site(table, (1, 6))), parts, lowerings)
    assert joined.in_place == in_place
    assert joined.over_read_bytes == over_read
    assert joined.part_calls == (1, 1)


def test_every_part_has_scratch_memory_of_its_own() -> None:
    op = QuantConv2d(groups=1, **_weights((6, 3, 3, 4), 6), **COMMON)  # type: ignore[arg-type]
    parts = op.split(_site(op, SHAPE), 3)
    joined = join_parts(op.lower(_site(op, SHAPE)), parts, [op.lower(p.site) for p in parts])
    offsets = [
        a.offset for c in joined.calls for a in c.arguments if isinstance(a, ScratchArgument)
    ]
    assert offsets == [0, 48, 96]
    assert joined.scratch_bytes == 144
