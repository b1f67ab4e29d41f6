"""Move Transposes and Reshapes behind elementwise ops, toward another one or a matrix product.

For a move m (a Transpose or Reshape) and f that works on each element alone:

    f(m(x))            = m(f(x))                       Clip, FakeQuantize, Sigmoid, Tanh
    m(x) + m(y)        = m(x + y)                      Add, Mul; the same m for both
    T(x) + c           = T(x + T^-1(c))                Add, Mul; T a Transpose, c a constant of
                                                       the same rank (broadcast axes move along)

Nothing is gained by itself; two moves that meet are merged (merge_moves.py), and one that reaches a
matrix product goes into its weights (absorb_transpose.py).
"""

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ops.add import Add
from cnnc.ops.clip import Clip
from cnnc.ops.fake_quantize import FakeQuantize
from cnnc.ops.mul import Mul
from cnnc.ops.reshape import Reshape
from cnnc.ops.sigmoid import Sigmoid
from cnnc.ops.tanh import Tanh
from cnnc.ops.transpose import Transpose
from cnnc.passes._data_movement import is_movement
from cnnc.passes._editor import FloatEditor
from cnnc.passes._framework import Pass, sweep


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if isinstance(node.op, (Clip, FakeQuantize, Sigmoid, Tanh)):
        return _sink_behind_one(editor, node)
    if isinstance(node.op, (Add, Mul)):
        return _sink_behind_two(editor, node)
    return None


def _sink_behind_one(editor: FloatEditor, node: FloatNode) -> str | None:
    moved = node.inputs[0]
    mover = _movable(editor, moved)
    if mover is None:
        return f"no Transpose or Reshape of its own before it in '{moved}'"
    _swap(editor, mover, node, mover.inputs)
    return None


def _sink_behind_two(editor: FloatEditor, node: FloatNode) -> str | None:
    for index in (0, 1):
        mover = _movable(editor, node.inputs[index])
        constant = editor.constant(node.inputs[1 - index])
        if mover is None or constant is None or not isinstance(mover.op, Transpose):
            continue
        if constant.ndim != len(mover.op.permutation):
            return f"constant '{node.inputs[1 - index]}' has another rank"
        if editor.shape(node.output) != editor.shape(mover.output):
            return f"constant '{node.inputs[1 - index]}' enlarges the value"
        inverse = np.argsort(mover.op.permutation)
        moved_back = np.ascontiguousarray(constant.transpose(inverse))
        name = editor.add_constant(f"{node.inputs[1 - index]}:transposed", moved_back)
        operands = [mover.inputs[0], name]
        _swap(editor, mover, node, tuple(operands if index == 0 else reversed(operands)))
        return None
    return _sink_pair(editor, node)


def _sink_pair(editor: FloatEditor, node: FloatNode) -> str | None:
    movers = [_movable(editor, name) for name in node.inputs]
    first, second = movers
    if first is None or second is None or first is second:
        return "its operands are not moved alike"
    sources = first.inputs + second.inputs
    alike = _same_move(first, second) and editor.shape(sources[0]) == editor.shape(sources[1])
    if not alike:
        return f"'{first.output}' and '{second.output}' are moved in different ways"
    editor.replace(second)
    _swap(editor, first, node, sources)
    return None


def _same_move(first: FloatNode, second: FloatNode) -> bool:
    if isinstance(first.op, Transpose) and isinstance(second.op, Transpose):
        return first.op.permutation == second.op.permutation
    if isinstance(first.op, Reshape) and isinstance(second.op, Reshape):
        return first.op.shape == second.op.shape
    return False


def _movable(editor: FloatEditor, value: str) -> FloatNode | None:
    node = editor.producer(value)
    if node is None or not is_movement(node.op) or not editor.has_single_use(value):
        return None
    return node


def _swap(
    editor: FloatEditor, mover: FloatNode, node: FloatNode, operands: tuple[str, ...]
) -> None:
    """Let the elementwise node read the operands and the mover read the elementwise node."""
    before = editor.unique(f"{node.output}:unmoved")
    editor.replace(mover)
    computed = FloatNode(node.name, node.op, operands, before, node.sources)
    behind = FloatNode(mover.name, mover.op, (before,), node.output, mover.sources)
    editor.replace(node, computed, behind)


SINK_TRANSPOSE: Pass[FloatModel] = sweep("sink_transpose", _rewrite)
