"""Read ONNX Pad."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp
from cnnc.ops._axes import normalized_axes
from cnnc.ops.pad.constant import Pad
from cnnc.ops.pad.copies import PadCopy, PadMode
from cnnc.ops.slice import Slice

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

_COPYING = (PadMode.EDGE, PadMode.REFLECT, PadMode.WRAP)


def read_pad(reader: "NodeReader") -> None:
    """Read Pad in the layout that the operand is stored in; negative pads slice first."""
    mode = reader.string_attribute("mode", "constant")
    if mode not in ("constant", *_COPYING):
        allowed = ", ".join(["constant", *_COPYING])
        raise UnsupportedAttributeError(f"mode '{mode}' is not supported; {allowed} are")
    stored = reader.stored(0)
    by_axis = _pads(reader, len(stored.axes))
    before, after = ([pads[axis] for axis in stored.axes] for pads in by_axis)
    value = _value(reader)
    onnx_shape = reader.onnx_shape(0)
    shape = [onnx_shape[axis] for axis in stored.axes]
    key = _cropped(reader, stored.key, shape, before, after)
    first, last = (tuple(max(pad, 0) for pad in pads) for pads in (before, after))
    if any(first) or any(last):
        op: FloatOp = Pad(first, last, value)
        if mode != "constant":
            op = PadCopy(first, last, PadMode(mode))
        key = reader.emit(op, [key])
    reader.define(key, stored.axes)


def _cropped(
    reader: "NodeReader",
    key: str,
    shape: Sequence[int],
    before: Sequence[int],
    after: Sequence[int],
) -> str:
    """Return the operand without what negative pads take away."""
    starts = tuple(max(-pad, 0) for pad in before)
    ends = tuple(max(-pad, 0) for pad in after)
    if not any(starts) and not any(ends):
        return key
    sizes = tuple(e - s - t for e, s, t in zip(shape, starts, ends, strict=True))
    if min(sizes) < 1:
        raise UnsupportedAttributeError(
            f"pads {list(before)} and {list(after)} leave nothing of the tensor {list(shape)}"
        )
    return reader.emit(Slice(starts, (1,) * len(sizes), sizes), [key], suffix="crop")


def _pads(reader: "NodeReader", rank: int) -> tuple[list[int], list[int]]:
    """Return elements before and after each ONNX axis."""
    if reader.opset < 11:
        pads = reader.ints_attribute("pads") or ()
    else:
        pads = tuple(int(pad) for pad in reader.constant(1, "pads").reshape(-1))
    axes = tuple(range(rank))
    if reader.opset >= 18 and reader.has_input(3):
        named = [int(axis) for axis in reader.constant(3, "axes").reshape(-1)]
        axes = normalized_axes(named, rank)
    if len(pads) != 2 * len(axes):
        raise UnsupportedAttributeError(f"pads {list(pads)} do not fit {len(axes)} axes")
    before, after = [0] * rank, [0] * rank
    for position, axis in enumerate(axes):
        before[axis] = pads[position]
        after[axis] = pads[position + len(axes)]
    return before, after


def _value(reader: "NodeReader") -> float:
    if reader.opset < 11:
        value = reader.float_attribute("value", 0.0)
    elif reader.has_input(2):
        value = float(reader.constant(2, "constant_value").reshape(-1)[0])
    else:
        value = 0.0
    if not math.isfinite(value):
        raise UnsupportedAttributeError(f"the padding is {value}, which has no int8 value")
    return value
