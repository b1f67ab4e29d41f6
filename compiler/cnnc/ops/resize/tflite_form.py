"""How TFLite's resizing operators find elements (spec 4.16); their flags say by which rule."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.ir.types import I32
from cnnc.ops.resize.coordinates import Coordinates, ResizedAxis
from cnnc.quantize.fixed_point import round_half_away

STEP_BITS = 10
"""Positions of linear interpolation are in 1/1024 of an element."""


@dataclass(frozen=True)
class Flags:
    """The options of RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR."""

    align_corners: bool
    half_pixel_centers: bool


ALL_FLAGS = (Flags(False, False), Flags(True, False), Flags(False, True))
"""Both at once are refused by TFLite."""


def tflite_indices(extent: int, size: int, flags: Flags) -> I32:
    """Return which element RESIZE_NEAREST_NEIGHBOR takes, in float32; int32 [size]."""
    aligned = flags.align_corners and size > 1
    numerator, denominator = (extent - 1, size - 1) if aligned else (extent, size)
    scale = np.float32(numerator) / np.float32(denominator)
    offset = np.float32(0.5 if flags.half_pixel_centers else 0.0)
    place = (np.arange(size, dtype=np.float32) + offset) * scale
    rounded = round_half_away(place) if flags.align_corners else np.floor(place)
    return np.clip(rounded, 0, extent - 1).astype(np.int32)


def tflite_steps(extent: int, size: int, flags: Flags) -> I32:
    """Return RESIZE_BILINEAR's positions, not clamped, in 1/1024 of an element; int32 [size]."""
    aligned = flags.align_corners and size > 1
    numerator, denominator = (extent - 1, size - 1) if aligned else (extent, size)
    step = ((numerator << STEP_BITS) + denominator // 2) // denominator
    offset = step // 2 - (1 << (STEP_BITS - 1)) if flags.half_pixel_centers else 0
    return (np.arange(size, dtype=np.int64) * step + offset).astype(np.int32)


def flags_of(axis: ResizedAxis) -> Flags | None:
    """Return the flags with which TFLite means the same positions; None where none do."""
    if axis.coordinates is Coordinates.ALIGN_CORNERS:
        return Flags(True, False)
    if not axis.has_exact_scale:
        return None
    if axis.coordinates is Coordinates.ASYMMETRIC:
        return Flags(False, False)
    centred = axis.coordinates in (Coordinates.HALF_PIXEL, Coordinates.HALF_PIXEL_SYMMETRIC)
    if centred or (axis.coordinates is Coordinates.PYTORCH_HALF_PIXEL and axis.size > 1):
        return Flags(False, True)
    return None


def linear_steps(axis: ResizedAxis) -> I32:
    """Return the positions of int8 interpolation in 1/1024 of an element; int32 [size].

    They are TFLite's where it means the same ones and stays within the operand, else the nearest
    to ONNX's.
    """
    flags = flags_of(axis)
    if flags is not None:
        steps = tflite_steps(axis.extent, axis.size, flags)
        if stays_within(steps, axis.extent):
            return steps
    exact = axis.positions().astype(np.float64) * (1 << STEP_BITS)
    nearest: I32 = np.floor(exact + 0.5).astype(np.int32)
    return np.clip(nearest, 0, (axis.extent - 1) << STEP_BITS)


def stays_within(steps: I32, extent: int) -> bool:
    """Return whether no position is a whole element or more beyond the last one."""
    return bool((steps < extent << STEP_BITS).all())


def matching_flags(tables: Sequence[Sequence[I32]], found: Sequence[I32]) -> Flags | None:
    """Return the first flags whose tables, one for each axis, are those that were found.

    Args:
        tables: For each of ``ALL_FLAGS``, the table of each axis.
        found: The table of each axis.
    """
    for flags, candidates in zip(ALL_FLAGS, tables, strict=True):
        if all(np.array_equal(one, other) for one, other in zip(candidates, found, strict=True)):
            return flags
    return None
