"""The window attributes that ONNX convolutions and pools share, for any number of axes.

Source: the attributes ``kernel_shape``, ``strides``, ``dilations``, ``pads`` and ``auto_pad`` of
Conv, MaxPool and AveragePool on the ONNX operator page; SAME as in spec 2.6. A 1-D window is a
2-D one on an image of one row.
"""

import math
from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import AnyWindow, Window, Window3, WindowAxis

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

AUTO_PADS = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
Axes = tuple[int, ...]
"""One number for each axis that a window slides along."""


def read_axes(reader: "NodeReader", kernel: Axes, extents: Axes) -> tuple[WindowAxis, ...]:
    """Read how the window of a convolution or pool slides along each axis of its image.

    Args:
        reader: The node; ``kernel_shape`` is checked against ``kernel`` where it is given.
        kernel: Taps along each axis.
        extents: Extent of the image along each axis, for ``auto_pad``.

    Returns:
        The axes with explicit padding; the output may still be empty.

    Raises:
        UnsupportedAttributeError: An attribute has another number of axes, is not positive,
            negative padding, or an unknown ``auto_pad``.
    """
    check_kernel_shape(reader, kernel)
    ones = (1,) * len(kernel)
    strides = read_steps(reader, "strides", ones)
    dilations = read_steps(reader, "dilations", ones)
    spans = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True))
    before, after = _pads(reader, extents, spans, strides)
    along = zip(kernel, strides, dilations, before, after, strict=True)
    return tuple(WindowAxis(*axis) for axis in along)


def window_of(axes: tuple[WindowAxis, ...]) -> AnyWindow:
    """Return the window that slides along two or three axes."""
    if len(axes) == 3:
        return Window3(*axes)
    return window_2d(axes)


def window_2d(axes: tuple[WindowAxis, ...]) -> Window:
    """Return the window that slides along two axes, or along the columns of an image of one row."""
    rows, cols = axes if len(axes) == 2 else (WindowAxis(1), *axes)
    return Window(
        kernel_rows=rows.kernel,
        kernel_cols=cols.kernel,
        stride_rows=rows.stride,
        stride_cols=cols.stride,
        dilation_rows=rows.dilation,
        dilation_cols=cols.dilation,
        pad_top=rows.pad_before,
        pad_bottom=rows.pad_after,
        pad_left=cols.pad_before,
        pad_right=cols.pad_after,
    )


def read_kernel_shape(reader: "NodeReader", rank: int = 2) -> Axes:
    """Read the ``kernel_shape`` of a pool with ``rank`` axes, where it is required.

    Raises:
        UnsupportedAttributeError: It is absent or has another number of axes.
    """
    if reader.ints_attribute("kernel_shape") is None:
        raise UnsupportedAttributeError("attribute kernel_shape is missing")
    return read_steps(reader, "kernel_shape", (1,) * rank)


def check_kernel_shape(reader: "NodeReader", kernel: Axes) -> None:
    """Check that ``kernel_shape``, where it is given, is the extent of the weights.

    Raises:
        UnsupportedAttributeError: It is not.
    """
    declared = read_steps(reader, "kernel_shape", kernel)
    if declared != kernel:
        raise UnsupportedAttributeError(
            f"kernel_shape {list(declared)} is not the kernel's extent {list(kernel)}"
        )


def read_steps(reader: "NodeReader", name: str, default: Axes) -> Axes:
    """Read an attribute that holds a positive number for each axis of ``default``.

    Raises:
        UnsupportedAttributeError: It has another number of axes, or a number below 1.
    """
    values = reader.ints_attribute(name)
    if values is None:
        return default
    if len(values) != len(default):
        raise UnsupportedAttributeError(
            f"{name} {list(values)} has {len(values)} dimensions; the window has {len(default)}"
        )
    if min(values) < 1:
        raise UnsupportedAttributeError(f"{name} {list(values)} must be at least 1")
    return values


def read_auto_pad(reader: "NodeReader") -> str:
    """Read ``auto_pad``.

    Raises:
        UnsupportedAttributeError: It is unknown, or excluded by ``pads``.
    """
    auto_pad = reader.string_attribute("auto_pad", "NOTSET") or "NOTSET"
    explicit = reader.ints_attribute("pads")
    if auto_pad not in AUTO_PADS:
        raise UnsupportedAttributeError(
            f"auto_pad '{auto_pad}' is not one of {', '.join(AUTO_PADS)}"
        )
    if auto_pad != "NOTSET" and explicit is not None and any(explicit):
        raise UnsupportedAttributeError(
            f"pads {list(explicit)} and auto_pad {auto_pad} exclude each other"
        )
    return auto_pad


def read_explicit_pads(reader: "NodeReader", rank: int) -> tuple[Axes, Axes]:
    """Read ``pads`` as padding before and after each of ``rank`` axes; zeros where it is absent.

    Raises:
        UnsupportedAttributeError: It has another number of axes, or is negative.
    """
    explicit = reader.ints_attribute("pads")
    if explicit is None:
        return (0,) * rank, (0,) * rank
    if len(explicit) != 2 * rank:
        raise UnsupportedAttributeError(
            f"pads {list(explicit)} has {len(explicit)} entries; a window with {rank} axes has "
            f"{2 * rank}: all beginnings, then all ends"
        )
    if min(explicit) < 0:
        raise UnsupportedAttributeError(
            f"pads {list(explicit)} crop the image; negative padding is not supported"
        )
    return explicit[:rank], explicit[rank:]


def _pads(reader: "NodeReader", extents: Axes, spans: Axes, strides: Axes) -> tuple[Axes, Axes]:
    """Return the padding before and after each axis."""
    auto_pad = read_auto_pad(reader)
    if auto_pad == "NOTSET":
        return read_explicit_pads(reader, len(extents))
    if auto_pad == "VALID":
        return (0,) * len(extents), (0,) * len(extents)
    totals = [
        max((math.ceil(extent / stride) - 1) * stride + span - extent, 0)
        for extent, span, stride in zip(extents, spans, strides, strict=True)
    ]
    smaller = tuple(total // 2 for total in totals)
    larger = tuple(total - total // 2 for total in totals)
    return (smaller, larger) if auto_pad == "SAME_UPPER" else (larger, smaller)
