"""Read the ONNX operators that normalize by mean and variance of the data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import F32, Shape
from cnnc.ops._axes import normalized_axes, normalized_axis
from cnnc.ops.add import Add
from cnnc.ops.mean import Mean
from cnnc.ops.mul import Mul
from cnnc.ops.normalization.deviation_op import InverseDeviation
from cnnc.ops.normalization.float_op import Normalization
from cnnc.ops.reshape import Reshape

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

_DEFAULT_EPSILON = float(np.float32(1e-5))
_DEVIATION_EPSILON = float(np.float32(1e-9))
"""What MeanVarianceNormalization's function body adds to the standard deviation."""
_PER_CHANNEL_OPSET = 21
"""From here on, scale and bias of GroupNormalization are per channel, before per group."""


@dataclass(frozen=True)
class _Affine:
    """A scale or an offset of the node.

    Attributes:
        index: Which operand.
        role: Its name in messages.
        shape: Its ONNX shape with as many axes as what it is broadcast with.
    """

    index: int
    role: str
    shape: Shape


@dataclass(frozen=True)
class _Data:
    """What is normalized.

    Attributes:
        key: Where it is stored.
        axes: Axis k in memory is ONNX axis ``axes[k]``.
        affine: Scale and offset; an absent one is None.
    """

    key: str
    axes: tuple[int, ...]
    affine: tuple[_Affine | None, _Affine | None] = (None, None)


def read_instance_normalization(reader: "NodeReader") -> None:
    """Normalize each channel of each image.

    Raises:
        UnsupportedAttributeError: The operand has no image axes, or scale or bias do not fit.
    """
    shape = reader.onnx_shape(0)
    if len(shape) < 3:
        raise UnsupportedAttributeError(f"an operand of rank {len(shape)} has no image axes")
    per_channel = (1, shape[1], *(1 for _ in shape[2:]))
    data = _data(reader, _vectors(reader, shape[1], per_channel))
    _define(reader, data, range(2, len(shape)), _epsilon(reader))


def read_layer_normalization(reader: "NodeReader") -> None:
    """Normalize over an axis and all behind it.

    Raises:
        UnsupportedAttributeError: The axis does not exist, stash_type is not 1, or scale or bias
            do not fit.
    """
    data, onnx_axes = _trailing(reader)
    epsilons = _epsilon(reader)
    _define(reader, data, onnx_axes, epsilons)
    axes = tuple(k for k, axis in enumerate(data.axes) if axis in onnx_axes)
    statistics = (Mean(axes, keep_dims=True), InverseDeviation(axes, epsilons[0]))
    for output, op in enumerate(statistics, start=1):
        if reader.has_output(output):
            reader.define(reader.emit(op, [data.key], output=output), data.axes, output)


def read_rms_normalization(reader: "NodeReader") -> None:
    """Divide by the root of the mean square over an axis and all behind it.

    Raises:
        UnsupportedAttributeError: As for LayerNormalization.
    """
    _define(reader, *_trailing(reader), _epsilon(reader), is_centered=False)


def read_mean_variance_normalization(reader: "NodeReader") -> None:
    """Normalize over the named axes; over all but the channels where none are named.

    Raises:
        UnsupportedAttributeError: An axis does not exist or is named twice.
    """
    rank = len(reader.onnx_shape(0))
    axes = normalized_axes(reader.ints_attribute("axes") or (0, 2, 3), rank)
    _define(reader, _data(reader, (None, None)), axes, (0.0, _DEVIATION_EPSILON))


def read_group_normalization(reader: "NodeReader") -> None:
    """Normalize groups of channels of each image.

    Raises:
        UnsupportedAttributeError: The groups do not divide the channels, stash_type is not 1, or
            scale or bias do not fit.
    """
    batch, channels, *image = reader.onnx_shape(0)
    groups = reader.int_attribute("num_groups", 0)
    _check_stash_type(reader)
    if groups < 1 or channels % groups:
        raise UnsupportedAttributeError(f"{groups} groups do not divide {channels} channels")
    depth = channels // groups
    stored = reader.channel_last(0)
    view = reader.emit(Reshape((batch, math.prod(image), groups, depth)), [stored], "groups")
    members = depth if reader.opset >= _PER_CHANNEL_OPSET else 1
    affine = _vectors(reader, groups * members, (1, 1, groups, members))
    data = _Data(view, (0, 1, 2, 3), affine)
    result = _normalize(reader, data, (1, 3), _epsilon(reader), is_centered=True)
    shape = (batch, *image, channels)
    reader.define_channel_last(reader.emit(Reshape(shape), [result], "image"))


