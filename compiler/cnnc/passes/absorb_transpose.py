"""Absorb what moves elements before a matrix product into the columns of its weights.

A chain of Transposes and Reshapes leads from x, of rows * columns elements, to the operand v,
[row][column], with v[r, j] = x_flat[r * columns + order[j]] for every row r and one permutation
``order``:

    y[r, o] = sum over j of w[o, j] v[r, j] = sum over j of w'[o, order[j]] x'[r, order[j]]
    w'[:, order] = w,   x' = Reshape(x, (rows, columns))

This is Flatten in ONNX's channel-first order behind a channel-last image: the Transpose that the
importer put there costs nothing any more.
"""

from dataclasses import replace

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.mapped import let_go
from cnnc.ir.types import F32, I64
from cnnc.ops._blocks import row_blocks
from cnnc.ops.fully_connected import FullyConnected
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose
from cnnc.passes._data_movement import trace_back
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, FullyConnected):
        return None
    chain = trace_back(editor, node.inputs[0], lambda _: True)
    if not any(isinstance(moved.op, Transpose) for moved in chain.nodes):
        return None
    order = chain.flat_order(editor.shape(chain.value))
    column_order = _column_order(order)
    if column_order is None:
        return f"the Transpose in '{node.inputs[0]}' mixes rows of the product"
    weight = _with_columns(node.op.weight, np.argsort(column_order))
    flat = FloatNode(
        editor.unique(f"{node.name}/flatten"),
        Reshape(editor.shape(node.inputs[0])),
        (chain.value,),
        editor.unique(f"{node.inputs[0]}:flat"),
    )
    absorbed = merge(
        (*chain.nodes, node), node, replace(node.op, weight=weight), (flat.output,), node.output
    )
    editor.replace(node, flat, absorbed)
    return None


def _with_columns(weight: F32, columns: I64) -> F32:
    """Return the columns in another order."""
    result = np.empty(weight.shape, np.float32)
    for part in row_blocks(*weight.shape):
        np.take(weight[part], columns, axis=1, out=result[part], mode="clip")
        let_go(weight)
    return result


def _column_order(order: I64) -> I64 | None:
    """Return which column of x' each column of v is, if that is the same in every row.

    Args:
        order: [rows][columns], index in x of every element.
    """
    rows, columns = order.shape
    relative: I64 = order - columns * np.arange(rows, dtype=np.int64)[:, np.newaxis]
    first: I64 = relative[0]
    if np.any(relative != first) or first.min() < 0 or first.max() >= columns:
        return None
    return first


ABSORB_TRANSPOSE: Pass[FloatModel] = sweep("absorb_transpose", _rewrite)
