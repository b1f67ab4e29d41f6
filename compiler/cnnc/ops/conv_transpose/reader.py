"""Read ONNX ConvTranspose."""

from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import F32, Activation
from cnnc.ops._one_row import emit_with_rows
from cnnc.ops._weights import read_bias, read_weight, read_weight_scale
from cnnc.ops._window import (
    check_kernel_shape,
    read_auto_pad,
    read_explicit_pads,
    read_steps,
)
from cnnc.ops.conv_transpose.axis import TransposedAxis, output_extents
from cnnc.ops.conv_transpose.float_op import ConvTranspose

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

_Extents = tuple[int, ...]


def read_conv_transpose(reader: "NodeReader") -> None:
    """Add the transposed convolution; one axis is a row, as with Conv.

    Source: ConvTranspose on the ONNX operator page; X [N][C][H][W], W [C][M/group][kH][kW], B [M].

    Raises:
        UnsupportedAttributeError: Weights are computed, of an unknown rank, or do not fit the
            image; an attribute is out of range.
    """
    shape = reader.onnx_shape(0)
    weight = read_weight(reader, 1)
    if len(shape) not in (3, 4, 5) or weight.ndim != len(shape):
        raise UnsupportedAttributeError(
            f"input {list(shape)} with weights {list(weight.shape)}: only 1-D, 2-D and 3-D "
            "transposed convolutions (rank 3 to 5) are supported"
        )
    groups = reader.int_attribute("group", 1)
    if groups < 1 or shape[1] % groups or len(weight) != shape[1]:
        raise UnsupportedAttributeError(
            f"weights {list(weight.shape)} in {groups} groups do not fit {shape[1]} input channels"
        )
    axes = _read_axes(reader, weight.shape[2:], shape[2:])
    extents = output_extents(axes, shape[2:])
    if min(extents) < 1:
        raise UnsupportedAttributeError(f"the result would have extents {list(extents)}")
    filters = _filters(weight, groups)
    bias = read_bias(reader, 2, len(filters))
    if len(axes) == 1:
        axes, filters = (TransposedAxis(1), *axes), filters[:, np.newaxis]
    op = ConvTranspose(
        np.ascontiguousarray(filters),
        bias,
        Activation.NONE,
        axes,
        groups,
        weight_scale=read_weight_scale(reader, 1, 1, groups),
    )
    emit_with_rows(reader, op)


def _filters(weight: F32, groups: int) -> F32:
    """Return [in][out / groups][kernel] as [out][kernel][in / groups]."""
    blocks = weight.reshape(groups, len(weight) // groups, *weight.shape[1:])
    by_output = np.moveaxis(blocks, 1, -1)
    return by_output.reshape(groups * weight.shape[1], *by_output.shape[2:])


def _read_axes(
    reader: "NodeReader", kernel: _Extents, extents: _Extents
) -> tuple[TransposedAxis, ...]:
    check_kernel_shape(reader, kernel)
    ones = (1,) * len(kernel)
    strides = read_steps(reader, "strides", ones)
    dilations = read_steps(reader, "dilations", ones)
    added = _read_output_padding(reader, len(kernel))
    along = zip(kernel, strides, dilations, strict=True)
    axes = tuple(TransposedAxis(*steps) for steps in along)
    reached = tuple(
        axis.full_extent(extent) + more
        for axis, extent, more in zip(axes, extents, added, strict=True)
    )
    cut = _read_cuts(reader, axes, extents, reached)
    return tuple(
        TransposedAxis(axis.kernel, axis.stride, axis.dilation, before, more - after)
        for axis, more, (before, after) in zip(axes, added, cut, strict=True)
    )


def _read_output_padding(reader: "NodeReader", rank: int) -> _Extents:
    values = reader.ints_attribute("output_padding")
    if values is None:
        return (0,) * rank
    if len(values) != rank or min(values) < 0:
        raise UnsupportedAttributeError(
            f"output_padding {list(values)} must be {rank} numbers that are not negative"
        )
    return values


def _read_cuts(
    reader: "NodeReader", axes: tuple[TransposedAxis, ...], extents: _Extents, reached: _Extents
) -> list[tuple[int, int]]:
    """Return what is cut from each axis of the result before and after.

    A result of a given shape, or of extent * stride for SAME, decides the total; ONNX leaves the
    odd one before the image, after it for SAME_UPPER. Negative totals enlarge the result.
    """
    auto_pad = read_auto_pad(reader)
    wanted = _read_output_shape(reader, len(axes))
    if wanted is None and auto_pad == "NOTSET":
        return list(zip(*read_explicit_pads(reader, len(axes)), strict=True))
    if wanted is None and auto_pad == "VALID":
        return [(0, 0)] * len(axes)
    if wanted is None:
        same = [extent * axis.stride for extent, axis in zip(extents, axes, strict=True)]
        # SAME never enlarges: a kernel shorter than its stride leaves the result as it is.
        wanted = tuple(min(pair) for pair in zip(same, reached, strict=True))
    totals = [have - want for have, want in zip(reached, wanted, strict=True)]
    smaller = [max(total, 0) // 2 for total in totals]
    pairs = zip(smaller, totals, strict=True)
    if auto_pad == "SAME_UPPER":
        return [(half, total - half) for half, total in pairs]
    return [(max(total, 0) - half, half + min(total, 0)) for half, total in pairs]


def _read_output_shape(reader: "NodeReader", rank: int) -> _Extents | None:
    values = reader.ints_attribute("output_shape")
    if values is None:
        return None
    if len(values) != rank or min(values) < 1:
        raise UnsupportedAttributeError(
            f"output_shape {list(values)} must be {rank} positive extents"
        )
    return values
