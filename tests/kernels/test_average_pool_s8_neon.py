"""Average pooling with NEON: channels, borders, counts of every kind, refusals."""

import pytest
from tests.support.op_cases import OpCase
from tests.support.pool_cases import AVERAGE_POOL_CASES
from tests.support.variant_cases import check_variants, refusal

from cnnc.ir.types import Shape, Window
from cnnc.ops.average_pool import AveragePool

KERNEL = "average_pool_s8_neon"


def test_bytes_are_the_references() -> None:
    check_variants(AVERAGE_POOL_CASES, KERNEL)


@pytest.mark.parametrize(
    ("window", "shape", "reason"),
    [
        (Window(2, 2), (1, 4, 4, 7), "fewer than 8 channels"),
        (Window(1, 257), (1, 1, 257, 8), "wider than 256"),
        (Window(20, 150), (1, 20, 150, 8), "more than 2800"),
    ],
)
def test_refuses(window: Window, shape: Shape, reason: str) -> None:
    assert reason in refusal(OpCase("average", AveragePool(window), (shape,)), KERNEL)
