"""Fold per-channel affine maps, which is what BatchNormalization is, into layers with weights.

With A(x) = scale x + offset per channel (ChannelAffine) and L(x) = W x + b (a WeightedOp):

    A2(A1(x))        = (scale2 scale1) x + (scale2 offset1 + offset2)      one affine map
    A(L(x))          = (scale W) x + (scale b + offset)                    L.scale_output
    A(Reshape(L(x))) = Reshape(A(L(x)))       if the Reshape keeps the extent of the last axis
    L(A(x))          = (W scale) x + (W offset + b)                        L.scale_input
    L(m(A(x)))       = L'(m(x)) with scale and offset moved by m           L a FullyConnected,
                                            m a chain of Reshapes and Transposes

The second form needs that nobody else reads L(x) and that L has no activation of its own. The two
last ones need that every reader of A(x) is such a layer; a zero-padded convolution refuses unless
the offset is zero, because zeros at the border of x would not be zeros of A(x).
"""

from dataclasses import dataclass, replace

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import WeightedOp
from cnnc.ir.types import F32, Activation, Shape
from cnnc.ops.batch_normalization import ChannelAffine
from cnnc.ops.fully_connected import FullyConnected
from cnnc.ops.reshape import Reshape
from cnnc.passes._data_movement import MovedValue, is_movement, trace_back
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep


def explain(editor: FloatEditor, node: FloatNode) -> str:
    """Say why an affine map stays by itself, naming the values; empty if it can be folded."""
    if not isinstance(node.op, ChannelAffine):
        return ""
    before = _plan_backward(editor, node, node.op)
    if not isinstance(before, str):
        return ""
    after = _plan_forward(editor, node, node.op)
    return f"{before}; {after}" if isinstance(after, str) else ""


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, ChannelAffine):
        return None
    before = _plan_backward(editor, node, node.op)
    if not isinstance(before, str):
        before.apply(editor, node)
        return None
    after = _plan_forward(editor, node, node.op)
    if isinstance(after, str):
        return f"{before}; {after}"
    _apply_forward(editor, node, after)
    return None


@dataclass(frozen=True, eq=False)
class _Backward:
    """How the layer before takes up the affine map.

    Attributes:
        producer: The layer.
        op: What it becomes.
        chain: Reshapes between the layer and the affine map.
    """

    producer: FloatNode
    op: WeightedOp | ChannelAffine
    chain: tuple[FloatNode, ...]

    def apply(self, editor: FloatEditor, node: FloatNode) -> None:
        sources = (self.producer, *self.chain, node)
        if not self.chain:
            editor.replace(
                self.producer,
                merge(sources, self.producer, self.op, self.producer.inputs, node.output),
            )
            editor.replace(node)
            return
        scaled = editor.unique(f"{self.producer.output}:scaled")
        editor.replace(
            self.producer,
            merge((self.producer, node), self.producer, self.op, self.producer.inputs, scaled),
        )
        editor.redirect(self.producer.output, scaled)
        last = editor.find(self.chain[-1].name)
        if last is not None:
            editor.replace(last, replace(last, output=node.output))
        editor.replace(node)


def _plan_backward(editor: FloatEditor, node: FloatNode, affine: ChannelAffine) -> _Backward | str:
    channels = len(affine.scale)

    def keeps_channels(moved: FloatNode) -> bool:
        return (
            isinstance(moved.op, Reshape)
            and editor.has_single_use(moved.output)
            and editor.shape(moved.inputs[0])[-1:] == (channels,)
        )

    chain = trace_back(editor, node.inputs[0], keeps_channels)
    producer = editor.producer(chain.value)
    if producer is None:
        return f"its operand '{chain.value}' is not computed by a layer"
    if not isinstance(producer.op, (WeightedOp, ChannelAffine)):
        return f"its operand '{chain.value}' comes from a {producer.op.kind} layer"
    if not editor.has_single_use(chain.value):
        return f"its operand '{chain.value}' has other readers"
    if isinstance(producer.op, ChannelAffine):
        return _checked_backward(producer, _compose(producer.op, affine), chain)
    if producer.op.activation is not Activation.NONE:
        return f"its operand '{chain.value}' has the activation {producer.op.activation}"
    with np.errstate(over="ignore", invalid="ignore"):
        op = producer.op.scale_output(affine.scale, affine.offset)
    return _checked_backward(producer, op, chain)


