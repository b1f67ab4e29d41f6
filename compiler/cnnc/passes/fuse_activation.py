"""Fuse Clip into the layer before it, and Clips into one another.

    clip(x, a, b) behind clip(x, c, d)     = clip(x, max(a, c), min(b, d))     if max <= min
    Clip(0, inf) = RELU, Clip(0, 6) = RELU6, Clip(-1, 1) = RELU_N1_TO_1 of a layer that has an
    activation and whose result nobody else reads
    Clip(m(x)) = m(Clip(x))                m a MaxPool, Reshape or Transpose: monotonic or a move

The last rule lets a layer clip before it is pooled, so that the pool reads the range that matters.
"""

import math
from dataclasses import dataclass, replace

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import FloatOp, WeightedOp
from cnnc.ir.types import Activation
from cnnc.ops.add import Add
from cnnc.ops.clip import Clip
from cnnc.ops.max_pool import MaxPool
from cnnc.ops.mul import Mul
from cnnc.ops.reshape import Reshape
from cnnc.ops.sub import Sub
from cnnc.ops.transpose import Transpose
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, Clip):
        return None
    if (node.op.low, node.op.high) == (-math.inf, math.inf):
        return _drop(editor, node)
    found = _find_layer(editor, node.inputs[0])
    if isinstance(found, str):
        return found
    clipped = _clipped(found.layer.op, node.op)
    if isinstance(clipped, str):
        return f"'{found.layer.output}' {clipped}"
    _fuse(editor, node, found, clipped)
    return None


def _drop(editor: FloatEditor, node: FloatNode) -> str | None:
    source = node.inputs[0]
    if editor.is_output(node.output) and (editor.is_input(source) or editor.is_output(source)):
        return "the model's output would be another port"
    editor.replace(node)
    editor.redirect(node.output, source)
    return None


@dataclass(frozen=True, eq=False)
class _Layer:
    """The layer that takes up the clip, and what stands between the two.

    Attributes:
        layer: Defines the value that is clipped in the end.
        between: Monotonic ops and moves, in graph order.
    """

    layer: FloatNode
    between: tuple[FloatNode, ...]


def _find_layer(editor: FloatEditor, value: str) -> _Layer | str:
    between: list[FloatNode] = []
    while True:
        node = editor.producer(value)
        if node is None:
            return f"'{value}' is not computed by a layer"
        if not editor.has_single_use(value):
            return f"'{value}' has other readers"
        if not isinstance(node.op, (MaxPool, Reshape, Transpose)):
            return _Layer(node, tuple(reversed(between)))
        between.append(node)
        value = node.inputs[0]


def _clipped(op: FloatOp, clip: Clip) -> FloatOp | str:
    """Return the op that also clips, or why there is none."""
    if isinstance(op, Clip):
        low, high = max(op.low, clip.low), min(op.high, clip.high)
        return Clip(low, high) if low <= high else "is clipped to an interval that is disjoint"
    if not isinstance(op, (WeightedOp, Add, Mul, Sub)):
        return f"comes from a {op.kind} layer, which has no activation"
    before = op.activation.bounds()
    low, high = max(before[0], clip.low), min(before[1], clip.high)
    activation = Activation.from_bounds(low, high)
    if activation is None:
        return f"would be clipped to [{low:g}, {high:g}], which is no activation of TFLite's"
    return replace(op, activation=activation)


def _fuse(editor: FloatEditor, node: FloatNode, found: _Layer, clipped: FloatOp) -> None:
    layer, between = found.layer, found.between
    sources = (layer, *between, node)
    if not between:
        editor.replace(layer, merge(sources, layer, clipped, layer.inputs, node.output))
        editor.replace(node)
        return
    value = editor.unique(f"{layer.output}:clipped")
    editor.replace(layer, merge((layer, node), layer, clipped, layer.inputs, value))
    editor.redirect(layer.output, value)
    last = editor.find(between[-1].name)
    if last is not None:
        editor.replace(last, replace(last, output=node.output))
    editor.replace(node)


FUSE_ACTIVATION: Pass[FloatModel] = sweep("fuse_activation", _rewrite)
