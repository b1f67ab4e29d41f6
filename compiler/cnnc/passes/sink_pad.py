"""Move a Pad behind the Reshape that makes a line an image of one row.

    Reshape(Pad(x), [N][1][L][C]) = Pad(Reshape(x, [N][1][l][C]))       x [N][l][C]

The Reshape moves no byte, and a Pad of an image goes into the window that reads it (fuse_pad.py).
"""

from dataclasses import replace

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.types import Shape
from cnnc.ops.pad import Pad
from cnnc.ops.reshape import Reshape
from cnnc.passes._editor import FloatEditor
from cnnc.passes._framework import Pass, sweep


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    source = node.inputs[0]
    pad = editor.producer(source)
    if not isinstance(node.op, Reshape) or pad is None or not isinstance(pad.op, Pad):
        return None
    if len(pad.op.before) != 3 or node.op.shape != _with_row(editor.shape(source)):
        return f"it does more to '{source}' than add a row"
    if not editor.has_single_use(source):
        return f"'{source}' has other readers"
    line = editor.shape(pad.inputs[0])
    image = editor.unique(f"{node.output}:unpadded")
    reshaped = replace(node, op=Reshape(_with_row(line)), inputs=pad.inputs, output=image)
    before, after = _without_row(pad.op.before), _without_row(pad.op.after)
    padded = replace(
        pad, op=replace(pad.op, before=before, after=after), inputs=(image,), output=node.output
    )
    editor.replace(pad)
    editor.replace(node, reshaped, padded)
    return None


def _with_row(line: Shape) -> Shape:
    return (line[0], 1, *line[1:])


def _without_row(padding: tuple[int, ...]) -> tuple[int, ...]:
    """Return the padding of the image, whose row has none."""
    return (padding[0], 0, *padding[1:])


SINK_PAD: Pass[FloatModel] = sweep("sink_pad", _rewrite)
