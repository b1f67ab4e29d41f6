"""Where each element of a resized axis comes from (ONNX Resize, coordinate_transformation_mode).

Positions are computed in float32, in the order of the formulas on ONNX's operator page: where a
position falls on the border between two elements, the last bit decides.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cnnc.ir.types import F32, F64, I32


class Coordinates(StrEnum):
    """How the index i of the result becomes a position in the operand; the names are ONNX's."""

    ASYMMETRIC = "asymmetric"
    HALF_PIXEL = "half_pixel"
    HALF_PIXEL_SYMMETRIC = "half_pixel_symmetric"
    PYTORCH_HALF_PIXEL = "pytorch_half_pixel"
    TF_HALF_PIXEL_FOR_NN = "tf_half_pixel_for_nn"
    ALIGN_CORNERS = "align_corners"
    TF_CROP_AND_RESIZE = "tf_crop_and_resize"


class NearestMode(StrEnum):
    """How a position between two elements becomes one of them; the names are ONNX's."""

    FLOOR = "floor"
    CEIL = "ceil"
    ROUND_PREFER_FLOOR = "round_prefer_floor"
    ROUND_PREFER_CEIL = "round_prefer_ceil"


@dataclass(frozen=True)
class ResizedAxis:
    """One axis.

    Attributes:
        extent: Elements of the operand.
        size: Elements of the result.
        scale: size / extent, or what the model says instead; a float32 value.
        coordinates: Where an element of the result comes from.
        crop: Where the first and the last element of the result come from, as parts of the way
            from the operand's first element to its last; for tf_crop_and_resize.
        skipped: Elements of the result, in front and at the end, that are not asked for.
    """

    extent: int
    size: int
    scale: float
    coordinates: Coordinates
    crop: tuple[float, float] = (0.0, 1.0)
    skipped: tuple[int, int] = (0, 0)

    @property
    def has_exact_scale(self) -> bool:
        """Whether the scale is what the extents say."""
        return self.scale == float(np.float32(self.size) / np.float32(self.extent))

    @property
    def is_unchanged(self) -> bool:
        """Whether every element comes from itself."""
        return self.size == self.extent and self.scale == 1.0 and self.crop == (0.0, 1.0)

    def positions(self) -> F32:
        """Return the position of each element of the result that is asked for; float32."""
        first, last = self.skipped
        is_crop = self.coordinates is Coordinates.TF_CROP_AND_RESIZE
        every = self._cropped() if is_crop else self._uncropped()
        return every[first : self.size - last]

    def _uncropped(self) -> F32:
        index = np.arange(self.size, dtype=np.float32)
        half, scale = np.float32(0.5), np.float32(self.scale)
        match self.coordinates:
            case Coordinates.ASYMMETRIC:
                return index / scale
            case Coordinates.ALIGN_CORNERS:
                last = np.float32(max(self.size - 1, 1))
                return index * np.float32(self.extent - 1) / last
            case Coordinates.TF_HALF_PIXEL_FOR_NN:
                return (index + half) / scale
            case Coordinates.PYTORCH_HALF_PIXEL if self.size == 1:
                return np.zeros(1, np.float32)
            case Coordinates.HALF_PIXEL_SYMMETRIC:
                adjustment = np.float32(self.size) / (scale * np.float32(self.extent))
                offset = np.float32(self.extent) / np.float32(2) * (np.float32(1) - adjustment)
                return offset + ((index + half) / scale - half)
            case _:
                return (index + half) / scale - half

    def _cropped(self) -> F32:
        start, end = (np.float32(part) for part in self.crop)
        last = np.float32(self.extent - 1)
        if self.size == 1:
            return np.full(1, np.float32(0.5) * (start + end) * last, np.float32)
        index = np.arange(self.size, dtype=np.float32)
        return start * last + index * (end - start) * last / np.float32(self.size - 1)

    def outside(self) -> tuple[int, int]:
        """Return how many elements of the result, in front and at the end, lie outside.

        They get the extrapolation value; only a crop has any.
        """
        if self.coordinates is not Coordinates.TF_CROP_AND_RESIZE:
            return 0, 0
        x = self._cropped()
        # The positions are monotonic, so that those inside are in one piece.
        inside = np.flatnonzero((x >= 0) & (x <= np.float32(self.extent - 1)))
        if not len(inside):
            return self.size, 0
        return int(inside[0]), self.size - 1 - int(inside[-1])


def nearest_indices(axis: ResizedAxis, mode: NearestMode) -> I32:
    """Return the element of the operand that each element of the result is; int32 [size]."""
    x: F64 = axis.positions().astype(np.float64)
    rounded: dict[NearestMode, F64] = {
        NearestMode.FLOOR: np.floor(x),
        NearestMode.CEIL: np.ceil(x),
        NearestMode.ROUND_PREFER_FLOOR: np.ceil(x - 0.5),
        NearestMode.ROUND_PREFER_CEIL: np.floor(x + 0.5),
    }
    indices: I32 = np.clip(rounded[mode], 0, axis.extent - 1).astype(np.int32)
    return indices


def clamped_positions(axis: ResizedAxis) -> F32:
    """Return the positions, those outside the operand moved to its first or last element."""
    return np.clip(axis.positions(), np.float32(0), np.float32(axis.extent - 1))
