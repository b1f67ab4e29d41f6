"""Fully connected layers with AVX-512 VNNI: remainders of rows, inputs and outputs."""

import pytest
from tests.ops.test_fully_connected import fully_connected
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variants

from cnnc.ir.types import Activation, Rounding

KERNEL = "fully_connected_s8_avx512vnni"

CASES = [
    *(
        OpCase(f"{outputs}_from_{inputs}", fully_connected(outputs, inputs), ((1, inputs),))
        for outputs, inputs in ((1, 1), (8, 128), (17, 63), (33, 65), (64, 3), (100, 66), (130, 8))
    ),
    *(
        OpCase(f"{rows}_rows", fully_connected(40, 18), ((rows, 18),))
        for rows in (2, 3, 5, 6, 7, 11, 12, 13, 23, 50)
    ),
    OpCase("several_chunks", fully_connected(16, 1024), ((25, 1024),)),
    OpCase("relu", fully_connected(24, 40, Activation.RELU), ((3, 40),)),
]


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_gives_the_bytes_of_the_reference(rounding: Rounding) -> None:
    check_variants(CASES, KERNEL, rounding)
