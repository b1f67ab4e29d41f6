"""Read ONNX Resize and Upsample."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp
from cnnc.ops._axes import normalized_axes
from cnnc.ops.resize.coordinates import (
    Coordinates,
    NearestMode,
    ResizedAxis,
    clamped_positions,
    nearest_indices,
)
from cnnc.ops.resize.cubic import ResizeCubic, cubic_taps
from cnnc.ops.resize.linear import ResizeLinear
from cnnc.ops.resize.nearest import ResizeNearest
from cnnc.ops.resize.tflite_form import linear_steps

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

Axes = tuple[int, ...]
_SECOND_RESIZE = 11
"""First opset with coordinate modes; before it, Resize is what Upsample is."""
_SCALES_INPUT_SINCE = 9
_Maker = Callable[[Axes, Axes, Sequence[ResizedAxis]], FloatOp]
"""Makes the op from axes in memory, their sizes and what is known of them."""
_LINEAR = ("linear", "bilinear", "trilinear")


def read_upsample(reader: "NodeReader") -> None:
    """Add Upsample, or Resize of opset 10.

    Raises:
        UnsupportedAttributeError: Scales that are computed, or do not fit.
    """
    if reader.opset >= _SCALES_INPUT_SINCE:
        scales = [float(scale) for scale in reader.constant(1, "scales").reshape(-1)]
    else:
        scales = list(reader.floats_attribute("scales") or ())
    mode = reader.string_attribute("mode", "nearest")
    axes = _scaled_axes(reader, range(len(reader.onnx_shape(0))), scales, Coordinates.ASYMMETRIC)
    if mode == "nearest":
        _define(reader, axes, _nearest(_old_nearest_mode))
    elif mode in _LINEAR:
        _define(reader, axes, _make_linear)
    else:
        raise UnsupportedAttributeError(f"mode '{mode}' is not supported; nearest and linear are")


def read_resize(reader: "NodeReader") -> None:
    """Add Resize.

    Raises:
        UnsupportedAttributeError: A mode that is not supported, or scales and sizes that are
            computed or do not fit.
    """
    if reader.opset < _SECOND_RESIZE:
        read_upsample(reader)
        return
    mode = reader.string_attribute("mode", "nearest")
    axes = _resized_axes(reader, _coordinates(reader))
    # The first matters only for a mode that is refused.
    reader.ignore("extrapolation_value")
    antialias = bool(reader.int_attribute("antialias", 0))
    if mode != "nearest" and antialias and any(axis.scale < 1 for axis in axes.values()):
        raise UnsupportedAttributeError("antialias is not supported where an axis becomes shorter")
    if mode == "nearest":
        reader.ignore("cubic_coeff_a", "exclude_outside")
        chosen = _nearest_mode(reader)
        _define(reader, axes, _nearest(lambda _: chosen))
    elif mode == "linear":
        reader.ignore("cubic_coeff_a", "exclude_outside", "nearest_mode")
        _define(reader, axes, _make_linear)
    elif mode == "cubic":
        reader.ignore("nearest_mode")
        a = reader.float_attribute("cubic_coeff_a", -0.75)
        outside = bool(reader.int_attribute("exclude_outside", 0))
        _define(reader, axes, _cubic(a, exclude_outside=outside))
    else:
        raise UnsupportedAttributeError(
            f"mode '{mode}' is not supported; nearest, linear and cubic are"
        )


def _old_nearest_mode(axis: ResizedAxis) -> NearestMode:
    """Return what ONNX Runtime takes for the nearest element where ONNX does not say which it is.

    It is the one behind where the axis becomes shorter.
    """
    return NearestMode.CEIL if axis.scale < 1 else NearestMode.FLOOR


def _coordinates(reader: "NodeReader") -> Coordinates:
    name = reader.string_attribute("coordinate_transformation_mode", "half_pixel")
    if name not in list(Coordinates):
        raise UnsupportedAttributeError(
            f"coordinate_transformation_mode '{name}' is not supported; {', '.join(Coordinates)} "
            "are"
        )
    return Coordinates(name)


def _nearest_mode(reader: "NodeReader") -> NearestMode:
    name = reader.string_attribute("nearest_mode", "round_prefer_floor")
    if name not in list(NearestMode):
        raise UnsupportedAttributeError(
            f"nearest_mode '{name}' is not supported; {', '.join(NearestMode)} are"
        )
    return NearestMode(name)


def _resized_axes(reader: "NodeReader", coordinates: Coordinates) -> dict[int, ResizedAxis]:
    """Return each ONNX axis that changes."""
    rank = len(reader.onnx_shape(0))
    named = normalized_axes(reader.ints_attribute("axes") or range(rank), rank)
    policy = reader.string_attribute("keep_aspect_ratio_policy", "stretch")
    scales = _optional(reader, 2, "scales")
    if scales:
        return _scaled_axes(reader, named, scales, coordinates)
    sizes = [int(size) for size in _optional(reader, 3, "sizes")]
    return _sized_axes(reader, named, sizes, policy, coordinates)


def _optional(reader: "NodeReader", index: int, role: str) -> list[float]:
    if not reader.has_input(index):
        return []
    return [float(number) for number in reader.constant(index, role).reshape(-1)]


def _scaled_axes(
    reader: "NodeReader", named: Sequence[int], scales: Sequence[float], coordinates: Coordinates
) -> dict[int, ResizedAxis]:
    shape = reader.onnx_shape(0)
    if len(scales) != len(named) or not all(scale > 0 for scale in scales):
        raise UnsupportedAttributeError(
            f"scales {list(scales)} do not fit axes {list(named)} of shape {list(shape)}"
        )
    axes = {}
    for axis, scale in zip(named, scales, strict=True):
        size = math.floor(np.float32(shape[axis]) * np.float32(scale))
        axes[axis] = ResizedAxis(shape[axis], size, float(np.float32(scale)), coordinates)
    return _changing(axes)


def _sized_axes(
    reader: "NodeReader",
    named: Sequence[int],
    sizes: Sequence[int],
    policy: str,
    coordinates: Coordinates,
) -> dict[int, ResizedAxis]:
    shape = reader.onnx_shape(0)
    if len(sizes) != len(named):
        raise UnsupportedAttributeError(
            f"sizes {list(sizes)} do not fit axes {list(named)} of shape {list(shape)}"
        )
    ratios = [
        float(np.float32(size) / np.float32(shape[axis]))
        for axis, size in zip(named, sizes, strict=True)
    ]
    if policy == "stretch":
        pairs = zip(named, sizes, ratios, strict=True)
        return _changing(
            {axis: ResizedAxis(shape[axis], s, r, coordinates) for axis, s, r in pairs}
        )
    if policy not in ("not_larger", "not_smaller"):
        raise UnsupportedAttributeError(f"keep_aspect_ratio_policy '{policy}' is not supported")
    ratio = min(ratios) if policy == "not_larger" else max(ratios)
    axes = {}
    for axis in named:
        size = math.floor(np.float32(ratio) * np.float32(shape[axis]) + np.float32(0.5))
        axes[axis] = ResizedAxis(shape[axis], size, ratio, coordinates)
    return _changing(axes)


def _changing(axes: dict[int, ResizedAxis]) -> dict[int, ResizedAxis]:
    for number, axis in axes.items():
        if axis.size < 1:
            raise UnsupportedAttributeError(f"axis {number} would have {axis.size} elements")
    return {number: axis for number, axis in axes.items() if not axis.is_unchanged}


def _define(reader: "NodeReader", axes: dict[int, ResizedAxis], make: _Maker) -> None:
    """Add the op on the operand as it is stored; nothing where no axis changes."""
    stored = reader.stored(0)
    if not axes:
        reader.define(stored.key, stored.axes)
        return
    places = sorted((stored.axes.index(number), axis) for number, axis in axes.items())
    ordered = [axis for _, axis in places]
    op = make(tuple(place for place, _ in places), tuple(a.size for a in ordered), ordered)
    reader.define(reader.emit(op, [stored.key]), stored.axes)


def _nearest(mode: Callable[[ResizedAxis], NearestMode]) -> _Maker:
    def make(places: Axes, sizes: Axes, axes: Sequence[ResizedAxis]) -> FloatOp:
        indices = np.concatenate([nearest_indices(axis, mode(axis)) for axis in axes])
        return ResizeNearest(places, sizes, indices)

    return make


def _make_linear(places: Axes, sizes: Axes, axes: Sequence[ResizedAxis]) -> FloatOp:
    positions = np.concatenate([clamped_positions(axis) for axis in axes])
    return ResizeLinear(places, sizes, positions, np.concatenate([linear_steps(a) for a in axes]))


def _cubic(a: float, *, exclude_outside: bool) -> _Maker:
    def make(places: Axes, sizes: Axes, axes: Sequence[ResizedAxis]) -> FloatOp:
        taps = [cubic_taps(axis, a, exclude_outside=exclude_outside) for axis in axes]
        indices = np.concatenate([entry.indices for entry in taps])
        return ResizeCubic(places, sizes, indices, np.concatenate([t.weights for t in taps]))

    return make
