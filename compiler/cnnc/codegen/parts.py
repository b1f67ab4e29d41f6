"""The parts of a layer as operators of their own: what an op says of how it can be divided."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cnnc.codegen.kernel import LoweringSite
from cnnc.ir.types import Shape, Window

if TYPE_CHECKING:
    from cnnc.ir.op import QuantOp


@dataclass(frozen=True, eq=False)
class Part:
    """An operator that computes some of a layer's result.

    Attributes:
        op: Operator of the part.
        site: Shapes of the part.
        input_offsets: For each operand, elements before what the part reads.
        output_offset: Elements before what it writes, in one piece.
        is_elementwise: Whether it reads of each operand only the elements that it writes.
    """

    op: "QuantOp"
    site: LoweringSite
    input_offsets: tuple[int, ...]
    output_offset: int
    is_elementwise: bool = False


def windowed_parts(op: Any, site: LoweringSite, count: int) -> tuple[Part, ...]:  # noqa: ANN401 (any op with a window)
    """Divide what a window of rows and columns computes by output rows.

    Args:
        op: Frozen dataclass with a field ``window`` of rows and columns.
        site: Of the layer; images are [batch][row][col][channel].
        count: Parts at most.

    Returns:
        The parts; none where there are several images.
    """
    batch, rows, cols, channels = site.inputs[0]
    _, output_rows, output_cols, output_channels = site.output
    if batch != 1:
        return ()
    window: Window = op.window
    parts = []
    for begin, end in ranges(output_rows, count):
        first = begin * window.stride_rows - window.pad_top
        behind = (end - 1) * window.stride_rows - window.pad_top + window.span_rows
        top, bottom = max(0, first), min(rows, behind)
        if bottom <= top:
            return ()
        own = replace(window, pad_top=top - first, pad_bottom=behind - bottom)
        parts.append(
            Part(
                op=replace(op, window=own),
                site=replace(
                    site,
                    inputs=((1, bottom - top, cols, channels), *site.inputs[1:]),
                    output=(1, end - begin, output_cols, output_channels),
                ),
                input_offsets=(top * cols * channels, *(0 for _ in site.inputs[1:])),
                output_offset=begin * output_cols * output_channels,
            )
        )
    return tuple(parts)


def elementwise_parts(op: "QuantOp", site: LoweringSite, count: int) -> tuple[Part, ...]:
    """Divide an elementwise layer along its first axis that has several elements.

    Args:
        op: Holds nothing that depends on the shape.
        site: Of the layer.
        count: Parts at most.

    Returns:
        The parts; none where an operand is broadcast.
    """
    if any(shape != site.output for shape in site.inputs):
        return ()
    axis = next((axis for axis, extent in enumerate(site.output) if extent > 1), None)
    if axis is None:
        return ()
    inner = math.prod(site.output[axis + 1 :])
    parts = []
    for begin, end in ranges(site.output[axis], count):
        shape: Shape = (*site.output[:axis], end - begin, *site.output[axis + 1 :])
        parts.append(
            Part(
                op=op,
                site=replace(site, inputs=tuple(shape for _ in site.inputs), output=shape),
                input_offsets=tuple(begin * inner for _ in site.inputs),
                output_offset=begin * inner,
                is_elementwise=True,
            )
        )
    return tuple(parts)


def ranges(extent: int, count: int) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of at most ``count`` ranges of nearly equal length, none empty."""
    number = min(extent, count)
    yield from pairwise(extent * index // number for index in range(number + 1))
