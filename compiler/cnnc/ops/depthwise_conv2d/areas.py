"""What a depthwise kernel reads from the image itself, and what from copied lines.

Outputs whose taps all lie in the image need no copy. Where they are few, copying all lines takes
less than one more way through every block of channels for each border.
"""

from dataclasses import dataclass

from cnnc.codegen.kernel import LoweringSite
from cnnc.ir.types import Window
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d

_COPY_BYTES = 8 * 1024
"""Lines that are copied at a time: they stay in the first cache, and small networks small."""
_INNER_BYTES = 16 * 1024
"""Of the image for which all blocks are computed before the next rows: the first cache again."""
_INNER_OUTPUTS = 160
"""Fewer take more than a hundredth of their time to start a block."""
_BLOCK_START = 70
"""Instructions before the first output of a block."""
_BLOCK = 16


@dataclass(frozen=True)
class Areas:
    """Rows and columns of the outputs that are read from the image, and lines at a time.

    Attributes:
        top: First such row.
        bottom: Row behind the last one; everything is copied if it is ``top``.
        left: First such column.
        right: Column behind the last one.
        band_rows: Output rows whose lines are copied at a time.
        inner_band_rows: Output rows that are computed at a time from the image.
        lines_bytes: Of the copied lines.
        copied_bytes: Of all copies that an image takes.
        parts: Rectangles.
    """

    top: int
    bottom: int
    left: int
    right: int
    band_rows: int
    inner_band_rows: int
    lines_bytes: int
    copied_bytes: int
    parts: int

    def parameters(self) -> dict[str, int]:
        """Return the kernel's parameters."""
        return {
            "inner_top": self.top,
            "inner_bottom": self.bottom,
            "inner_left": self.left,
            "inner_right": self.right,
            "band_rows": self.band_rows,
            "inner_band_rows": self.inner_band_rows,
        }


def shape_parameters(op: QuantDepthwiseConv2d, site: LoweringSite) -> dict[str, int]:
    """Return the parameters of struct cnnc_depthwise_geometry_s8 that the layer has anyway."""
    _, rows, cols, channels = site.inputs[0]
    _, output_rows, output_cols, _ = site.output
    window = op.window
    return {
        "input_rows": rows,
        "input_cols": cols,
        "channels": channels,
        "output_rows": output_rows,
        "output_cols": output_cols,
        "kernel_rows": window.kernel_rows,
        "kernel_cols": window.kernel_cols,
        "stride_rows": window.stride_rows,
        "stride_cols": window.stride_cols,
        "dilation_rows": window.dilation_rows,
        "dilation_cols": window.dilation_cols,
        "pad_top": window.pad_top,
        "pad_left": window.pad_left,
        "input_zero_point": op.input_zero_point,
    }


def choose_areas(window: Window, site: LoweringSite, *, copy_all: bool = False) -> Areas:
    """Return how an image is divided.

    Args:
        window: Of the convolution.
        site: Shapes.
        copy_all: Whether nothing may be read from the image itself.
    """
    _, rows, cols, channels = site.inputs[0]
    _, output_rows, output_cols, _ = site.output
    all_copied = _areas(window, site, (output_rows, output_rows), (0, output_cols))
    if copy_all:
        return all_copied
    top, bottom = _inside(rows, output_rows, window.stride_rows, window.pad_top, window.span_rows)
    left, right = _inside(cols, output_cols, window.stride_cols, window.pad_left, window.span_cols)
    if top >= bottom or left >= right:
        return all_copied
    divided = _areas(window, site, (top, bottom), (left, right))
    return min(all_copied, divided, key=lambda areas: _cost(areas, channels))


def _cost(areas: Areas, channels: int) -> float:
    blocks = -(-channels // _BLOCK)
    return areas.copied_bytes / _BLOCK + areas.parts * blocks * _BLOCK_START


def _inside(size: int, outputs: int, stride: int, pad: int, span: int) -> tuple[int, int]:
    """Return the first output that sees no padding before, and the first that does behind."""
    first = -(-pad // stride)
    behind = (size + pad - span) // stride + 1
    return min(first, outputs), max(0, min(behind, outputs))


def _areas(
    window: Window, site: LoweringSite, rows: tuple[int, int], cols: tuple[int, int]
) -> Areas:
    _, _, _, channels = site.inputs[0]
    _, output_rows, output_cols, _ = site.output
    borders = [
        (rows[0], output_cols),
        (output_rows - rows[1], output_cols),
        (rows[1] - rows[0], cols[0]),
        (rows[1] - rows[0], output_cols - cols[1]),
    ]
    borders = [border for border in borders if min(border) > 0]

    def copied(row_count: int, col_count: int) -> int:
        lines = (row_count - 1) * window.stride_rows + window.span_rows
        return lines * ((col_count - 1) * window.stride_cols + window.span_cols) * channels

    def lines_bytes(most_rows: int) -> int:
        return max((copied(min(count, most_rows), width) for count, width in borders), default=0)

    band_rows = output_rows
    while band_rows > 1 and lines_bytes(band_rows) > _COPY_BYTES:
        band_rows = -(-band_rows // 2)
    step_bytes = window.stride_rows * site.inputs[0][2] * channels
    inner_rows = max(_INNER_BYTES // step_bytes, -(-_INNER_OUTPUTS // output_cols))
    bands = [(min(count, band_rows), width, -(-count // band_rows)) for count, width in borders]
    return Areas(
        top=rows[0],
        bottom=rows[1],
        left=cols[0],
        right=cols[1],
        band_rows=band_rows,
        inner_band_rows=inner_rows,
        lines_bytes=lines_bytes(band_rows),
        copied_bytes=sum(copied(count, width) * times for count, width, times in bands),
        parts=sum(times for _, _, times in bands) + -(-(rows[1] - rows[0]) // inner_rows),
    )
