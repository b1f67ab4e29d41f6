"""Max pooling with NEON: remainders of the channels, borders, large windows, refusals."""

from tests.support.op_cases import OpCase
from tests.support.pool_cases import MAX_POOL_CASES
from tests.support.variant_cases import check_variants, refusal

from cnnc.ir.types import Window
from cnnc.ops.max_pool import MaxPool

KERNEL = "max_pool_s8_neon"


def test_bytes_are_the_references() -> None:
    check_variants(MAX_POOL_CASES, KERNEL)


def test_refuses_seven_channels() -> None:
    case = OpCase("max", MaxPool(Window(2, 2)), ((1, 4, 4, 7),))
    assert refusal(case, KERNEL) == "there are fewer than 8 channels"
