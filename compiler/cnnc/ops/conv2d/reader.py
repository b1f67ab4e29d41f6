"""Read ONNX Conv: into Conv2d, or DepthwiseConv2d where each input channel is its own group."""

from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp
from cnnc.ir.types import F32, Activation
from cnnc.ops._weights import read_bias, read_weight
from cnnc.ops._window import read_axes, window_2d
from cnnc.ops.conv2d.float_op import Conv2d
from cnnc.ops.depthwise_conv2d.float_op import DepthwiseConv2d

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


def read_conv(reader: "NodeReader") -> None:
    """Add the convolution that the node describes.

    Source: Conv on the ONNX operator page; X [N][C][H][W], W [M][C/group][kH][kW], B [M].

    Raises:
        UnsupportedAttributeError: Weights are computed, not 2-D, or do not fit the image.
    """
    shape = reader.onnx_shape(0)
    weight = read_weight(reader, 1)
    if len(shape) != 4 or weight.ndim != 4:
        raise UnsupportedAttributeError(
            f"input {list(shape)} with weights {list(weight.shape)}: only 2-D convolutions "
            "(rank 4) are supported"
        )
    groups = reader.int_attribute("group", 1)
    _check_channels(shape[1], weight, groups)
    window = window_2d(read_axes(reader, weight.shape[2:], shape[2:]))
    if min(window.output_size(shape[2], shape[3])) < 1:
        raise UnsupportedAttributeError(
            f"a kernel of {window.span_rows}x{window.span_cols} does not fit the padded image "
            f"of {shape[2]}x{shape[3]}"
        )
    bias = read_bias(reader, 2, len(weight))
    none = Activation.NONE
    if groups > 1 and groups == shape[1]:
        # [out][1][row][col] -> [row][col][out]
        filters = np.ascontiguousarray(weight[:, 0].transpose(1, 2, 0))
        op: FloatOp = DepthwiseConv2d(filters, bias, none, window, len(weight) // groups)
    else:
        # [out][in / groups][row][col] -> [out][row][col][in / groups]
        filters = np.ascontiguousarray(weight.transpose(0, 2, 3, 1))
        op = Conv2d(filters, bias, none, window, groups)
    reader.define_channel_last(reader.emit(op, [reader.channel_last(0)]))


def _check_channels(channels: int, weight: F32, groups: int) -> None:
    if groups < 1 or len(weight) % groups:
        raise UnsupportedAttributeError(
            f"group {groups} does not divide the {len(weight)} output channels"
        )
    if weight.shape[1] * groups != channels:
        raise UnsupportedAttributeError(
            f"weights {list(weight.shape)} in {groups} groups do not fit {channels} input channels"
        )
