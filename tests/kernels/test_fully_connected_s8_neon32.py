"""Fully connected layers on Armv7-A with NEON: remainders of rows, channels and depth."""

from tests.ops.test_fully_connected import CASES as OPERATOR_CASES
from tests.ops.test_fully_connected import fully_connected
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variants

KERNEL = "fully_connected_s8_neon32"

CASES = [
    *OPERATOR_CASES,
    *(
        OpCase(
            f"{rows}_of_{inputs}_to_{outputs}", fully_connected(outputs, inputs), ((rows, inputs),)
        )
        for rows, inputs, outputs in (
            *((rows, 16 * rows + 5, 9 - rows) for rows in range(1, 9)),
            (1, 64, 8),
            (1, 48, 9),
            (1, 40, 10),
            (1, 1056, 11),
            (2, 1050, 5),
            (130, 3, 3),
            (71, 300, 4),
        )
    ),
]


def test_layers() -> None:
    check_variants(CASES, KERNEL)


def test_single_rounding() -> None:
    check_variants(CASES[::3], KERNEL, "single")
