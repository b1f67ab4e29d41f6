"""Recognize activations that exporters write as several nodes, in whatever order they multiply.

    x sigmoid(a x)                                            = Swish(a)      (SiLU: a = 1)
    x clip(x + 3, 0, 6) / 6 and x HardSigmoid(1/6, 1/2)       = HardSwish
    clip(a x + b, 0, 1)                                       = HardSigmoid(a, b)
    x tanh(log(1 + exp(x)))                                   = Mish
    x (1 + erf(x / sqrt(2))) / 2                              = Gelu
    x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2         = Gelu by tanh
    relu(x) - slope relu(-x)                                  = LeakyRelu or PRelu

Both sides are compared as sums of products (``_normal_form.py``). On int8 one table is left, and
what would be rounded in between is not.
"""

import math
from collections.abc import Mapping

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import FloatOp
from cnnc.ir.types import F32
from cnnc.ops.add import Add
from cnnc.ops.batch_normalization import ChannelAffine
from cnnc.ops.clip import Clip
from cnnc.ops.div import Div
from cnnc.ops.gelu import Gelu
from cnnc.ops.hard_sigmoid import HardSigmoid
from cnnc.ops.hard_swish import HardSwish
from cnnc.ops.leaky_relu import LeakyRelu
from cnnc.ops.mish import Mish
from cnnc.ops.mul import Mul
from cnnc.ops.prelu import Prelu
from cnnc.ops.sub import Sub
from cnnc.ops.swish import Swish
from cnnc.passes._editor import FloatEditor, merge
from cnnc.passes._framework import Pass, sweep
from cnnc.passes._normal_form import EXPANDED, VALUE, Expression, Form, number, real

_ROOTS = (Add, Sub, Mul, Div, Clip, ChannelAffine)
_LARGEST_CONE = 24
_TOLERANCE = 1e-5
_SIXTH = 1.0 / 6.0
_TANH_LINE = math.sqrt(2.0 / math.pi)


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, _ROOTS):
        return None
    nodes = _cone(editor, node)
    members = frozenset(member.output for member in nodes)
    # The source that is furthest away first: with a nearer one, less of the expression is taken.
    sources = dict.fromkeys(name for member in nodes for name in member.inputs)
    for source in reversed(sources):
        if editor.constant(source) is not None or _is_other_shape(editor, source, node):
            continue
        expression = Expression(editor, source, members)
        form = expression.form(node.output)
        found = None if form is None else _recognized(expression, form)
        if found is not None:
            _replace(editor, node, nodes, source, found)
            return None
    return None


def _is_other_shape(editor: FloatEditor, source: str, node: FloatNode) -> bool:
    return editor.shape(source) != editor.shape(node.output)


def _cone(editor: FloatEditor, node: FloatNode) -> list[FloatNode]:
    """Return the node and what it is computed from by ops that a form looks into, in any order."""
    found = [node]
    for member in found:
        for name in member.inputs:
            producer = editor.producer(name)
            if producer is None or producer in found or not isinstance(producer.op, EXPANDED):
                continue
            if len(found) < _LARGEST_CONE:
                found.append(producer)
    return found


def _replace(
    editor: FloatEditor,
    node: FloatNode,
    nodes: list[FloatNode],
    source: str,
    found: "tuple[FloatOp, F32 | None]",
) -> None:
    op, slope = found
    behind = _between(editor, node, source)
    merged = [member for member in reversed(nodes) if member.output in behind]
    inputs: tuple[str, ...] = (source,)
    if slope is not None:
        inputs = (source, editor.add_constant(f"{node.output}:slope", slope))
    editor.replace(node, merge(merged, node, op, inputs, node.output))


def _between(editor: FloatEditor, node: FloatNode, source: str) -> set[str]:
    """Return the values that the node is computed from, back to the source, and its own."""
    found = [node.output]
    for value in found:
        producer = editor.producer(value)
        if value == source or producer is None:
            continue
        found += [name for name in producer.inputs if name not in found]
    return set(found) - {source}


