"""Cases of an elementwise function of one operand."""

from tests.support.op_cases import OpCase

from cnnc.ops._unary import UnaryOp


def unary_cases(
    op: UnaryOp,
    bounds: tuple[float, float],
    *,
    far: float = 1000.0,
) -> tuple[OpCase, ...]:
    """Return cases of several ranks and of both ends of the zero point.

    Args:
        op: The function.
        bounds: Interval that operands are drawn from.
        far: By how much the interval of the last case is wider.
    """
    low, high = bounds
    middle = 0.5 * (low + high)
    shapes = {
        "image": ((1, 5, 5, 3), bounds),
        "one_element": ((1,), (low, middle)),
        "every_input": ((16, 16), bounds),
        "rank_5": ((2, 1, 3, 1, 2), (middle, high)),
        "far": ((77,), (far * low, far * high)),
    }
    return tuple(
        OpCase(name, op, (shape,), (interval,)) for name, (shape, interval) in shapes.items()
    )
