"""Read SLICE, STRIDED_SLICE, SPLIT, SPLIT_V and UNPACK of an int8 .tflite file."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import Shape
from cnnc.ops._axes import normalized_axis
from cnnc.ops.reshape import Reshape
from cnnc.ops.slice.float_op import Slice

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader


def read_tflite_slice(reader: "TfliteNodeReader") -> None:
    """Read SLICE: begin and size; a size of -1 takes the rest."""
    shape = reader.value(0).shape
    starts, sizes = _numbers(reader, 1, "begin"), _numbers(reader, 2, "size")
    _check_rank(shape, starts, sizes)
    sizes = tuple(
        extent - start if size == -1 else size
        for extent, start, size in zip(shape, starts, sizes, strict=True)
    )
    reader.emit(Slice(starts, (1,) * len(shape), sizes), [reader.key(0)])


def read_tflite_strided_slice(reader: "TfliteNodeReader") -> None:
    """Read STRIDED_SLICE; axes that are shrunk away are dropped by a reshape."""
    shape = reader.value(0).shape
    begin, end, strides = (
        _numbers(reader, index, role) for index, role in ((1, "begin"), (2, "end"), (3, "strides"))
    )
    for option in ("EllipsisMask", "NewAxisMask"):
        if reader.option(option, 0):
            raise UnsupportedAttributeError(f"{option} is not supported")
    reader.ignore("Offset")
    if reader.option("Offset", 0):
        raise UnsupportedAttributeError("ends that are offsets are not supported")
    masks = [reader.option(name, 0) for name in ("BeginMask", "EndMask", "ShrinkAxisMask")]
    _check_rank(shape, begin, end, strides)
    slices = [
        _range(extent, begin[k], end[k], strides[k], [mask >> k & 1 for mask in masks])
        for k, extent in enumerate(shape)
    ]
    if not all(slices):
        raise UnsupportedAttributeError("a result without elements is not supported")
    op = Slice(
        starts=tuple(taken.start for taken in slices),
        steps=tuple(taken.step for taken in slices),
        shape=tuple(len(taken) for taken in slices),
    )
    if op.shape == reader.output.shape:
        reader.emit(op, [reader.key(0)])
        return
    sliced = reader.emit_inner(op, [reader.key(0)], "slice", reader.value(0).quantization)
    reader.emit(Reshape(reader.output.shape), [sliced])


def read_tflite_split(reader: "TfliteNodeReader") -> None:
    """Read SPLIT: equal parts of operand 1 along the axis that operand 0 says."""
    reader.ignore("NumSplits")
    shape = reader.value(1).shape
    axis = normalized_axis(int(reader.integers(0, "axis").reshape(-1)[0]), len(shape))
    parts = reader.output_count
    if shape[axis] % parts:
        raise UnsupportedAttributeError(f"{shape[axis]} elements do not split into {parts} parts")
    _emit_parts(reader, 1, axis, (shape[axis] // parts,) * parts)


def read_tflite_split_v(reader: "TfliteNodeReader") -> None:
    """Read SPLIT_V: parts of given sizes, one of which may be -1 for the rest."""
    reader.ignore("NumSplits")
    shape = reader.value(0).shape
    axis = normalized_axis(int(reader.integers(2, "axis").reshape(-1)[0]), len(shape))
    sizes = _numbers(reader, 1, "sizes")
    rest = shape[axis] - sum(size for size in sizes if size != -1)
    _emit_parts(reader, 0, axis, tuple(rest if size == -1 else size for size in sizes))


def read_tflite_unpack(reader: "TfliteNodeReader") -> None:
    """Read UNPACK: a slice of one element along the axis for each result, without that axis."""
    reader.ignore("Num")
    shape = reader.value(0).shape
    axis = normalized_axis(reader.option("Axis", 0), len(shape))
    if shape[axis] != reader.output_count:
        raise UnsupportedAttributeError(
            f"{reader.output_count} results of an axis of {shape[axis]} elements"
        )
    one = (*shape[:axis], 1, *shape[axis + 1 :])
    for index in range(reader.output_count):
        op = Slice(_at(shape, axis, index), (1,) * len(shape), one)
        suffix = f"slice_{index}"
        sliced = reader.emit_inner(op, [reader.key(0)], suffix, reader.value(0).quantization)
        reader.emit(Reshape((*shape[:axis], *shape[axis + 1 :])), [sliced], index)


def _emit_parts(
    reader: "TfliteNodeReader", operand: int, axis: int, sizes: tuple[int, ...]
) -> None:
    shape = reader.value(operand).shape
    if len(sizes) != reader.output_count or sum(sizes) != shape[axis]:
        raise UnsupportedAttributeError(
            f"parts of {list(sizes)} elements do not fit {reader.output_count} results of an axis "
            f"of {shape[axis]}"
        )
    start = 0
    for index, size in enumerate(sizes):
        part = (*shape[:axis], size, *shape[axis + 1 :])
        op = Slice(_at(shape, axis, start), (1,) * len(shape), part)
        reader.emit(op, [reader.key(operand)], index)
        start += size


def _at(shape: Shape, axis: int, start: int) -> tuple[int, ...]:
    return tuple(start if k == axis else 0 for k in range(len(shape)))


def _numbers(reader: "TfliteNodeReader", index: int, role: str) -> tuple[int, ...]:
    return tuple(int(number) for number in reader.integers(index, role).reshape(-1))


def _check_rank(shape: Shape, *numbers: Sequence[int]) -> None:
    if any(len(entries) != len(shape) for entries in numbers):
        raise UnsupportedAttributeError(f"the slice does not fit a tensor of shape {list(shape)}")


def _range(extent: int, begin: int, end: int, step: int, masks: list[int]) -> range:
    """Return the elements that are taken; ``masks``: begin, end and shrink bit of this axis."""
    if step == 0:
        raise UnsupportedAttributeError("a stride of 0")
    if masks[2]:
        start = (0 if masks[0] else begin) % extent
        return range(start, start + 1)
    given = slice(None if masks[0] else begin, None if masks[1] else end, step)
    return range(*given.indices(extent))
