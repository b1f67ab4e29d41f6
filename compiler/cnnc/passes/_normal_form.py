"""Elementwise expressions of one value as sums of products, so that equal ones look alike.

    x clip(x + 3, 0, 6) / 6 = x (6 clip01(x / 6 + 1 / 2)) / 6 = x clip01(x / 6 + 1 / 2)

A form maps a product of factors to its coefficient, a number or a constant per element. A factor is
the value itself or a function of another form. Every rule is an identity of real numbers; only
rounding differs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cnnc.ir.float_model import FloatNode
from cnnc.ir.op import FloatOp
from cnnc.ir.types import F64
from cnnc.ops._unary import UnaryOp
from cnnc.ops.add import Add
from cnnc.ops.batch_normalization import ChannelAffine
from cnnc.ops.clip import Clip
from cnnc.ops.div import Div
from cnnc.ops.erf import Erf
from cnnc.ops.hard_sigmoid import HardSigmoid
from cnnc.ops.mul import Mul
from cnnc.ops.neg import Neg
from cnnc.ops.pow import PowConstant
from cnnc.ops.sigmoid import Sigmoid
from cnnc.ops.softplus import Softplus
from cnnc.ops.sub import Sub
from cnnc.ops.tanh import Tanh
from cnnc.passes._editor import FloatEditor

VALUE = "x"
_UNIT_CLIP = "clip01"
_RELU = "relu"
_LARGEST_TERMS = 8
_NAMED: Mapping[type[UnaryOp], str] = {
    Sigmoid: "sigmoid",
    Tanh: "tanh",
    Erf: "erf",
    Softplus: "softplus",
}
EXPANDED: tuple[type[FloatOp], ...] = (
    Add,
    Sub,
    Mul,
    Div,
    Neg,
    PowConstant,
    ChannelAffine,
    Clip,
    HardSigmoid,
    *_NAMED,
)
"""Ops that a form looks into."""

Form = Mapping[tuple[str, ...], F64]
"""Sorted factors -> coefficient; () is the constant term."""


@dataclass
class Expression:
    """Forms of the values that are computed from one value.

    Attributes:
        editor: The model.
        source: The value.
        members: Values whose ops are looked into.
        functions: Name of a factor -> function and form of its argument.
    """

    editor: FloatEditor
    source: str
    members: frozenset[str]
    functions: dict[str, tuple[str, Form]] = field(default_factory=dict)
    _forms: dict[str, Form | None] = field(default_factory=dict)

    def form(self, value: str) -> Form | None:
        """Return a value's form; None if it is no such expression."""
        if value not in self._forms:
            self._forms[value] = self._computed_form(value)
        return self._forms[value]

    def _computed_form(self, value: str) -> Form | None:
        if value == self.source:
            return {(VALUE,): real(1.0)}
        constant = self.editor.constant(value)
        if constant is not None:
            return {(): np.asarray(constant, dtype=np.float64)}
        node = self.editor.producer(value)
        if node is None or value not in self.members:
            return None
        operands = [self.form(name) for name in node.inputs]
        forms = [operand for operand in operands if operand is not None]
        return self._apply(node, forms) if len(forms) == len(operands) else None

    def _apply(self, node: FloatNode, forms: list[Form]) -> Form | None:
        op = node.op
        if isinstance(op, (Add, Sub)):
            sign = 1.0 if isinstance(op, Add) else -1.0
            return self._clip(_sum(forms[0], forms[1], sign), *op.activation.bounds())
        if isinstance(op, Mul):
            return self._clip(_product(forms[0], forms[1]), *op.activation.bounds())
        if isinstance(op, Div):
            return _quotient(forms[0], forms[1])
        if isinstance(op, ChannelAffine):
            return _sum(
                _product(forms[0], {(): op.scale.astype(np.float64)}),
                {(): op.offset.astype(np.float64)},
                1.0,
            )
        return self._function(op, forms[0])

    def _function(self, op: object, form: Form) -> Form | None:
        if isinstance(op, Neg):
            return _product(form, {(): real(-1.0)})
        if isinstance(op, PowConstant):
            square = _product(form, form)
            powers = {2.0: square, 3.0: square and _product(square, form)}
            return powers.get(op.exponent)
        if isinstance(op, Clip):
            return self._clip(form, op.low, op.high)
        if isinstance(op, HardSigmoid):
            line = _sum(_product(form, {(): real(op.alpha)}), {(): real(op.beta)}, 1.0)
            return self._clip(line, 0.0, 1.0)
        return self._factor(_NAMED[type(op)], form) if isinstance(op, UnaryOp) else None

    def _clip(self, form: Form | None, low: float, high: float) -> Form | None:
        if form is None or (low, high) == (-math.inf, math.inf):
            return form
        if (low, high) == (0.0, math.inf):
            return self._factor(_RELU, form)
        width = high - low
        if math.isinf(width) or width <= 0.0:
            return None
        shifted = _sum(form, {(): real(low)}, -1.0)
        unit = self._factor(_UNIT_CLIP, _product(shifted, {(): real(1.0 / width)}))
        return _sum(_product(unit, {(): real(width)}), {(): real(low)}, 1.0)

    def _factor(self, function: str, form: Form | None) -> Form | None:
        key = None if form is None else _key(form)
        if form is None or key is None:
            return None
        name = f"{function}({key})"
        self.functions[name] = (function, form)
        return {(name,): real(1.0)}


def real(value: float) -> F64:
    """Return a number as a coefficient."""
    return np.asarray(value, dtype=np.float64)


def number(coefficient: F64 | None) -> float | None:
    """Return a coefficient that is one number; None if there is none or it differs."""
    if coefficient is None:
        return None
    first = float(np.ravel(coefficient)[0])
    return first if bool(np.all(coefficient == first)) else None


def _key(form: Form) -> str | None:
    numbers = {factors: number(coefficient) for factors, coefficient in form.items()}
    if None in numbers.values():
        return None
    return " + ".join(f"{numbers[factors]:.5g} {' '.join(factors)}" for factors in sorted(numbers))


def _sum(first: Form | None, second: Form | None, sign: float) -> Form | None:
    if first is None or second is None:
        return None
    total = dict(first)
    for factors, coefficient in second.items():
        total[factors] = np.asarray(total.get(factors, 0.0) + sign * coefficient)
    kept = {factors: value for factors, value in total.items() if np.any(value != 0.0)}
    return kept if len(kept) <= _LARGEST_TERMS else None


def _product(first: Form | None, second: Form | None) -> Form | None:
    if first is None or second is None or len(first) * len(second) > _LARGEST_TERMS:
        return None
    total: Form | None = {}
    for factors, coefficient in first.items():
        for others, other in second.items():
            term = {tuple(sorted((*factors, *others))): np.asarray(coefficient * other)}
            total = _sum(total, term, 1.0)
    return total


def _quotient(first: Form, second: Form) -> Form | None:
    if set(second) != {()} or not np.all(second[()] != 0.0):
        return None
    return _product(first, {(): 1.0 / second[()]})
