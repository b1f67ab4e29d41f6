"""Read ONNX Resize and Upsample."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp
from cnnc.ops._axes import normalized_axes
from cnnc.ops.pad.constant import Pad
from cnnc.ops.resize.coordinates import (
    Coordinates,
    NearestMode,
    ResizedAxis,
    clamped_positions,
    nearest_indices,
)
from cnnc.ops.resize.cubic import ResizeWeighted, cubic_taps, linear_antialias_taps, widened
from cnnc.ops.resize.linear import ResizeLinear
from cnnc.ops.resize.nearest import ResizeNearest
from cnnc.ops.resize.taps import Taps
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
    named = range(len(reader.onnx_shape(0)))
    axes = _changing(_scaled_axes(reader, named, scales, Coordinates.ASYMMETRIC))
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
    antialias = bool(reader.int_attribute("antialias", 0))
    antialias = antialias and any(axis.scale < 1 for axis in axes.values())
    if mode == "nearest":
        reader.ignore("cubic_coeff_a", "exclude_outside")
        chosen = _nearest_mode(reader)
        _define(reader, axes, _nearest(lambda _: chosen))
    elif mode == "linear":
        reader.ignore("cubic_coeff_a", "nearest_mode")
        outside = bool(reader.int_attribute("exclude_outside", 0))
        _define(reader, axes, _linear_antialias(outside) if antialias else _make_linear)
    elif mode == "cubic":
        reader.ignore("nearest_mode")
        a = reader.float_attribute("cubic_coeff_a", -0.75)
        outside = bool(reader.int_attribute("exclude_outside", 0))
        _define(reader, axes, _cubic(a, exclude_outside=outside, antialias=antialias))
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
        axes = _scaled_axes(reader, named, scales, coordinates)
    else:
        sizes = [int(size) for size in _optional(reader, 3, "sizes")]
        axes = _sized_axes(reader, named, sizes, policy, coordinates)
    if coordinates is Coordinates.TF_CROP_AND_RESIZE:
        axes = _cropped_axes(axes, named, _optional(reader, 1, "roi"))
    return _changing(axes)


def _cropped_axes(
    axes: dict[int, ResizedAxis], named: Sequence[int], roi: Sequence[float]
) -> dict[int, ResizedAxis]:
    """Return the axes with their parts of the region of interest: all starts, then all ends."""
    count = len(named)
    if len(roi) != 2 * count:
        raise UnsupportedAttributeError(f"roi {list(roi)} does not fit axes {list(named)}")
    crops = zip(roi[:count], roi[count:], strict=True)
    return {n: replace(axes[n], crop=crop) for n, crop in zip(named, crops, strict=True)}


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
    return axes


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
        return {axis: ResizedAxis(shape[axis], s, r, coordinates) for axis, s, r in pairs}
    if policy not in ("not_larger", "not_smaller"):
        raise UnsupportedAttributeError(f"keep_aspect_ratio_policy '{policy}' is not supported")
    ratio = min(ratios) if policy == "not_larger" else max(ratios)
    axes = {}
    for axis in named:
        size = math.floor(np.float32(ratio) * np.float32(shape[axis]) + np.float32(0.5))
        axes[axis] = ResizedAxis(shape[axis], size, ratio, coordinates)
    return axes


def _changing(axes: dict[int, ResizedAxis]) -> dict[int, ResizedAxis]:
    for number, axis in axes.items():
        if axis.size < 1:
            raise UnsupportedAttributeError(f"axis {number} would have {axis.size} elements")
    return {number: axis for number, axis in axes.items() if not axis.is_unchanged}


def _define(reader: "NodeReader", axes: dict[int, ResizedAxis], make: _Maker) -> None:
    """Add the op on the operand as it is stored; nothing where no axis changes."""
    value = reader.float_attribute("extrapolation_value", 0.0)
    stored = reader.stored(0)
    if not axes:
        reader.define(stored.key, stored.axes)
        return
    places = {stored.axes.index(number): axis for number, axis in sorted(axes.items())}
    rank = len(stored.axes)
    outside = [places[k].outside() if k in places else (0, 0) for k in range(rank)]
    before, after = tuple(b for b, _ in outside), tuple(a for _, a in outside)
    ordered = [(k, places[k], outside[k]) for k in sorted(places)]
    if any(axis.size == sum(counts) for _, axis, counts in ordered):
        raise UnsupportedAttributeError("roi lies outside the operand: the result is a constant")
    op = make(
        tuple(k for k, _, _ in ordered),
        tuple(axis.size - sum(counts) for _, axis, counts in ordered),
        [replace(axis, skipped=counts) for _, axis, counts in ordered],
    )
    if not any(before) and not any(after):
        reader.define(reader.emit(op, [stored.key]), stored.axes)
        return
    inner = reader.emit(op, [stored.key], suffix="inside")
    reader.define(reader.emit(Pad(before, after, value), [inner]), stored.axes)


def _nearest(mode: Callable[[ResizedAxis], NearestMode]) -> _Maker:
    def make(places: Axes, sizes: Axes, axes: Sequence[ResizedAxis]) -> FloatOp:
        indices = np.concatenate([nearest_indices(axis, mode(axis)) for axis in axes])
        return ResizeNearest(places, sizes, indices)

    return make


def _make_linear(places: Axes, sizes: Axes, axes: Sequence[ResizedAxis]) -> FloatOp:
    positions = np.concatenate([clamped_positions(axis) for axis in axes])
    return ResizeLinear(places, sizes, positions, np.concatenate([linear_steps(a) for a in axes]))


def _linear_antialias(exclude_outside: bool) -> _Maker:
    return _weighted(lambda axis: linear_antialias_taps(axis, exclude_outside=exclude_outside))


def _cubic(a: float, *, exclude_outside: bool, antialias: bool) -> _Maker:
    return _weighted(
        lambda axis: cubic_taps(axis, a, exclude_outside=exclude_outside, antialias=antialias)
    )


def _weighted(taps_of: Callable[[ResizedAxis], Taps]) -> _Maker:
    def make(places: Axes, sizes: Axes, axes: Sequence[ResizedAxis]) -> FloatOp:
        taps = widened([taps_of(axis) for axis in axes])
        indices = np.concatenate([entry.indices for entry in taps])
        return ResizeWeighted(places, sizes, indices, np.concatenate([t.weights for t in taps]))

    return make
