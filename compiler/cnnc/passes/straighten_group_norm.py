"""Normalize groups of channels where the channels are last, without moving them to the front.

Exporters write group normalization as a normalization of [batch][group][rest] between Reshapes:

    N(Reshape(T(x), [batch][group][rest]))            x [batch][...][channel], T moves channels
        = Reshape'(N'(Reshape(x, [batch][pixel][group][member])))         behind the batch

with N over the last axis, N' over pixels and members, the same scale and offset per group, and
Reshape' followed by the T that brings the result into the old order, which a later T undoes.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.types import Shape
from cnnc.ops.normalization import Normalization
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose
from cnnc.passes._data_movement import trace_back
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep

_GROUPED_RANK = 3
_GROUP_AXIS = 1


@dataclass(frozen=True)
class _Groups:
    """What is normalized.

    Attributes:
        source: The value with channels last.
        shape: Its shape.
        transpose: Moves its channels behind the batch.
        groups: Number of groups.
    """

    source: str
    shape: Shape
    transpose: Transpose
    groups: int

    @property
    def view(self) -> Shape:
        """[batch][pixel][group][member]."""
        batch, *image, channels = self.shape
        return batch, math.prod(image), self.groups, channels // self.groups

    @property
    def channel_first(self) -> Shape:
        """Shape of the source with its channels behind the batch."""
        return tuple(self.shape[axis] for axis in self.transpose.permutation)


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, Normalization):
        return None
    found = _find(editor, node, node.op)
    if isinstance(found, str):
        return found
    grouped = editor.shape(node.output)
    scale, offset = (
        np.ascontiguousarray(array.transpose(0, 2, 1)[..., np.newaxis])
        for array in (node.op.scale, node.op.offset)
    )
    view = _named(editor, node, "view", Reshape(found.view), found.source)
    op = replace(node.op, axes=(1, 3), scale=scale, offset=offset)
    result = editor.unique(f"{node.output}:normalized")
    normalized = merge((node,), node, op, (view.output,), result)
    image = _named(editor, node, "image", Reshape(found.shape), result)
    first = _named(editor, node, "channel_first", found.transpose, image.output)
    last = FloatNode(
        editor.unique(f"{node.name}/grouped"), Reshape(grouped), (first.output,), node.output
    )
    editor.replace(node, view, normalized, image, first, last)
    return None


def _named(
    editor: FloatEditor, node: FloatNode, what: str, op: Reshape | Transpose, source: str
) -> FloatNode:
    name = editor.unique(f"{node.name}/{what}")
    return FloatNode(name, op, (source,), editor.unique(f"{node.output}:{what}"))


def _find(editor: FloatEditor, node: FloatNode, op: Normalization) -> _Groups | str:
    grouped = editor.shape(node.inputs[0])
    if len(grouped) != _GROUPED_RANK or op.axes != (2,) or op.scale.shape[2] != 1:
        return "it is no normalization of [batch][group][rest] with a scale per group"
    chain = trace_back(editor, node.inputs[0], lambda _: True)
    ops = [moved.op for moved in chain.nodes]
    if len(ops) != 2 or not isinstance(ops[0], Transpose) or not isinstance(ops[1], Reshape):
        return f"'{node.inputs[0]}' is not a Transpose and a Reshape of another value"
    shape = editor.shape(chain.value)
    rank = len(shape)
    if ops[0].permutation != (0, rank - 1, *range(1, rank - 1)):
        return f"'{chain.nodes[0].output}' has its channels not behind the batch"
    if grouped[0] != shape[0] or shape[-1] % grouped[_GROUP_AXIS]:
        return f"'{node.inputs[0]}' does not hold groups of whole channels"
    return _Groups(chain.value, shape, ops[0], grouped[_GROUP_AXIS])


STRAIGHTEN_GROUP_NORM: Pass[FloatModel] = sweep("straighten_group_norm", _rewrite)
