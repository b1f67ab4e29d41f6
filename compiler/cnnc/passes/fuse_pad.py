"""Fuse a Pad with zeros into the padding of the windows that read it.

    L(Pad(x; top, bottom, left, right)) = L(x) with the window's padding enlarged by these

for L a Conv2d or DepthwiseConv2d, whose own padding is zeros; for an AveragePool that counts its
padding, or has none and counts it from now on. Never into a MaxPool: its padding is minus infinity.
Every reader of the padded image must be such a layer.
"""

from dataclasses import replace

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import FloatOp
from cnnc.ir.types import Window
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.conv2d import Conv2d
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d
from cnnc.ops.pad import Pad
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, Pad):
        return None
    reason = _refusal(node.op)
    if reason:
        return reason
    if editor.is_output(node.output):
        return "it is an output of the model"
    readers = editor.readers(node.output)
    padded = [_padded(reader.op, node.op) for reader in readers]
    refused = [reader for reader, op in zip(readers, padded, strict=True) if op is None]
    if refused:
        return f"'{refused[0].name}' ({refused[0].op.kind}) cannot pad with these zeros"
    for reader, op in zip(readers, padded, strict=True):
        if op is not None:
            editor.replace(reader, merge((node, reader), reader, op, node.inputs, reader.output))
    editor.replace(node)
    return None


def _refusal(pad: Pad) -> str:
    if len(pad.before) != 4:
        return "it is not an image [batch][row][col][channel]"
    batch, top, left, channel = zip(pad.before, pad.after, strict=True)
    if any((*batch, *channel)):
        return "it pads the batch or channel axis"
    if min(*top, *left) < 0:
        return "it crops"
    if pad.value != 0.0:
        return f"it pads with {pad.value:g}, not zero"
    return ""


def _padded(op: FloatOp, pad: Pad) -> FloatOp | None:
    if isinstance(op, (Conv2d, DepthwiseConv2d)):
        return replace(op, window=_enlarged(op.window, pad))
    if not isinstance(op, AveragePool) or not isinstance(op.window, Window):
        return None
    if op.count_include_pad or not op.window.has_padding:
        window = _enlarged(op.window, pad)
        return replace(op, window=window, count_include_pad=True) if _meets(window) else None
    return None


def _meets(window: Window) -> bool:
    """Return whether every position surely holds an element of the image, as pools require."""
    rows, cols = (window.pad_top, window.pad_bottom), (window.pad_left, window.pad_right)
    return max(rows) < window.span_rows and max(cols) < window.span_cols


def _enlarged(window: Window, pad: Pad) -> Window:
    _, top, left, _ = pad.before
    _, bottom, right, _ = pad.after
    return replace(
        window,
        pad_top=window.pad_top + top,
        pad_bottom=window.pad_bottom + bottom,
        pad_left=window.pad_left + left,
        pad_right=window.pad_right + right,
    )


FUSE_PAD: Pass[FloatModel] = sweep("fuse_pad", _rewrite)
