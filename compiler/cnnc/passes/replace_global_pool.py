"""Replace an AveragePool over the whole image by a Mean over its axes.

    AveragePool(x; kernel = image, no padding) = Mean(x; rows, cols)

A pool keeps its operand's int8 format, whose steps are coarse for an average; a mean has its own.
"""

import math

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.mean import Mean
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep

_LARGEST_IMAGE = 2**20
"""Pixels; far below where a mean's sum would pass int32."""


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, AveragePool):
        return None
    window = node.op.window
    _, *image, _ = editor.shape(node.inputs[0])
    if window.has_padding or [axis.span for axis in window.axes] != image:
        return "its window is not the image"
    if [axis.kernel for axis in window.axes] != image:
        return "its dilation leaves pixels out"
    if math.prod(image) > _LARGEST_IMAGE:
        return "the image is too large for a mean"
    mean = Mean(tuple(range(1, len(image) + 1)), keep_dims=True)
    editor.replace(node, merge((node,), node, mean, node.inputs, node.output))
    return None


REPLACE_GLOBAL_POOL: Pass[FloatModel] = sweep("replace_global_pool", _rewrite)
