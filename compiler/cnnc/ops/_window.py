"""The window attributes that ONNX convolutions and pools share.

Source: the attributes ``kernel_shape``, ``strides``, ``dilations``, ``pads`` and ``auto_pad`` of
Conv, MaxPool and AveragePool on the ONNX operator page; SAME as in spec 2.6.
"""

import math
from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import Window

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

_AUTO_PADS = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


def read_window(reader: "NodeReader", kernel: tuple[int, int], rows: int, cols: int) -> Window:
    """Read the window of a 2-D convolution or pool.

    Args:
        reader: The node; ``kernel_shape`` is checked against ``kernel`` where it is given.
        kernel: Taps in the row and column directions.
        rows: Rows of the image that the window slides over, for ``auto_pad``.
        cols: Columns of that image.

    Returns:
        The window with explicit padding; its output may still be empty.

    Raises:
        UnsupportedAttributeError: An attribute is not 2-D, not positive, negative padding, or an
            unknown ``auto_pad``.
    """
    declared = _pair(reader, "kernel_shape", kernel)
    if declared != kernel:
        raise UnsupportedAttributeError(
            f"kernel_shape {list(declared)} is not the kernel's extent {list(kernel)}"
        )
    strides = _pair(reader, "strides", (1, 1))
    dilations = _pair(reader, "dilations", (1, 1))
    spans = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True))
    top, left, bottom, right = _pads(reader, (rows, cols), spans, strides)
    return Window(
        kernel_rows=kernel[0],
        kernel_cols=kernel[1],
        stride_rows=strides[0],
        stride_cols=strides[1],
        dilation_rows=dilations[0],
        dilation_cols=dilations[1],
        pad_top=top,
        pad_bottom=bottom,
        pad_left=left,
        pad_right=right,
    )


def read_kernel_shape(reader: "NodeReader") -> tuple[int, int]:
    """Read the ``kernel_shape`` of a pool, where it is required.

    Raises:
        UnsupportedAttributeError: It is absent or not 2-D.
    """
    if reader.ints_attribute("kernel_shape") is None:
        raise UnsupportedAttributeError("attribute kernel_shape is missing")
    return _pair(reader, "kernel_shape", (1, 1))


def _pair(reader: "NodeReader", name: str, default: tuple[int, int]) -> tuple[int, int]:
    values = reader.ints_attribute(name)
    if values is None:
        return default
    if len(values) != 2:
        raise UnsupportedAttributeError(
            f"{name} {list(values)} has {len(values)} dimensions; only 2-D windows are supported"
        )
    if min(values) < 1:
        raise UnsupportedAttributeError(f"{name} {list(values)} must be at least 1")
    return values[0], values[1]


def _pads(
    reader: "NodeReader", image: tuple[int, int], spans: tuple[int, ...], strides: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return top, left, bottom, right, the order of ONNX's ``pads``."""
    auto_pad = reader.string_attribute("auto_pad", "NOTSET") or "NOTSET"
    explicit = reader.ints_attribute("pads")
    if auto_pad not in _AUTO_PADS:
        raise UnsupportedAttributeError(
            f"auto_pad '{auto_pad}' is not one of {', '.join(_AUTO_PADS)}"
        )
    if auto_pad == "NOTSET":
        return _explicit_pads(explicit)
    if explicit is not None and any(explicit):
        raise UnsupportedAttributeError(
            f"pads {list(explicit)} and auto_pad {auto_pad} exclude each other"
        )
    if auto_pad == "VALID":
        return 0, 0, 0, 0
    totals = [
        max((math.ceil(extent / stride) - 1) * stride + span - extent, 0)
        for extent, span, stride in zip(image, spans, strides, strict=True)
    ]
    smaller = [total // 2 for total in totals]
    larger = [total - total // 2 for total in totals]
    before, after = (smaller, larger) if auto_pad == "SAME_UPPER" else (larger, smaller)
    return before[0], before[1], after[0], after[1]


def _explicit_pads(explicit: tuple[int, ...] | None) -> tuple[int, int, int, int]:
    if explicit is None:
        return 0, 0, 0, 0
    if len(explicit) != 4:
        raise UnsupportedAttributeError(
            f"pads {list(explicit)} has {len(explicit)} entries; "
            "only 2-D windows (top, left, bottom, right) are supported"
        )
    if min(explicit) < 0:
        raise UnsupportedAttributeError(
            f"pads {list(explicit)} crop the image; negative padding is not supported"
        )
    return explicit[0], explicit[1], explicit[2], explicit[3]
