"""Turn Mul and Add with a constant per channel into a ChannelAffine, which can be folded.

For a constant k that is a scalar or varies only along the last axis (the channel c):

    x * k = k[c] x + 0          x + k = 1 x + k[c]

Exporters write biases (MatMul, Add), unfolded BatchNorms (Mul, Add) and input scaling like this.
"""

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.types import F32, Activation, Shape
from cnnc.ops.add import Add
from cnnc.ops.batch_normalization import ChannelAffine
from cnnc.ops.mul import Mul
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, (Add, Mul)):
        return None
    for index in (0, 1):
        constant = editor.constant(node.inputs[index])
        other = node.inputs[1 - index]
        if constant is not None and editor.constant(other) is None:
            return _replace(editor, node, constant, other)
    return None


def _replace(editor: FloatEditor, node: FloatNode, constant: F32, other: str) -> str | None:
    shape = editor.shape(other)
    values = _per_channel(constant, shape)
    if values is None:
        return f"its constant {list(constant.shape)} is not one value per channel of {list(shape)}"
    if isinstance(node.op, (Add, Mul)) and node.op.activation is not Activation.NONE:
        return f"it has the activation {node.op.activation}"
    neutral = np.full_like(values, 1.0 if isinstance(node.op, Add) else 0.0)
    scale, offset = (neutral, values) if isinstance(node.op, Add) else (values, neutral)
    op = ChannelAffine(scale, offset)
    editor.replace(node, merge((node,), node, op, (other,), node.output))
    return None


def _per_channel(constant: F32, shape: Shape) -> F32 | None:
    """Return the constant as [channels], or None if it is more than one value per channel."""
    if not shape or constant.ndim > len(shape):
        return None
    try:
        full = np.broadcast_to(constant, shape).reshape(-1, shape[-1])
    except ValueError:
        return None
    if np.any(full != full[0]):
        return None
    channels: F32 = np.ascontiguousarray(full[0], dtype=np.float32)
    return channels


FOLD_CONSTANT_ARITHMETIC: Pass[FloatModel] = sweep("fold_constant_arithmetic", _rewrite)
