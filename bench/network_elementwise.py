"""Draw elementwise operators, with random valid attributes."""

from collections.abc import Sequence

from onnx import TensorProto

from bench.network_draw import Draw, Recipe

UNARY = (
    "Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "HardSwish", "Identity", "Mish", "Neg", "Relu",
    "Round", "Sigmoid", "Sign", "Sin", "Softplus", "Softsign", "Tanh", "Dropout",
)  # fmt: skip
_NUMBERS: dict[str, tuple[str, ...]] = {
    "HardSigmoid": ("alpha", "beta"),
    "Selu": ("alpha", "gamma"),
    "Gelu": (),
}
SHAPED = ("Celu", "Elu", "Gelu", "HardSigmoid", "LeakyRelu", "Selu", "Swish", "ThresholdedRelu")


def _unary(draw: Draw) -> None:
    draw.add(draw.one_of(UNARY), [draw.pick()])


def _shaped(draw: Draw) -> None:
    operator = draw.one_of(SHAPED)
    chosen = {key: draw.uniform(0.1, 1.2) for key in _NUMBERS.get(operator, ("alpha",))}
    if operator == "Gelu" and draw.chance():
        draw.add(operator, [draw.pick()], approximate="tanh")
    else:
        draw.add(operator, [draw.pick()], **(chosen if draw.chance(0.7) else {}))


def positive(draw: Draw, least_rank: int = 0) -> str:
    """Add nodes after which no number is near zero; returns the value."""
    (magnitude,) = draw.add("Abs", [draw.pick(least_rank)])
    return draw.add("Add", [magnitude, draw.constant(draw.uniform(0.3, 1.0))])[0]


def _of_positive(draw: Draw) -> None:
    operator = draw.one_of(("Log", "Sqrt", "Reciprocal", "Div", "Pow"))
    operand = positive(draw)
    if operator == "Div":
        draw.add("Div", [_partner(draw, operand), operand])
    elif operator == "Pow":
        draw.add("Pow", [operand, draw.constant(draw.uniform(-2.0, 2.5))])
    else:
        draw.add(operator, [operand])


def _power(draw: Draw) -> None:
    draw.add("Pow", [draw.pick(), draw.constant(draw.one_of([1.0, 2.0, 3.0]))])


def _partner(draw: Draw, name: str) -> str:
    """Return another operand that broadcasts with a value: a value or a constant."""
    shape = draw.shape(name)
    fitting = [
        other
        for other, array in draw.values.items()
        if array.dtype.kind == "f" and broadcast(array.shape, shape)
    ]
    if draw.chance(0.6):
        return draw.one_of(fitting)
    sizes = [draw.one_of([1, size]) for size in shape]
    begin = draw.below(len(shape) + 1)
    return draw.normal(*sizes[begin:])


def broadcast(first: Sequence[int], second: Sequence[int]) -> bool:
    """Return whether two shapes broadcast to one."""
    pairs = zip(reversed(first), reversed(second), strict=False)
    return all(a in (1, b) or b == 1 for a, b in pairs)


def _binary(draw: Draw) -> None:
    operand = draw.pick()
    operands = [operand, _partner(draw, operand)]
    draw.generator.shuffle(operands)
    draw.add(draw.one_of(("Add", "Add", "Mul", "Mul", "Sub")), operands)


def _extreme(draw: Draw) -> None:
    operand = draw.pick()
    more = [_partner(draw, operand) for _ in range(draw.between(0, 2))]
    draw.add(draw.one_of(("Max", "Min", "Sum")), [operand, *more])


def _divide(draw: Draw) -> None:
    operand = draw.pick()
    number = draw.generator.uniform(0.5, 3.0, draw.one_of([(), (1,), draw.shape(operand)[-1:]]))
    draw.add("Div", [operand, draw.constant(number)])


def _prelu(draw: Draw) -> None:
    operand = draw.pick(2)
    rank = len(draw.shape(operand))
    slope = draw.one_of([(1,), (draw.shape(operand)[1], *(1,) * (rank - 2))])
    draw.add("PRelu", [operand, draw.normal(*slope, scale=0.5)])


def _clip(draw: Draw) -> None:
    operand = draw.pick()
    low, high = draw.uniform(-2.0, 0.2), draw.uniform(0.3, 6.0)
    low, high = draw.one_of([(low, high), (0.0, 6.0), (0.0, high), (-1.0, 1.0)])
    if draw.opset < 11:
        draw.add("Clip", [operand], min=low, max=high)
        return
    bounds = [draw.constant(low), draw.constant(high)]
    draw.add("Clip", [operand, *draw.one_of([bounds, bounds[:1], ["", bounds[1]]])])


def _cast(draw: Draw) -> None:
    operand = draw.pick()
    if draw.opset >= 15 and draw.chance():
        draw.add("CastLike", [operand, draw.constant(0)])
        return
    kind = draw.one_of([TensorProto.INT32, TensorProto.INT64, TensorProto.FLOAT, TensorProto.BOOL])
    (found,) = draw.add("Cast", [operand], to=kind)
    if draw.chance(0.6):
        draw.add("Cast", [found], to=TensorProto.FLOAT)


def _pattern(draw: Draw) -> None:
    """Add what frameworks make of SiLU, HardSwish and a fused activation."""
    operand = draw.pick(2)
    which = draw.below(3)
    if which == 0:
        (gate,) = draw.add("Sigmoid", [operand])
        draw.add("Mul", [operand, gate])
    elif which == 1:
        (gate,) = draw.add("HardSigmoid", [operand], alpha=1 / 6, beta=0.5)
        draw.add("Mul", [gate, operand])
    else:
        (scaled,) = draw.add("Mul", [operand, draw.constant(draw.uniform(-2.0, 2.0))])
        draw.add("Relu", draw.add("Add", [scaled, draw.constant(draw.uniform(-1.0, 1.0))]))


ELEMENTWISE: dict[str, Recipe] = {
    "unary": _unary,
    "shaped": _shaped,
    "of_positive": _of_positive,
    "power": _power,
    "binary": _binary,
    "extreme": _extreme,
    "divide": _divide,
    "prelu": _prelu,
    "clip": _clip,
    "cast": _cast,
    "pattern": _pattern,
}
"""Name -> adds one to a network."""
