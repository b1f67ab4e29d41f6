"""Compute what is left of the per-channel affine maps by depthwise convolutions with a 1x1 window.

    scale[c] x[..., c] + offset[c] = DepthwiseConv2d(weight[0, 0, c] = scale[c], bias = offset)

on [batch][row][col][channel]; other ranks are reshaped to that and back. Runs once, when nothing
can be folded any more, and says why.
"""

import logging
import math

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.types import Activation, Shape, Window
from cnnc.ops.batch_normalization import ChannelAffine
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d
from cnnc.ops.reshape import Reshape
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep
from cnnc.passes.fold_batch_norm import explain

_LOGGER = logging.getLogger(__name__)


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, ChannelAffine):
        return None
    _LOGGER.info(
        "'%s' stays a layer of its own (multiply-add per channel): %s",
        node.name,
        explain(editor, node),
    )
    convolution = _convolution(node.op)
    shape = editor.shape(node.output)
    if len(shape) == 4:
        editor.replace(node, merge((node,), node, convolution, node.inputs, node.output))
        return None
    image = FloatNode(
        editor.unique(f"{node.name}/image"),
        Reshape(_image_shape(shape)),
        node.inputs,
        editor.unique(f"{node.inputs[0]}:image"),
    )
    affine = merge(
        (node,), node, convolution, (image.output,), editor.unique(f"{node.output}:image")
    )
    back = FloatNode(
        editor.unique(f"{node.name}/shape"), Reshape(shape), (affine.output,), node.output
    )
    editor.replace(node, image, affine, back)
    return None


def _convolution(affine: ChannelAffine) -> DepthwiseConv2d:
    return DepthwiseConv2d(
        weight=np.ascontiguousarray(affine.scale.reshape(1, 1, -1)),
        bias=affine.offset,
        activation=Activation.NONE,
        window=Window(kernel_rows=1, kernel_cols=1),
        multiplier=1,
    )


def _image_shape(shape: Shape) -> Shape:
    """Return [batch][row][1][channel] with all middle axes as rows; batch 1 for a vector."""
    *outer, channels = shape
    return (*(outer[:1] or [1]), math.prod(outer[1:]), 1, channels)


LOWER_CHANNEL_AFFINE: Pass[FloatModel] = sweep("lower_channel_affine", _rewrite)
