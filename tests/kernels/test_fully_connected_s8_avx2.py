"""Fully connected layers with AVX2: remainders of rows, inputs and outputs."""

import pytest
from tests.kernels.test_fully_connected_s8_avx512vnni import CASES
from tests.support.variant_cases import check_variants

from cnnc.ir.types import Rounding

KERNEL = "fully_connected_s8_avx2"


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_gives_the_bytes_of_the_reference(rounding: Rounding) -> None:
    check_variants(CASES, KERNEL, rounding)
