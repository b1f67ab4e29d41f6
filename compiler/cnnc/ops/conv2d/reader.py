"""Read ONNX Conv: into Conv2d, DepthwiseConv2d (each input channel is its own group) or Conv3d.

A 1-D convolution is a 2-D one on an image of one row, between two Reshapes that move no byte.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import WeightedOp
from cnnc.ir.types import F32, Activation, AnyWindow, Window3
from cnnc.ops._convolution import by, output_extents
from cnnc.ops._one_row import emit_with_rows, with_row
from cnnc.ops._weights import read_bias, read_weight, read_weight_scale
from cnnc.ops._window import read_axes, window_of
from cnnc.ops.conv2d.float_op import Conv2d
from cnnc.ops.conv3d.float_op import Conv3d
from cnnc.ops.depthwise_conv2d.float_op import DepthwiseConv2d

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


def read_conv(reader: "NodeReader") -> None:
    """Add the convolution that the node describes.

    Source: Conv on the ONNX operator page; X [N][C][H][W], W [M][C/group][kH][kW], B [M], with one
    or three axes likewise.

    Raises:
        UnsupportedAttributeError: Weights are computed, of an unknown rank, or do not fit the
            image.
    """
    shape = reader.onnx_shape(0)
    weight = read_weight(reader, 1)
    if len(shape) not in (3, 4, 5) or weight.ndim != len(shape):
        raise UnsupportedAttributeError(
            f"input {list(shape)} with weights {list(weight.shape)}: only 1-D, 2-D and 3-D "
            "convolutions (rank 3 to 5) are supported"
        )
    groups = reader.int_attribute("group", 1)
    _check_channels(shape[1], weight, groups)
    window = window_of(read_axes(reader, weight.shape[2:], shape[2:]))
    _check_extents(window, with_row(shape[2:]))
    bias = read_bias(reader, 2, len(weight))
    # [out][in / groups][kernel] -> [out][kernel][in / groups]
    filters = np.moveaxis(weight, 1, -1)
    if len(shape) == 3:
        filters = filters[:, np.newaxis]
    op = _convolution(filters, bias, window, groups, shape[1])
    emit_with_rows(reader, replace(op, weight_scale=read_weight_scale(reader, 1, 0)))


def _convolution(
    filters: F32, bias: F32, window: AnyWindow, groups: int, channels: int
) -> WeightedOp:
    """Return the op for filters [out][kernel][in / groups]."""
    none = Activation.NONE
    if isinstance(window, Window3):
        return Conv3d(np.ascontiguousarray(filters), bias, none, window, groups)
    if groups > 1 and groups == channels:
        # [out][row][col][1] -> [row][col][out]
        depthwise = np.ascontiguousarray(filters[..., 0].transpose(1, 2, 0))
        return DepthwiseConv2d(depthwise, bias, none, window, len(filters) // groups)
    return Conv2d(np.ascontiguousarray(filters), bias, none, window, groups)


def _check_extents(window: AnyWindow, extents: tuple[int, ...]) -> None:
    if min(output_extents(window, (*extents, 1))) < 1:
        raise UnsupportedAttributeError(
            f"a kernel of {by([axis.span for axis in window.axes])} does not fit the padded image "
            f"of {by(extents)}"
        )


def _check_channels(channels: int, weight: F32, groups: int) -> None:
    if groups < 1 or len(weight) % groups:
        raise UnsupportedAttributeError(
            f"group {groups} does not divide the {len(weight)} output channels"
        )
    if weight.shape[1] * groups != channels:
        raise UnsupportedAttributeError(
            f"weights {list(weight.shape)} in {groups} groups do not fit {channels} input channels"
        )
