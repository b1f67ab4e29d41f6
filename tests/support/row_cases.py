"""Operands that repeat along some axes, by rows that leave every kind of remainder."""

from tests.support.op_cases import OpCase

from cnnc.ir.op import FloatOp
from cnnc.ir.types import Shape

_RANGES = ((-1.0, 2.0), (-2.0, 0.5))
_SHAPES: tuple[tuple[Shape, Shape], ...] = (
    ((1, 3, 3, 40), (1, 1, 1, 40)),
    ((1, 1, 1, 24), (2, 3, 2, 24)),
    ((1, 3, 3, 11), (1, 1, 1, 11)),
    ((1, 2, 3, 8), (1, 1, 1, 8)),
    ((1, 3, 3, 5), (1, 1, 1, 5)),
    ((1, 5, 2, 35), (1, 5, 2, 1)),
    ((1, 5, 2, 1), (1, 5, 2, 9)),
    ((2, 1, 3, 17), (1, 4, 1, 17)),
    ((1, 1, 1, 1), (1, 3, 4, 7)),
)


def broadcasts(op: FloatOp) -> list[OpCase]:
    """Return cases of an operator on two operands."""
    return [
        OpCase(f"broadcast_{index}", op, shapes, _RANGES) for index, shapes in enumerate(_SHAPES)
    ]
