"""TFLite's padding of pools: SAME or VALID, and what has to be padded before (spec 2.6)."""

from dataclasses import replace
from enum import IntEnum

import numpy as np

from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.ir.types import I32, Shape, Window, WindowAxis
from cnnc.ops._pool_window import reached_end


class TflitePadding(IntEnum):
    """TFLite's two kinds of padding (spec 2.6)."""

    SAME = 0
    VALID = 1


def tflite_padding(window: Window, rows: int, cols: int) -> TflitePadding | None:
    """Return TFLite's padding that equals the window's; None where there is none."""
    padding = (window.pad_top, window.pad_left)
    size = window.output_size(rows, cols)
    valid = replace(window, pad_top=0, pad_bottom=0, pad_left=0, pad_right=0)
    if padding == (0, 0) and size == valid.output_size(rows, cols):
        return TflitePadding.VALID
    same_size = (-(-rows // window.stride_rows), -(-cols // window.stride_cols))
    along = zip(same_size, window.axes, (rows, cols), strict=True)
    totals = [_same_total(axis, out, extent) for out, axis, extent in along]
    if size == same_size and padding == (totals[0] // 2, totals[1] // 2):
        return TflitePadding.SAME
    return None


def _same_total(axis: WindowAxis, outputs: int, extent: int) -> int:
    return max((outputs - 1) * axis.stride + axis.span - extent, 0)


def tflite_pads(window: Window, shape: Shape) -> tuple[I32, Shape]:
    """Return the operand of PAD that VALID pooling needs, int32 [4][2], and the padded shape."""
    batch, rows, cols, channels = shape
    vertical, horizontal = window.axes
    bottom, right = reached_end(vertical, rows), reached_end(horizontal, cols)
    pads = np.array(
        [(0, 0), (window.pad_top, bottom), (window.pad_left, right), (0, 0)], dtype=np.int32
    )
    padded = (batch, rows + int(pads[1].sum()), cols + int(pads[2].sum()), channels)
    return pads, padded


def pool_options(window: Window, padding: TflitePadding) -> TfliteOptions:
    """Return the options of a pool."""
    fields = {
        "Padding": int(padding),
        "StrideH": window.stride_rows,
        "StrideW": window.stride_cols,
        "FilterHeight": window.kernel_rows,
        "FilterWidth": window.kernel_cols,
    }
    return TfliteOptions("Pool2DOptions", fields)


def refuse_dilations(window: Window, code: str) -> None:
    """Refuse what no pool of TFLite has.

    Raises:
        NotExpressibleError: The window has dilations.
    """
    if max(window.dilation_rows, window.dilation_cols) > 1:
        raise NotExpressibleError(f"{code} has no dilations")