def _recognized(expression: Expression, form: Form) -> "tuple[FloatOp, F32 | None] | None":
    """Return the op that computes the form, with a slope per element if it needs one."""
    for recognize in (_gated, _hard_sigmoid, _gelu):
        op = recognize(expression, form)
        if op is not None:
            return op, None
    return _rectifier(expression, form)


def _is(form: Form, wanted: Mapping[tuple[str, ...], float]) -> bool:
    """Return whether a form has exactly these terms."""
    if set(form) != set(wanted):
        return False
    numbers = {factors: number(form[factors]) for factors in wanted}
    return all(
        found is not None and math.isclose(found, wanted[factors], rel_tol=_TOLERANCE)
        for factors, found in numbers.items()
    )


def _single_factor(expression: Expression, form: Form, others: tuple[str, ...]) -> str | None:
    """Return the function f of a form that is f times the others, with the coefficient 1."""
    for name in expression.functions:
        factors = tuple(sorted((name, *others)))
        if _is(form, {factors: 1.0}):
            return name
    return None


def _gated(expression: Expression, form: Form) -> FloatOp | None:
    """Recognize x f(x): Swish, HardSwish, Mish."""
    name = _single_factor(expression, form, (VALUE,))
    if name is None:
        return None
    function, inner = expression.functions[name]
    slope = number(inner.get((VALUE,)))
    if function == "sigmoid" and set(inner) == {(VALUE,)} and slope is not None:
        return Swish(slope)
    if function == "clip01" and _is(inner, {(VALUE,): _SIXTH, (): 0.5}):
        return HardSwish()
    if function == "tanh" and _is_softplus(expression, inner):
        return Mish()
    return None


def _is_softplus(expression: Expression, form: Form) -> bool:
    name = _single_factor(expression, form, ())
    if name is None:
        return False
    function, inner = expression.functions[name]
    return function == "softplus" and _is(inner, {(VALUE,): 1.0})


def _hard_sigmoid(expression: Expression, form: Form) -> FloatOp | None:
    name = _single_factor(expression, form, ())
    if name is None or expression.functions[name][0] != "clip01":
        return None
    inner = expression.functions[name][1]
    slope, offset = number(inner.get((VALUE,))), number(inner.get((), real(0.0)))
    if slope is None or offset is None or not set(inner) <= {(VALUE,), ()}:
        return None
    # That is a Clip.
    return None if (slope, offset) == (1.0, 0.0) else HardSigmoid(slope, offset)


def _gelu(expression: Expression, form: Form) -> FloatOp | None:
    cubic: dict[tuple[str, ...], float] = {
        (VALUE,): _TANH_LINE,
        (VALUE,) * 3: 0.044715 * _TANH_LINE,
    }
    for name, (function, inner) in expression.functions.items():
        gated = tuple(sorted((name, VALUE)))
        if not _is(form, {(VALUE,): 0.5, gated: 0.5}):
            continue
        if function == "erf" and _is(inner, {(VALUE,): math.sqrt(0.5)}):
            return Gelu()
        if function == "tanh" and _is(inner, cubic):
            return Gelu(by_tanh=True)
    return None


def _rectifier(expression: Expression, form: Form) -> "tuple[FloatOp, F32 | None] | None":
    above, below = (_rectified(expression, sign) for sign in (1.0, -1.0))
    if above is None or below is None or set(form) != {(above,), (below,)}:
        return None
    if number(form[above,]) != 1.0:
        return None
    slope = number(form[below,])
    if slope is not None:
        return LeakyRelu(-slope), None
    return Prelu(), np.asarray(-form[below,], dtype=np.float32)


def _rectified(expression: Expression, sign: float) -> str | None:
    """Return the name of relu(sign x)."""
    for name, (function, inner) in expression.functions.items():
        if function == "relu" and _is(inner, {(VALUE,): sign}):
            return name
    return None


RECOGNIZE_FUNCTIONS: Pass[FloatModel] = sweep("recognize_functions", _rewrite)
