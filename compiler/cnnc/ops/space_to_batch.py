"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND of .tflite files: blocks of pixels to the batch and back.

Converters write a dilated convolution as such a pair around a plain one. With b_k the block along
spatial axis k, place p_k b_k + i_k of axis k goes to place p_k of batch (i_0 b_1 + i_1) N + n. Both
are a Reshape, a Transpose and a Reshape; before the one the borders are padded with zero, behind
the other they are cropped.
"""

import math
from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import Shape
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.pad import QuantPad
from cnnc.ops.reshape import Reshape
from cnnc.ops.slice import Slice
from cnnc.ops.transpose import Transpose

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader

_Borders = tuple[tuple[int, int], ...]


def _read_space_to_batch(reader: "TfliteNodeReader") -> None:
    shape, format_ = reader.value(0).shape, reader.value(0).quantization
    blocks, borders = _blocks(reader)
    count = len(blocks)
    before = (0, *(first for first, _ in borders), *(0,) * (len(shape) - 1 - count))
    after = (0, *(last for _, last in borders), *(0,) * (len(shape) - 1 - count))
    pad = QuantPad(before, after, format_.zero_point)
    padded = pad.output_shape([shape])
    if any(e % b for e, b in zip(padded[1 : 1 + count], blocks, strict=True)):
        raise UnsupportedAttributeError(f"{list(padded)} is no multiple of blocks {list(blocks)}")
    key = reader.key(0)
    if padded != shape:
        key = reader.emit_inner(pad, [key], "pad", format_)
    places = [e // b for e, b in zip(padded[1 : 1 + count], blocks, strict=True)]
    # batch, then place and offset along each spatial axis, then the rest
    split = [extent for pair in zip(places, blocks, strict=True) for extent in pair]
    key = reader.emit_inner(
        Reshape((padded[0], *split, *padded[1 + count :])), [key], "blocks", format_
    )
    offsets = [2 * k + 2 for k in range(count)]
    spatial = [2 * k + 1 for k in range(count)]
    rest = range(1 + 2 * count, 1 + 2 * count + len(shape) - 1 - count)
    key = reader.emit_inner(Transpose((*offsets, 0, *spatial, *rest)), [key], "moved", format_)
    batch = math.prod(blocks) * padded[0]
    reader.emit(Reshape((batch, *places, *padded[1 + count :])), [key])


def _read_batch_to_space(reader: "TfliteNodeReader") -> None:
    shape, format_ = reader.value(0).shape, reader.value(0).quantization
    blocks, borders = _blocks(reader)
    count = len(blocks)
    if shape[0] % math.prod(blocks):
        raise UnsupportedAttributeError(f"batch {shape[0]} is no multiple of blocks {list(blocks)}")
    batch, places, rest = shape[0] // math.prod(blocks), shape[1 : 1 + count], shape[1 + count :]
    split = reader.emit_inner(
        Reshape((*blocks, batch, *places, *rest)), [reader.key(0)], "blocks", format_
    )
    # batch, then place and offset along each spatial axis, then the rest
    spatial = [axis for k in range(count) for axis in (count + 1 + k, k)]
    behind = range(2 * count + 1, 2 * count + 1 + len(rest))
    moved = reader.emit_inner(Transpose((count, *spatial, *behind)), [split], "moved", format_)
    whole: Shape = (batch, *(p * b for p, b in zip(places, blocks, strict=True)), *rest)
    if not any(map(any, borders)):
        reader.emit(Reshape(whole), [moved])
        return
    joined = reader.emit_inner(Reshape(whole), [moved], "joined", format_)
    starts = (0, *(first for first, _ in borders), *(0,) * len(rest))
    sizes = [
        extent - first - last
        for extent, (first, last) in zip(whole[1 : 1 + count], borders, strict=True)
    ]
    reader.emit(Slice(starts, (1,) * len(whole), (batch, *sizes, *rest)), [joined])


def _blocks(reader: "TfliteNodeReader") -> tuple[tuple[int, ...], _Borders]:
    """Return the blocks and what is padded or cropped before and after, by spatial axis."""
    shape = reader.value(0).shape
    blocks = tuple(int(block) for block in reader.integers(1, "blocks").reshape(-1))
    borders = reader.integers(2, "borders")
    fits = borders.shape == (len(blocks), 2) and 0 < len(blocks) < len(shape)
    if not fits or min(blocks) < 1 or int(borders.min()) < 0:
        raise UnsupportedAttributeError(
            f"blocks {list(blocks)} and borders {borders.tolist()} do not fit a tensor of shape "
            f"{list(shape)}"
        )
    return blocks, tuple((int(first), int(last)) for first, last in borders)


OPERATOR = OperatorDefinition(
    name="space_to_batch",
    summary="Blocks of pixels to the batch and back, in .tflite files; becomes a transpose.",
    readers={},
    float_ops=(),
    quant_ops=(),
    kernels=(),
    tflite=(),
    tflite_readers={
        "SPACE_TO_BATCH_ND": _read_space_to_batch,
        "BATCH_TO_SPACE_ND": _read_batch_to_space,
    },
)
