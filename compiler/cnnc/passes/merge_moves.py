"""Shorten chains of Reshapes and Transposes.

    Reshape(Reshape(x, s), t)          -> Reshape(x, t)
    Reshape(x, shape of x)             -> x
    Transpose(Transpose(x, p), q)      -> Transpose(x, p o q),  (p o q)[k] = p[q[k]]
    a chain that starts at x and leaves every element in its place
                                       -> Reshape(x, last shape)

The last rule covers inverse pairs, Transposes that only move axes of size 1, and Reshapes between
two Transposes that undo each other. Intermediate values may have other readers: a chain is
by-passed, not taken apart, and what nobody reads any more is removed as dead code.
"""

from dataclasses import replace

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose
from cnnc.passes._data_movement import MovedValue, is_movement, trace_back
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not is_movement(node.op):
        return None
    if _drop_reshape(editor, node) or _straighten(editor, node):
        return None
    if not isinstance(node.op, Transpose):
        return None
    return _compose_transposes(editor, node, node.op)


def _drop_reshape(editor: FloatEditor, node: FloatNode) -> bool:
    source = node.inputs[0]
    if not isinstance(node.op, Reshape) or editor.shape(source) != node.op.shape:
        return False
    # A port of its own is what a model with an output that equals an input needs.
    if editor.is_output(node.output) and (editor.is_input(source) or editor.is_output(source)):
        return False
    editor.replace(node)
    editor.redirect(node.output, source)
    return True


def _straighten(editor: FloatEditor, node: FloatNode) -> bool:
    """By-pass the longest chain that ends in this node and moves no element."""
    nodes = trace_back(editor, node.output, lambda _: True).nodes
    for start, first in enumerate(nodes):
        chain = MovedValue(first.inputs[0], nodes[start:])
        if len(chain.nodes) == 1 and isinstance(node.op, Reshape):
            return False
        if _is_straight(editor, chain):
            target = Reshape(editor.shape(node.output))
            straight = merge(chain.nodes, node, target, (chain.value,), node.output)
            editor.replace(node, straight)
            return True
    return False


def _is_straight(editor: FloatEditor, chain: MovedValue) -> bool:
    if not any(isinstance(node.op, Transpose) for node in chain.nodes):
        return True
    order = chain.flat_order(editor.shape(chain.value)).reshape(-1)
    return bool(np.array_equal(order, np.arange(order.size)))


def _compose_transposes(editor: FloatEditor, node: FloatNode, op: Transpose) -> str | None:
    first = editor.producer(node.inputs[0])
    if first is None or not isinstance(first.op, Transpose):
        return "no Transpose before it"
    inner = first.op.permutation
    composed = replace(op, permutation=tuple(inner[axis] for axis in op.permutation))
    editor.replace(node, merge((first, node), node, composed, first.inputs, node.output))
    return None


MERGE_MOVES: Pass[FloatModel] = sweep("merge_moves", _rewrite)
