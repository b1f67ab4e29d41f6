"""What max and average pooling share: their window with ceil_mode, sliding it, TFLite's padding.

ceil_mode rounds the output size up, so the last window may reach beyond the padded image:
    out = ceil((W + P - F) / S) + 1, less one if that last window starts beyond W + P_before.
The rows and columns that it reaches beyond are appended to the end padding here, so that
``Window.output_size`` holds for both modes; ``uncounted_*`` says how many they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.types import I32, I64, Shape, Window
from cnnc.ops._window import read_axes, read_kernel_shape, window_2d

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


Element = TypeVar("Element", bound=np.generic)


class TflitePadding(IntEnum):
    """TFLite's two kinds of padding (spec 2.6)."""

    SAME = 0
    VALID = 1


@dataclass(frozen=True)
class PoolWindow:
    """The window of a pool as the model has it.

    Attributes:
        window: The end padding is exactly what the windows reach.
        uncounted_rows: How many of the bottom padding's rows ceil_mode added.
        uncounted_cols: How many of the right padding's columns ceil_mode added.
    """

    window: Window
    uncounted_rows: int
    uncounted_cols: int


def read_pool_window(reader: "NodeReader") -> PoolWindow:
    """Read kernel, strides, dilations, pads, auto_pad and ceil_mode of a 2-D pool.

    Raises:
        UnsupportedAttributeError: The operand is no batch of images, or an attribute is out of
            range.
    """
    shape = reader.onnx_shape(0)
    if len(shape) != 4:
        raise UnsupportedAttributeError(
            f"an operand of shape {list(shape)}; only 2-D images (rank 4) are supported"
        )
    rows, cols = shape[2:]
    window = window_2d(read_axes(reader, read_kernel_shape(reader), (rows, cols)))
    _refuse_dilated_same(reader, window)
    ceil_mode = bool(reader.int_attribute("ceil_mode", 0))
    needed_rows = _needed_end(_along_rows(window, rows), ceil_mode=ceil_mode)
    needed_cols = _needed_end(_along_cols(window, cols), ceil_mode=ceil_mode)
    return PoolWindow(
        replace(window, pad_bottom=needed_rows, pad_right=needed_cols),
        uncounted_rows=max(needed_rows - window.pad_bottom, 0),
        uncounted_cols=max(needed_cols - window.pad_right, 0),
    )


def _refuse_dilated_same(reader: "NodeReader", window: Window) -> None:
    dilated = (window.span_rows, window.span_cols) != (window.kernel_rows, window.kernel_cols)
    if dilated and reader.string_attribute("auto_pad", "NOTSET").startswith("SAME"):
        raise UnsupportedAttributeError(
            "auto_pad SAME with dilations: runtimes disagree on the output's size; give pads"
        )


@dataclass(frozen=True)
class _Direction:
    """A window along one axis of the image."""

    extent: int
    span: int
    stride: int
    before: int
    after: int


def _along_rows(window: Window, rows: int) -> _Direction:
    pads = (window.pad_top, window.pad_bottom)
    return _Direction(rows, window.span_rows, window.stride_rows, *pads)


def _along_cols(window: Window, cols: int) -> _Direction:
    pads = (window.pad_left, window.pad_right)
    return _Direction(cols, window.span_cols, window.stride_cols, *pads)


def _needed_end(axis: _Direction, *, ceil_mode: bool) -> int:
    """Return the end padding that the last window reaches."""
    room = axis.extent + axis.before + axis.after - axis.span
    if room < 0:
        return axis.after  # no window fits: output_shape refuses it
    outputs = room // axis.stride + 1
    starts_inside = outputs * axis.stride < axis.extent + axis.before
    if ceil_mode and room % axis.stride and starts_inside:
        outputs += 1
    return max((outputs - 1) * axis.stride + axis.span - axis.extent - axis.before, 0)


def pooled_shape(window: Window, shape: Shape) -> Shape:
    """Return the output's shape [batch][row][col][channel].

    Raises:
        ModelError: The operand is no batch of images, no window fits, or a window holds padding
            only.
    """
    if len(shape) != 4:
        raise ModelError(f"pooling needs [batch][row][col][channel], not {list(shape)}")
    batch, rows, cols, channels = shape
    out_rows, out_cols = window.output_size(rows, cols)
    if min(out_rows, out_cols) < 1:
        raise ModelError(
            f"a pooling window of {window.span_rows}x{window.span_cols} does not fit into an "
            f"image of {rows}x{cols}",
            "check kernel, dilations and pads against the size of the input",
        )
    if not image_counts(window, shape).all():
        raise ModelError(
            f"a pooling window lies in the padding of an image of {rows}x{cols} altogether",
            "make the pads smaller than the kernel",
        )
    return batch, out_rows, out_cols, channels


def image_counts(window: Window, shape: Shape) -> I64:
    """Return how many taps of each window lie in the image, [out_rows][out_cols]."""
    out_rows, out_cols = window.output_size(shape[1], shape[2])
    along_rows = _taps_inside(_along_rows(window, shape[1]), out_rows, window.dilation_rows)
    along_cols = _taps_inside(_along_cols(window, shape[2]), out_cols, window.dilation_cols)
    return np.outer(along_rows, along_cols)


