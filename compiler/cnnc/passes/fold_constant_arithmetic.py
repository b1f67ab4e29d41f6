"""Turn arithmetic with a constant per channel into a ChannelAffine, which can be folded.

For a constant k that is a scalar or varies only along the last axis (the channel c):

    x * k = k[c] x + 0          x + k = 1 x + k[c]
    x / k = (1 / k[c]) x + 0    x - k = 1 x - k[c]      k - x = -1 x + k[c]

For other shapes x / k = x * (1 / k), and always k / x = (1 / x) * k; 1 / k has to be finite.
Exporters write biases (MatMul, Add), unfolded BatchNorms (Mul, Add) and input scaling like this.
"""

from dataclasses import replace

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.types import F32, Activation, Shape
from cnnc.ops._binary import ActivatedOp
from cnnc.ops.add import Add
from cnnc.ops.batch_normalization import ChannelAffine
from cnnc.ops.div import Div
from cnnc.ops.mul import Mul
from cnnc.ops.reciprocal import Reciprocal
from cnnc.ops.sub import Sub
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, (Add, Sub, Mul, Div)):
        return None
    for index in (0, 1):
        constant = editor.constant(node.inputs[index])
        other = node.inputs[1 - index]
        if constant is None or editor.constant(other) is not None:
            continue
        if constant.dtype != np.float32:
            return "it computes with integers"
        if isinstance(node.op, Div):
            return _replace_quotient(editor, node, constant, index)
        return _replace(editor, node, constant, index)
    return None


def _replace_quotient(
    editor: FloatEditor, node: FloatNode, constant: F32, index: int
) -> str | None:
    """Write a quotient as a product."""
    if index == 0:
        inner = editor.unique(f"{node.output}:reciprocal")
        inverse = FloatNode(inner, Reciprocal(), (node.inputs[1],), inner, node.sources)
        product = replace(node, op=Mul(), inputs=(inner, node.inputs[0]))
        editor.replace(node, inverse, product)
        return None
    with np.errstate(all="ignore"):
        factor = np.float32(1.0) / constant
    if not np.all(np.isfinite(factor)):
        return "it divides by zero, or by less than a reciprocal can hold"
    name = editor.add_constant(f"{node.inputs[1]}:reciprocal", np.asarray(factor, np.float32))
    editor.replace(node, replace(node, op=Mul(), inputs=(node.inputs[0], name)))
    return None


def _replace(editor: FloatEditor, node: FloatNode, constant: F32, index: int) -> str | None:
    other = node.inputs[1 - index]
    shape = editor.shape(other)
    values = _per_channel(constant, shape)
    if values is None:
        return f"its constant {list(constant.shape)} is not one value per channel of {list(shape)}"
    if isinstance(node.op, ActivatedOp) and node.op.activation is not Activation.NONE:
        return f"it has the activation {node.op.activation}"
    op = _affine(node, values, index)
    editor.replace(node, merge((node,), node, op, (other,), node.output))
    return None


def _affine(node: FloatNode, values: F32, index: int) -> ChannelAffine:
    """Return the map for a sum, difference or product whose operand ``index`` is the constant."""
    one, zero = np.ones_like(values), np.zeros_like(values)
    if isinstance(node.op, Mul):
        return ChannelAffine(values, zero)
    if isinstance(node.op, Add):
        return ChannelAffine(one, values)
    return ChannelAffine(-one, values) if index == 0 else ChannelAffine(one, -values)


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
