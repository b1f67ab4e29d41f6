"""Replace an AveragePool over the whole image by a Mean over rows and columns.

    AveragePool(x; kernel = image, no padding) = Mean(x; rows, cols)

A pool keeps its operand's int8 format, whose steps are coarse for an average; a mean has its own.
"""

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.mean import Mean
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep

_IMAGE_AXES = (1, 2)
_LARGEST_IMAGE = 2**20
"""Pixels; far below where a mean's sum would pass int32."""


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, AveragePool):
        return None
    window = node.op.window
    _, rows, cols, _ = editor.shape(node.inputs[0])
    if window.has_padding or (window.span_rows, window.span_cols) != (rows, cols):
        return "its window is not the image"
    if (window.kernel_rows, window.kernel_cols) != (rows, cols):
        return "its dilation leaves pixels out"
    if rows * cols > _LARGEST_IMAGE:
        return "the image is too large for a mean"
    mean = Mean(_IMAGE_AXES, keep_dims=True)
    editor.replace(node, merge((node,), node, mean, node.inputs, node.output))
    return None


REPLACE_GLOBAL_POOL: Pass[FloatModel] = sweep("replace_global_pool", _rewrite)
