"""Make one layer of a normalization that is written in single operators.

With m = Mean(x), d = x - m and v = Mean(d^2), over the same axes, which stay with size 1:

    d / sqrt(v + epsilon)           = Normalization(x)
    d * (1 / sqrt(v + epsilon))     = Normalization(x)
    x / sqrt(Mean(x^2) + epsilon)   = Normalization(x) that is not centered

d^2 is a power or a product. Exporters write LayerNormalization like this for older opsets, and
whoever normalizes over the channels of images writes it so. Factors and summands behind it go into
scale and offset (fold_into_normalization.py).
"""

from dataclasses import dataclass

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import FloatOp
from cnnc.ir.types import F32, Activation
from cnnc.ops.add import Add
from cnnc.ops.div import Div
from cnnc.ops.mean import Mean
from cnnc.ops.mul import Mul
from cnnc.ops.normalization import Normalization
from cnnc.ops.pow import PowConstant
from cnnc.ops.reciprocal import Reciprocal
from cnnc.ops.sqrt import Sqrt
from cnnc.ops.sub import Sub
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep

_SQUARE = 2.0


@dataclass(frozen=True)
class _Match:
    """A normalization that was found.

    Attributes:
        source: What is normalized.
        axes: Over which axes in memory.
        epsilon: Added to the variance.
        is_centered: Whether the mean is subtracted.
        nodes: The operators that it is written in, but for the last.
    """

    source: str
    axes: tuple[int, ...]
    epsilon: float
    is_centered: bool
    nodes: tuple[FloatNode, ...]


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    pair = _numerator_and_root(editor, node)
    if pair is None:
        return None
    numerator, root = pair
    match = _match(editor, numerator, root)
    if isinstance(match, str):
        return match
    if editor.shape(node.output) != editor.shape(match.source):
        return f"'{root.output}' enlarges '{numerator}'"
    rank = len(editor.shape(match.source))
    op = Normalization(
        axes=match.axes,
        scale=np.ones((1,) * rank, np.float32),
        offset=np.zeros((1,) * rank, np.float32),
        variance_epsilon=match.epsilon,
        is_centered=match.is_centered,
    )
    editor.replace(node, merge((*match.nodes, node), node, op, (match.source,), node.output))
    return None


def _numerator_and_root(editor: FloatEditor, node: FloatNode) -> tuple[str, FloatNode] | None:
    """Return what a node divides, and the root that it is divided by; None for other nodes."""
    if isinstance(node.op, Div):
        root = _producer(editor, node.inputs[1], Sqrt)
        return None if root is None else (node.inputs[0], root)
    if not _is_plain(node.op, Mul):
        return None
    for numerator, factor in (node.inputs, node.inputs[::-1]):
        inverse = editor.producer(factor)
        divisor = None if inverse is None else _inverted(editor, inverse)
        root = None if divisor is None else _producer(editor, divisor, Sqrt)
        if root is not None:
            return numerator, root
    return None


def _inverted(editor: FloatEditor, node: FloatNode) -> str | None:
    """Return x where a node computes 1 / x."""
    if isinstance(node.op, Reciprocal):
        return node.inputs[0]
    if isinstance(node.op, Div) and _scalar(editor.constant(node.inputs[0])) == 1.0:
        return node.inputs[1]
    return None


def _match(editor: FloatEditor, numerator: str, root: FloatNode) -> _Match | str:
    variance, epsilon, summing = _variance(editor, root.inputs[0])
    mean = _producer(editor, variance, Mean)
    if mean is None or not isinstance(mean.op, Mean) or not mean.op.keep_dims:
        return f"'{variance}' is no mean whose axes stay"
    square = editor.producer(mean.inputs[0])
    if square is None or _squared(square) != numerator:
        return f"'{mean.inputs[0]}' is not the square of '{numerator}'"
    if epsilon < 0.0:
        return f"the epsilon of '{root.inputs[0]}' is negative"
    behind = (square, mean, *summing, root)
    centering = _centering(editor, numerator, mean.op.axes)
    if centering is None:
        return _Match(numerator, mean.op.axes, epsilon, is_centered=False, nodes=behind)
    source = centering[0].inputs[0]
    return _Match(source, mean.op.axes, epsilon, is_centered=True, nodes=(*centering, *behind))


def _variance(editor: FloatEditor, value: str) -> tuple[str, float, tuple[FloatNode, ...]]:
    """Return what is below the root without the epsilon, the epsilon, and the sum of both."""
    node = editor.producer(value)
    if node is None or not _is_plain(node.op, Add):
        return value, 0.0, ()
    for other, constant in (node.inputs, node.inputs[::-1]):
        epsilon = _scalar(editor.constant(constant))
        if epsilon is not None:
            return other, epsilon, (node,)
    return value, 0.0, ()


def _squared(node: FloatNode) -> str | None:
    """Return x where a node computes its square."""
    if isinstance(node.op, PowConstant) and node.op.exponent == _SQUARE:
        return node.inputs[0]
    if _is_plain(node.op, Mul) and node.inputs[0] == node.inputs[1]:
        return node.inputs[0]
    return None


def _centering(
    editor: FloatEditor, value: str, axes: tuple[int, ...]
) -> tuple[FloatNode, ...] | None:
    """Return the mean and the difference where a value is x - Mean(x) over these axes."""
    difference = editor.producer(value)
    if difference is None or not _is_plain(difference.op, Sub):
        return None
    mean = _producer(editor, difference.inputs[1], Mean)
    if mean is None or not isinstance(mean.op, Mean) or mean.inputs[0] != difference.inputs[0]:
        return None
    return (mean, difference) if mean.op.axes == axes and mean.op.keep_dims else None


def _producer(editor: FloatEditor, value: str, op: type[FloatOp]) -> FloatNode | None:
    node = editor.producer(value)
    return node if node is not None and isinstance(node.op, op) else None


def _is_plain(op: FloatOp, kind: type[Add | Mul | Sub]) -> bool:
    return isinstance(op, kind) and op.activation is Activation.NONE


def _scalar(array: F32 | None) -> float | None:
    """Return the one number of a constant; None if there are several, or no constant."""
    if array is None or array.size != 1:
        return None
    return float(array.reshape(()))


RECOGNIZE_NORMALIZATION: Pass[FloatModel] = sweep("recognize_normalization", _rewrite)
