"""What pools share: their window with ceil_mode, sliding it, its fields in C.

ceil_mode rounds the output size up, so the last window may reach beyond the padded image:
    out = ceil((W + P - F) / S) + 1, less one if that last window starts beyond W + P_before.
What it reaches beyond is appended to the end padding here, so that ``WindowAxis.output_extent``
holds for both modes; ``uncounted`` says how much that is.

auto_pad SAME pads as ONNX Runtime does: for the kernel without its dilations.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.op import FloatOp
from cnnc.ir.types import I64, AnyWindow, Shape, Window, WindowAxis
from cnnc.ops._convolution import by, output_extents
from cnnc.ops._window import read_auto_pad, read_axes, read_kernel_shape, window_of
from cnnc.ops.reshape import Reshape

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


Element = TypeVar("Element", bound=np.generic)

_RANKS = (3, 4, 5)
_AXIS_NAMES = ("planes", "rows", "cols")


@dataclass(frozen=True)
class PoolWindow:
    """The window of a pool as the model has it.

    Attributes:
        window: The end padding is exactly what the windows reach.
        uncounted: How much of the end padding ceil_mode added along each of its axes.
    """

    window: AnyWindow
    uncounted: tuple[int, ...]


def check_image(reader: "NodeReader") -> Shape:
    """Return the ONNX shape of operand 0, [batch][channel][...].

    Raises:
        UnsupportedAttributeError: It is no batch of 1-D, 2-D or 3-D images.
    """
    shape = reader.onnx_shape(0)
    if len(shape) not in _RANKS:
        raise UnsupportedAttributeError(
            f"an operand of shape {list(shape)}; images of one, two or three axes are supported"
        )
    return shape


def read_pool_window(reader: "NodeReader") -> PoolWindow:
    """Read kernel, strides, dilations, pads, auto_pad and ceil_mode of a pool.

    A line is an image of one row.

    Raises:
        UnsupportedAttributeError: The operand is no batch of images, or an attribute is out of
            range.
    """
    extents = check_image(reader)[2:]
    axes = read_axes(reader, read_kernel_shape(reader, len(extents)), extents)
    if read_auto_pad(reader).startswith("SAME"):
        axes = tuple(
            _same_axis(reader, axis, extent) for axis, extent in zip(axes, extents, strict=True)
        )
    ceil_mode = bool(reader.int_attribute("ceil_mode", 0))
    needed = tuple(
        _needed_end(axis, extent, ceil_mode=ceil_mode)
        for axis, extent in zip(axes, extents, strict=True)
    )
    uncounted = [max(end - axis.pad_after, 0) for axis, end in zip(axes, needed, strict=True)]
    reached = tuple(replace(axis, pad_after=end) for axis, end in zip(axes, needed, strict=True))
    missing_rows = (0,) if len(extents) == 1 else ()
    return PoolWindow(window_of(reached), (*missing_rows, *uncounted))


def _same_axis(reader: "NodeReader", axis: WindowAxis, extent: int) -> WindowAxis:
    total = max((math.ceil(extent / axis.stride) - 1) * axis.stride + axis.kernel - extent, 0)
    smaller, larger = total // 2, total - total // 2
    before, after = (
        (smaller, larger) if read_auto_pad(reader) == "SAME_UPPER" else (larger, smaller)
    )
    return replace(axis, pad_before=before, pad_after=after)


def _needed_end(axis: WindowAxis, extent: int, *, ceil_mode: bool) -> int:
    """Return the end padding that the last window reaches."""
    room = extent + axis.pad_before + axis.pad_after - axis.span
    if room < 0:
        return axis.pad_after  # no window fits: output_shape refuses it
    outputs = room // axis.stride + 1
    starts_inside = outputs * axis.stride < extent + axis.pad_before
    if ceil_mode and room % axis.stride and starts_inside:
        outputs += 1
    return max((outputs - 1) * axis.stride + axis.span - extent - axis.pad_before, 0)


def reached_end(axis: WindowAxis, extent: int) -> int:
    """Return how much of the end padding the windows reach."""
    return _needed_end(axis, extent, ceil_mode=False)


def emit_global_pool(reader: "NodeReader", pool: Callable[[Window], FloatOp]) -> None:
    """Add a pool over the whole image of operand 0, whose pixels are taken as one column.

    Args:
        reader: The node.
        pool: Returns the op for a window.
    """
    batch, channels, *image = check_image(reader)
    pixels = math.prod(image)
    column = reader.emit(
        Reshape((batch, pixels, 1, channels)), [reader.channel_last(0)], suffix="column"
    )
    pooled = reader.emit(pool(Window(pixels, 1)), [column], suffix="pooled")
    target = Reshape((batch, *(1 for _ in image), channels))
    reader.define_channel_last(reader.emit(target, [pooled]))


def pooled_shape(window: AnyWindow, shape: Shape) -> Shape:
    """Return the output's shape [batch][...][channel].

    Raises:
        ModelError: The operand is no batch of images, no window fits, or a window holds padding
            only.
    """
    if len(shape) != len(window.axes) + 2:
        raise ModelError(
            f"pooling along {len(window.axes)} axes needs [batch][...][channel], not {list(shape)}"
        )
    batch, *image, channels = shape
    extents = output_extents(window, shape)
    if min(extents) < 1:
        raise ModelError(
            f"a pooling window of {by(axis.span for axis in window.axes)} does not fit into an "
            f"image of {by(image)}",
            "check kernel, dilations and pads against the size of the input",
        )
    if not image_counts(window, shape).all():
        raise ModelError(
            f"a pooling window lies in the padding of an image of {by(image)} altogether",
            "make the pads smaller than the kernel",
        )
    return (batch, *extents, channels)


def image_counts(window: AnyWindow, shape: Shape) -> I64:
    """Return how many taps of each window lie in the image, one number for each output pixel."""
    along = [
        _taps_inside(axis, extent) for axis, extent in zip(window.axes, shape[1:-1], strict=True)
    ]
    return reduce(np.multiply.outer, along)


def _taps_inside(axis: WindowAxis, extent: int) -> I64:
    """Return how many taps of each window along one axis lie in the image, [outputs]."""
    outputs = axis.output_extent(extent)
    origins = np.arange(outputs, dtype=np.int64)[:, np.newaxis] * axis.stride - axis.pad_before
    positions = origins + np.arange(0, axis.span, axis.dilation, dtype=np.int64)
    inside: I64 = ((positions >= 0) & (positions < extent)).sum(axis=1, dtype=np.int64)
    return inside


def window_taps(
    image: npt.NDArray[Element], window: AnyWindow, fill: float
) -> Iterator[npt.NDArray[Element]]:
    """Yield, for each tap of the kernel, what all windows see there; columns run fastest.

    Args:
        image: (S, batch, ..., channels).
        window: Slides over the axes in the middle.
        fill: Value of padded elements.
    """
    extents = output_extents(window, image.shape)
    padded = image
    if window.has_padding:
        pads = [(axis.pad_before, axis.pad_after) for axis in window.axes]
        padded = np.pad(image, ((0, 0), (0, 0), *pads, (0, 0)), constant_values=fill)
    for taps in itertools.product(*(range(axis.kernel) for axis in window.axes)):
        views = [
            slice(
                tap * axis.dilation, tap * axis.dilation + (out - 1) * axis.stride + 1, axis.stride
            )
            for tap, axis, out in zip(taps, window.axes, extents, strict=True)
        ]
        yield padded[(slice(None), slice(None), *views)]


def sum_windows(
    image: npt.NDArray[Element], window: AnyWindow, fill: float
) -> npt.NDArray[Element]:
    """Return the sum over each window, (S, batch, ..., channels), same dtype."""
    taps = window_taps(image, window, fill)
    total = next(taps).copy()
    for tap in taps:
        np.add(total, tap, out=total)
    return total


def pool_parameters(window: Window, shape: Shape, output: Shape) -> dict[str, int]:
    """Return the geometry fields of the kernels for images of rows and columns."""
    volume = volume_parameters(window, shape, output)
    planes = {name for name in volume if "planes" in name}
    padding = {"pad_front", "counted_rows", "counted_cols", "padding_value"}
    return {name: volume[name] for name in volume if name not in planes | padding}


def volume_parameters(
    window: AnyWindow,
    shape: Shape,
    output: Shape,
    counted: tuple[int, ...] = (),
    padding_value: int = 0,
) -> dict[str, int]:
    """Return the fields of ``struct cnnc_pool_volume_parameters``.

    Args:
        window: Slides over two axes, which is a volume of one plane, or three.
        shape: Of the operand.
        output: Of the result.
        counted: Extents of the padded image where padding counts, else zeros or nothing.
        padding_value: What a tap in the padding adds where it counts.
    """
    plane = () if len(window.axes) == 3 else (WindowAxis(1),)
    axes = (*plane, *window.axes)
    padded = counted or (0,) * len(window.axes)
    ones = (1,) * len(plane)
    columns = {
        "input": (*ones, *shape[1:-1]),
        "output": (*ones, *output[1:-1]),
        "kernel": tuple(axis.kernel for axis in axes),
        "stride": tuple(axis.stride for axis in axes),
        "dilation": tuple(axis.dilation for axis in axes),
        "counted": (*(min(1, size) for size in padded[: len(plane)]), *padded),
    }
    return {
        "batch": shape[0],
        "channels": shape[-1],
        **{
            f"{name}_{axis}": value
            for name, values in columns.items()
            for axis, value in zip(_AXIS_NAMES, values, strict=True)
        },
        "pad_front": axes[0].pad_before,
        "pad_top": axes[1].pad_before,
        "pad_left": axes[2].pad_before,
        "padding_value": padding_value,
    }
