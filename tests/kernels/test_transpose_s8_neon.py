"""Transposed matrices with NEON: structures, squares, remainders, outer axes, refusals."""

import pytest
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variants, refusal

from cnnc.ir.types import Shape
from cnnc.ops.transpose import Transpose

KERNEL = "transpose_s8_neon"
MATRICES = (
    *((rows, cols) for rows in (2, 3, 4) for cols in (8, 9, 24)),
    *((rows, cols) for rows in (8, 15, 16) for cols in (2, 3, 4)),
    (8, 8),
    (9, 17),
    (24, 11),
)
OTHERS: tuple[tuple[Shape, tuple[int, ...]], ...] = (
    ((3, 2, 10), (0, 2, 1)),
    ((2, 9, 3, 8), (2, 0, 3, 1)),
    ((2, 9, 3, 8), (0, 2, 3, 1)),
    ((2, 3, 2, 2, 2, 8), (2, 0, 3, 1, 5, 4)),
)


def test_bytes_are_the_references() -> None:
    matrices = (((rows, cols), (1, 0)) for rows, cols in MATRICES)
    cases = (
        OpCase(f"transpose_{index}", Transpose(order), (shape,))
        for index, (shape, order) in enumerate((*matrices, *OTHERS))
    )
    check_variants(cases, KERNEL)


@pytest.mark.parametrize(
    ("shape", "order", "reason"),
    [
        ((5, 8), (1, 0), "8 by 5 bytes is small"),
        ((3, 7), (1, 0), "7 by 3 bytes is small"),
        ((2, 9, 3), (1, 0, 2), "no transposed matrix"),
    ],
)
def test_refuses(shape: Shape, order: tuple[int, ...], reason: str) -> None:
    assert reason in refusal(OpCase("transpose", Transpose(order), (shape,)), KERNEL)