def _checked_backward(
    producer: FloatNode, op: WeightedOp | ChannelAffine, chain: MovedValue
) -> _Backward | str:
    if not _is_finite(op):
        return f"folded into '{producer.name}' it would leave float32's range"
    return _Backward(producer, op, chain.nodes)


def _compose(first: ChannelAffine, second: ChannelAffine) -> ChannelAffine:
    scale = first.scale.astype(np.float64) * second.scale
    offset = first.offset.astype(np.float64) * second.scale + second.offset
    with np.errstate(over="ignore"):
        return ChannelAffine(scale.astype(np.float32), offset.astype(np.float32))


@dataclass(frozen=True, eq=False)
class _Forward:
    """How one layer behind takes up the affine map.

    Attributes:
        reader: The layer, maybe behind a chain of moves.
        op: What it becomes.
    """

    reader: FloatNode
    op: WeightedOp


def _plan_forward(
    editor: FloatEditor, node: FloatNode, affine: ChannelAffine
) -> tuple[_Forward, ...] | str:
    if editor.is_output(node.output):
        return f"'{node.output}' is an output of the model"
    ends = _ends(editor, node.output)
    if isinstance(ends, str):
        return ends
    plans: list[_Forward] = []
    for end in ends:
        plan = _plan_reader(editor, node, affine, end)
        if isinstance(plan, str):
            return f"'{node.output}' is read by '{end.name}': {plan}"
        plans.append(plan)
    return tuple(plans) if plans else f"nothing reads '{node.output}'"


def _ends(editor: FloatEditor, value: str) -> tuple[FloatNode, ...] | str:
    """Return the nodes that read the value, past everything that only moves elements."""
    ends: list[FloatNode] = []
    for reader in editor.readers(value):
        if not is_movement(reader.op):
            ends.append(reader)
            continue
        if editor.is_output(reader.output):
            return f"'{reader.output}' is an output of the model"
        behind = _ends(editor, reader.output)
        if isinstance(behind, str):
            return behind
        ends.extend(behind)
    return tuple(ends)


def _plan_reader(
    editor: FloatEditor, node: FloatNode, affine: ChannelAffine, reader: FloatNode
) -> _Forward | str:
    if not isinstance(reader.op, WeightedOp):
        return f"a {reader.op.kind} layer has no weights"
    chain = trace_back(editor, reader.inputs[0], lambda _: True)
    scale, offset = affine.scale, affine.offset
    if chain.nodes:
        if not isinstance(reader.op, FullyConnected):
            return "its channels are moved on the way"
        moved = _moved_affine(affine, chain, editor.shape(node.output))
        if isinstance(moved, str):
            return moved
        scale, offset = moved
    with np.errstate(over="ignore", invalid="ignore"):
        op = reader.op.scale_input(scale, offset)
    if isinstance(op, str):
        return op
    if not _is_finite(op):
        return "its weights would leave float32's range"
    return _Forward(reader, op)


def _moved_affine(affine: ChannelAffine, chain: MovedValue, shape: Shape) -> tuple[F32, F32] | str:
    """Return scale and offset per column of the operand [row][column] that the chain leads to."""
    scale = chain.move(np.broadcast_to(affine.scale, shape))
    offset = chain.move(np.broadcast_to(affine.offset, shape))
    if np.any(scale != scale[0]) or np.any(offset != offset[0]):
        return "rows of the product would need different weights"
    return scale[0].astype(np.float32), offset[0].astype(np.float32)


def _apply_forward(editor: FloatEditor, node: FloatNode, plans: tuple[_Forward, ...]) -> None:
    for plan in plans:
        reader = plan.reader
        editor.replace(reader, merge((node, reader), reader, plan.op, reader.inputs, reader.output))
    editor.replace(node)
    editor.redirect(node.output, node.inputs[0])


def _is_finite(op: WeightedOp | ChannelAffine) -> bool:
    arrays = (op.weight, op.bias) if isinstance(op, WeightedOp) else (op.scale, op.offset)
    return all(bool(np.isfinite(array).all()) for array in arrays)


FOLD_BATCH_NORM: Pass[FloatModel] = sweep("fold_batch_norm", _rewrite)
