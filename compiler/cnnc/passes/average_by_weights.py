"""Turn an AveragePool between two formats of a quantized model into a layer with weights.

    AveragePool(x) = DepthwiseConv2d(x; every weight 1 / n)          n the taps of the window

A pool keeps its operand's int8 format, so that the other format would round a second time. Only
where every window has the same n: without padding, or where padding counts.
"""

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.types import Activation, Quantization, Window
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d
from cnnc.ops.fake_quantize import FakeQuantize
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, AveragePool) or not isinstance(node.op.window, Window):
        return None
    source = editor.producer(node.inputs[0])
    if source is None or not isinstance(source.op, FakeQuantize):
        return "its operand has no format of its own"
    if not _is_wanted_otherwise(editor, node, source.op.format):
        return "its result is not wanted in another format"
    if not _counts_alike(node.op):
        return "its windows count different numbers of taps"
    window = node.op.window
    taps = window.kernel_rows * window.kernel_cols
    channels = editor.shape(node.output)[-1]
    shape = (window.kernel_rows, window.kernel_cols, channels)
    convolution = DepthwiseConv2d(
        weight=np.full(shape, 1.0 / taps, np.float32),
        bias=np.zeros(channels, np.float32),
        activation=Activation.NONE,
        window=window,
        multiplier=1,
    )
    editor.replace(node, merge((node,), node, convolution, node.inputs, node.output))
    return None


def _is_wanted_otherwise(editor: FloatEditor, node: FloatNode, format_: Quantization) -> bool:
    readers = editor.readers(node.output)
    others = [r for r in readers if isinstance(r.op, FakeQuantize) and r.op.format != format_]
    return bool(readers) and len(others) == len(readers) and not editor.is_output(node.output)


def _counts_alike(pool: AveragePool) -> bool:
    return not any(pool.uncounted) and (pool.count_include_pad or not pool.window.has_padding)


AVERAGE_BY_WEIGHTS: Pass[FloatModel] = sweep("average_by_weights", _rewrite)