def _epsilon(reader: "NodeReader") -> tuple[float, float]:
    """Return what is added to the variance and to its root."""
    return reader.float_attribute("epsilon", _DEFAULT_EPSILON), 0.0


def _check_stash_type(reader: "NodeReader") -> None:
    if reader.int_attribute("stash_type", 1) != 1:
        raise UnsupportedAttributeError("stash_type is not 1: it is computed in float32 only")


def _trailing(reader: "NodeReader") -> tuple[_Data, Sequence[int]]:
    """Return operand and axes of a node that normalizes over ``axis`` and all behind it."""
    shape = reader.onnx_shape(0)
    axis = normalized_axis(reader.int_attribute("axis", -1), len(shape))
    _check_stash_type(reader)
    affine = (
        _trailing_operand(reader, 1, "scale", axis),
        _trailing_operand(reader, 2, "bias", axis),
    )
    return _data(reader, affine), range(axis, len(shape))


def _trailing_operand(reader: "NodeReader", index: int, role: str, axis: int) -> _Affine | None:
    """Return an operand that broadcasts to the axes from ``axis`` on."""
    if not reader.has_input(index):
        return None
    shape, found = reader.onnx_shape(0), reader.onnx_shape(index)
    padded = (*(1 for _ in shape[len(found) :]), *found)
    allowed = (*(1 for _ in shape[:axis]), *shape[axis:])
    if len(found) > len(shape) or any(
        one not in (1, extent) for one, extent in zip(padded, allowed, strict=True)
    ):
        raise UnsupportedAttributeError(
            f"{role} has shape {list(found)}, which does not broadcast to {list(shape[axis:])}"
        )
    return _Affine(index, role, padded)


def _vectors(
    reader: "NodeReader", size: int, shape: Shape
) -> tuple[_Affine | None, _Affine | None]:
    """Return scale (operand 1) and bias (operand 2), vectors of a size, as a broadcast shape."""
    for index, role in ((1, "scale"), (2, "bias")):
        if reader.onnx_shape(index) != (size,):
            raise UnsupportedAttributeError(
                f"{role} has shape {list(reader.onnx_shape(index))}, not [{size}]"
            )
    return _Affine(1, "scale", shape), _Affine(2, "bias", shape)


def _data(reader: "NodeReader", affine: tuple[_Affine | None, _Affine | None]) -> _Data:
    """Return operand 0 in whatever order it is stored."""
    stored = reader.stored(0)
    return _Data(stored.key, stored.axes, affine)


def _define(
    reader: "NodeReader",
    data: _Data,
    onnx_axes: Sequence[int],
    epsilons: tuple[float, float],
    *,
    is_centered: bool = True,
) -> None:
    result = _normalize(reader, data, onnx_axes, epsilons, is_centered=is_centered)
    reader.define(result, data.axes)


def _normalize(
    reader: "NodeReader",
    data: _Data,
    onnx_axes: Sequence[int],
    epsilons: tuple[float, float],
    *,
    is_centered: bool,
) -> str:
    """Add the normalization, behind it Mul and Add where scale or offset are no constants."""
    given = [operand for operand in data.affine if operand is not None]
    are_constants = all(reader.is_constant(operand.index) for operand in given)
    scale, offset = data.affine if are_constants else (None, None)
    scales, offsets = np.broadcast_arrays(
        _array(reader, data, scale, 1.0), _array(reader, data, offset, 0.0)
    )
    op = Normalization(
        axes=tuple(k for k, axis in enumerate(data.axes) if axis in onnx_axes),
        scale=np.ascontiguousarray(scales),
        offset=np.ascontiguousarray(offsets),
        variance_epsilon=epsilons[0],
        deviation_epsilon=epsilons[1],
        is_centered=is_centered,
    )
    if are_constants:
        return reader.emit(op, [data.key])
    key = reader.emit(op, [data.key], suffix="normalized")
    for operand, combine in zip(data.affine, (Mul(), Add()), strict=True):
        if operand is not None:
            second = reader.reshaped(operand.index, operand.shape, data.axes)
            key = reader.emit(combine, [key, second], suffix=operand.role)
    return key


def _array(reader: "NodeReader", data: _Data, operand: _Affine | None, default: float) -> F32:
    """Return a constant scale or offset with the axes of the operand, in their order in memory."""
    if operand is None:
        return np.full((1,) * len(data.axes), default, dtype=np.float32)
    array = reader.constant(operand.index, operand.role).astype(np.float32)
    return array.reshape(operand.shape).transpose(data.axes)
