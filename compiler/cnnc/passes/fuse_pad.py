"""Fuse a Pad with zeros into the padding of the windows that read it.

    L(Pad(x; top, bottom, left, right)) = L(x) with the window's padding enlarged by these

for L a Conv2d, DepthwiseConv2d or Conv3d, whose own padding is zeros; for an AveragePool over two
axes that counts its padding, or has none and counts it from now on. Never into a MaxPool: its
padding is minus infinity. Every reader of the padded image must be such a layer.
"""

from dataclasses import replace

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import FloatOp
from cnnc.ir.types import Window, Window3, WindowAxis
from cnnc.ops._window import window_2d
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.conv2d import Conv2d
from cnnc.ops.conv3d import Conv3d
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
    if len(pad.before) not in (4, 5):
        return "it is not an image [batch][row][col][channel], nor a volume"
    batch, *inner, channel = zip(pad.before, pad.after, strict=True)
    if any((*batch, *channel)):
        return "it pads the batch or channel axis"
    if min(map(min, inner)) < 0:
        return "it crops"
    if pad.value != 0.0:
        return f"it pads with {pad.value:g}, not zero"
    return ""


def _padded(op: FloatOp, pad: Pad) -> FloatOp | None:
    if isinstance(op, Conv3d) and len(pad.before) == 5:
        return replace(op, window=Window3(*_enlarged(op.window.axes, pad)))
    if len(pad.before) != 4:
        return None
    if isinstance(op, (Conv2d, DepthwiseConv2d)):
        return replace(op, window=window_2d(_enlarged(op.window.axes, pad)))
    if not isinstance(op, AveragePool) or not isinstance(op.window, Window):
        return None
    if op.count_include_pad or not op.window.has_padding:
        window = window_2d(_enlarged(op.window.axes, pad))
        return replace(op, window=window, count_include_pad=True) if _meets(window) else None
    return None


def _meets(window: Window) -> bool:
    """Return whether every position surely holds an element of the image, as pools require."""
    rows, cols = (window.pad_top, window.pad_bottom), (window.pad_left, window.pad_right)
    return max(rows) < window.span_rows and max(cols) < window.span_cols


def _enlarged(axes: tuple[WindowAxis, ...], pad: Pad) -> tuple[WindowAxis, ...]:
    along = zip(axes, pad.before[1:-1], pad.after[1:-1], strict=True)
    return tuple(
        replace(axis, pad_before=axis.pad_before + before, pad_after=axis.pad_after + after)
        for axis, before, after in along
    )


FUSE_PAD: Pass[FloatModel] = sweep("fuse_pad", _rewrite)
