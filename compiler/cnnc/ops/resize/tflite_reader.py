"""Read TFLite's RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR."""

from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ops._tflite_import import read_image
from cnnc.ops.resize.linear import ResizeLinear
from cnnc.ops.resize.nearest import ResizeNearest
from cnnc.ops.resize.tflite_form import (
    STEP_BITS,
    Flags,
    stays_within,
    tflite_indices,
    tflite_steps,
)

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader

_ROWS_AND_COLS = (1, 2)


def read_resize_nearest(reader: "TfliteNodeReader") -> None:
    """Add the resize by nearest elements.

    Raises:
        UnsupportedAttributeError: The size is computed, or the options contradict.
    """
    sizes, extents, flags = _read(reader)
    pairs = zip(extents, sizes, strict=True)
    indices = np.concatenate([tflite_indices(extent, size, flags) for extent, size in pairs])
    reader.emit(ResizeNearest(_ROWS_AND_COLS, sizes, indices), [reader.key(0)])


def read_resize_bilinear(reader: "TfliteNodeReader") -> None:
    """Add the resize by linear interpolation.

    Raises:
        UnsupportedAttributeError: The size is computed, or the options contradict.
    """
    sizes, extents, flags = _read(reader)
    pairs = list(zip(extents, sizes, strict=True))
    steps = [tflite_steps(extent, size, flags) for extent, size in pairs]
    if not all(stays_within(table, extent) for table, extent in zip(steps, extents, strict=True)):
        raise UnsupportedAttributeError(
            f"TFLite's fixed-point positions pass the end of {list(extents)} for {list(sizes)}"
        )
    positions = [
        np.clip(table / np.float32(1 << STEP_BITS), 0, extent - 1).astype(np.float32)
        for table, extent in zip(steps, extents, strict=True)
    ]
    op = ResizeLinear(_ROWS_AND_COLS, sizes, np.concatenate(positions), np.concatenate(steps))
    reader.emit(op, [reader.key(0)])


def _read(reader: "TfliteNodeReader") -> tuple[tuple[int, int], tuple[int, int], Flags]:
    """Return sizes and extents of rows and columns, and the options."""
    shape = read_image(reader)
    rows, cols = (int(size) for size in reader.integers(1, "size").reshape(-1))
    flags = Flags(
        align_corners=bool(reader.option("AlignCorners", 0)),
        half_pixel_centers=bool(reader.option("HalfPixelCenters", 0)),
    )
    if flags.align_corners and flags.half_pixel_centers:
        raise UnsupportedAttributeError("align_corners and half_pixel_centers exclude each other")
    return (rows, cols), (shape[1], shape[2]), flags
