"""Fold factors and summands behind a normalization into its scale and offset.

    k (scale n + offset) = (k scale) n + (k offset)         Mul with a constant
    (scale n + offset) + k = scale n + (offset + k)         Add of a constant
    the same behind a Reshape: k has the shape of its result, and is reshaped back

The constant may vary along any axes of the normalized value, whose rank the scale has. Nobody else
may read the values between.
"""

from dataclasses import replace

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.types import F32, F64, Activation, Shape
from cnnc.ops.add import Add
from cnnc.ops.batch_normalization import ChannelAffine
from cnnc.ops.mul import Mul
from cnnc.ops.normalization import Normalization
from cnnc.ops.reshape import Reshape
from cnnc.passes._data_movement import MovedValue, trace_back
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep

Affine = tuple[F32, F32]
"""Factor and summand; each broadcasts to the shape of the value."""


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    found = _affine(editor, node)
    if found is None:
        return None
    source, affine = found
    chain = trace_back(
        editor,
        source,
        lambda moved: isinstance(moved.op, Reshape) and editor.has_single_use(moved.output),
    )
    producer = editor.producer(chain.value)
    if producer is None or not isinstance(producer.op, Normalization):
        return f"'{chain.value}' is not normalized"
    if not editor.has_single_use(chain.value):
        return f"'{chain.value}' has other readers"
    if editor.shape(node.output) != editor.shape(source):
        return "its constant enlarges the value"
    op = _folded(editor, chain, producer.op, affine)
    if op is None:
        return "the new scale or offset would leave float32's range"
    folded = merge((producer, node), producer, op, producer.inputs, producer.output)
    editor.replace(producer, folded)
    editor.replace(node)
    editor.redirect(node.output, source)
    return None


def _affine(editor: FloatEditor, node: FloatNode) -> tuple[str, Affine] | None:
    """Return the value that a node scales or shifts, and by what; None for other nodes."""
    if isinstance(node.op, ChannelAffine):
        return node.inputs[0], (node.op.scale, node.op.offset)
    if not isinstance(node.op, (Add, Mul)) or node.op.activation is not Activation.NONE:
        return None
    for source, other in (node.inputs, node.inputs[::-1]):
        constant = editor.constant(other)
        if constant is None or editor.constant(source) is not None:
            continue
        neutral = np.full(1, 1.0 if isinstance(node.op, Add) else 0.0, np.float32)
        return source, ((neutral, constant) if isinstance(node.op, Add) else (constant, neutral))
    return None


def _folded(
    editor: FloatEditor, chain: MovedValue, op: Normalization, affine: Affine
) -> Normalization | None:
    shape = editor.shape(chain.value)
    last = editor.shape(chain.nodes[-1].output) if chain.nodes else shape
    factor, summand = (_moved_back(array, last, shape) for array in affine)
    with np.errstate(over="ignore"):
        scale = (op.scale * factor).astype(np.float32)
        offset = (op.offset * factor + summand).astype(np.float32)
    if not (np.isfinite(scale).all() and np.isfinite(offset).all()):
        return None
    scales, offsets = np.broadcast_arrays(scale, offset)
    return replace(op, scale=np.ascontiguousarray(scales), offset=np.ascontiguousarray(offsets))


def _moved_back(array: F32, last: Shape, shape: Shape) -> F64:
    """Return the array with the axes of a value, of size 1 where it does not vary along them.

    Args:
        array: Broadcasts to ``last``.
        last: Shape of the value after it was reshaped.
        shape: Shape of the value.
    """
    full: F64 = np.broadcast_to(array, last).reshape(shape).astype(np.float64)
    for axis in range(len(shape)):
        first = full.take([0], axis=axis)
        if np.array_equal(np.broadcast_to(first, full.shape), full):
            full = first
    return full


FOLD_INTO_NORMALIZATION: Pass[FloatModel] = sweep("fold_into_normalization", _rewrite)
