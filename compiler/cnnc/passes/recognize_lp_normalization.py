"""Make one layer of vectors that are divided by their norm, which has a least value.

    x / max(norm(x), least) = LpNormalization(x)

with the norm over one axis that stays with size 1, repeated along it by a Tile or by broadcasting.
PyTorch's ``functional.normalize`` is exported like this: ReduceL2, Clip, Expand, Div.
"""

import math

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ops.clip import Clip
from cnnc.ops.div import Div
from cnnc.ops.lp_normalization import lp_normalization
from cnnc.ops.reduce_real import Function, ReduceReal
from cnnc.ops.reduce_sum import ReduceSum, Term
from cnnc.ops.tile import Tile
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, Div):
        return None
    source, divisor = node.inputs
    if editor.shape(node.output) != editor.shape(source):
        return f"'{divisor}' enlarges '{source}'"
    tile = editor.producer(divisor)
    repeats = () if tile is None or not isinstance(tile.op, Tile) else (tile,)
    clip = editor.producer(repeats[0].inputs[0] if repeats else divisor)
    least = None if clip is None else _least(clip)
    if clip is None or least is None:
        return f"'{divisor}' is not kept above a positive number alone"
    norm = editor.producer(clip.inputs[0])
    found = None if norm is None or norm.inputs[0] != source else _axis_and_power(norm)
    if norm is None or found is None:
        return f"'{clip.inputs[0]}' is not the norm of '{source}' over an axis that stays"
    op = lp_normalization(*found, len(editor.shape(source)), least)
    nodes = (norm, clip, *repeats, node)
    editor.replace(node, merge(nodes, node, op, (source,), node.output))
    return None


def _least(node: FloatNode) -> float | None:
    """Return the bound of a node that has a positive lower one and no upper one."""
    if isinstance(node.op, Clip) and node.op.low > 0.0 and node.op.high == math.inf:
        return node.op.low
    return None


def _axis_and_power(node: FloatNode) -> tuple[int, int] | None:
    """Return the axis of a norm that stays with size 1, and 2 for lengths, 1 for magnitudes."""
    op = node.op
    if not isinstance(op, (ReduceReal, ReduceSum)) or len(op.axes) != 1 or not op.keep_dims:
        return None
    if isinstance(op, ReduceReal):
        return (op.axes[0], 2) if op.function is Function.LENGTH else None
    return (op.axes[0], 1) if op.term is Term.MAGNITUDE else None


RECOGNIZE_LP_NORMALIZATION: Pass[FloatModel] = sweep("recognize_lp_normalization", _rewrite)