def _taps_inside(axis: _Direction, outputs: int, dilation: int) -> I64:
    """Return how many taps of each window along one axis lie in the image, [outputs]."""
    origins = np.arange(outputs, dtype=np.int64)[:, np.newaxis] * axis.stride - axis.before
    positions = origins + np.arange(0, axis.span, dilation, dtype=np.int64)
    inside: I64 = ((positions >= 0) & (positions < axis.extent)).sum(axis=1, dtype=np.int64)
    return inside


def window_taps(
    image: npt.NDArray[Element], window: Window, fill: float
) -> Iterator[npt.NDArray[Element]]:
    """Yield, for each tap of the kernel, what all windows see there.

    Args:
        image: (S, batch, rows, cols, channels).
        window: Slides over rows and columns.
        fill: Value of padded elements.
    """
    out_rows, out_cols = window.output_size(image.shape[2], image.shape[3])
    pads = ((window.pad_top, window.pad_bottom), (window.pad_left, window.pad_right))
    padded = image
    if window.has_padding:
        padded = np.pad(image, ((0, 0), (0, 0), *pads, (0, 0)), constant_values=fill)
    for tap_row in range(window.kernel_rows):
        row = tap_row * window.dilation_rows
        rows = slice(row, row + (out_rows - 1) * window.stride_rows + 1, window.stride_rows)
        for tap_col in range(window.kernel_cols):
            col = tap_col * window.dilation_cols
            cols = slice(col, col + (out_cols - 1) * window.stride_cols + 1, window.stride_cols)
            yield padded[:, :, rows, cols]


def sum_windows(image: npt.NDArray[Element], window: Window, fill: float) -> npt.NDArray[Element]:
    """Return the sum over each window, (S, batch, out_rows, out_cols, channels), same dtype."""
    taps = window_taps(image, window, fill)
    total = next(taps).copy()
    for tap in taps:
        np.add(total, tap, out=total)
    return total


def tflite_padding(window: Window, rows: int, cols: int) -> TflitePadding | None:
    """Return TFLite's padding that equals the window's; None where there is none."""
    padding = (window.pad_top, window.pad_left)
    size = window.output_size(rows, cols)
    valid = replace(window, pad_top=0, pad_bottom=0, pad_left=0, pad_right=0)
    if padding == (0, 0) and size == valid.output_size(rows, cols):
        return TflitePadding.VALID
    same_size = (-(-rows // window.stride_rows), -(-cols // window.stride_cols))
    along = (_along_rows(window, rows), _along_cols(window, cols))
    totals = [
        max((out - 1) * axis.stride + axis.span - axis.extent, 0)
        for out, axis in zip(same_size, along, strict=True)
    ]
    if size == same_size and padding == (totals[0] // 2, totals[1] // 2):
        return TflitePadding.SAME
    return None


def tflite_pads(window: Window, shape: Shape) -> tuple[I32, Shape]:
    """Return the operand of PAD that VALID pooling needs, int32 [4][2], and the padded shape."""
    batch, rows, cols, channels = shape
    bottom = _needed_end(_along_rows(window, rows), ceil_mode=False)
    right = _needed_end(_along_cols(window, cols), ceil_mode=False)
    pads = np.array(
        [(0, 0), (window.pad_top, bottom), (window.pad_left, right), (0, 0)], dtype=np.int32
    )
    padded = (batch, rows + int(pads[1].sum()), cols + int(pads[2].sum()), channels)
    return pads, padded


def volume_parameters(
    window: Window, shape: Shape, output: Shape, counted: tuple[int, int] = (0, 0)
) -> dict[str, int]:
    """Return the fields of ``struct cnnc_pool_volume_parameters``.

    Args:
        window: Slides over the image, which is a volume of one plane.
        shape: Of the operand.
        output: Of the result.
        counted: Rows and columns of the padded image where padding counts, else 0.
    """
    flat = pool_parameters(window, shape, output)
    planes = {"input": 1, "output": 1, "kernel": 1, "stride": 1, "dilation": 1}
    return {
        **flat,
        **{f"{name}_planes": extent for name, extent in planes.items()},
        "pad_front": 0,
        "counted_planes": min(counted[0], 1),
        "counted_rows": counted[0],
        "counted_cols": counted[1],
        "padding_value": 0,
    }


def pool_parameters(window: Window, shape: Shape, output: Shape) -> dict[str, int]:
    """Return the geometry fields of ``struct cnnc_pool_window``, in order."""
    batch, rows, cols, channels = shape
    return {
        "batch": batch,
        "input_rows": rows,
        "input_cols": cols,
        "channels": channels,
        "output_rows": output[1],
        "output_cols": output[2],
        "kernel_rows": window.kernel_rows,
        "kernel_cols": window.kernel_cols,
        "stride_rows": window.stride_rows,
        "stride_cols": window.stride_cols,
        "dilation_rows": window.dilation_rows,
        "dilation_cols": window.dilation_cols,
        "pad_top": window.pad_top,
        "pad_left": window.pad_left,
    }
