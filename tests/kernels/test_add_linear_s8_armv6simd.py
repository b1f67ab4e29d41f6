"""The sum of two tensors as a linear form on Armv6: remainders, scales, saturation."""

from dataclasses import replace

import pytest
from tests.kernels.test_add_linear_s8_dsp import case
from tests.support.variant_cases import check_variants

from cnnc.ir.types import Activation, Rounding

KERNEL = "add_linear_s8_armv6simd"


@pytest.mark.parametrize("rounding", ["double", "single"])
def test_bytes_are_the_references(rounding: Rounding) -> None:
    cases = {
        **{f"size {size}": case(size) for size in (1, 2, 3, 4, 5, 7, 8, 257)},
        "saturates": case(4096, output=(-0.9, 0.4713)),
        "relu": case(64, (0.0, 2.3), (-7.0, 0.0), Activation.RELU),
        "far apart": case(64, (0.0, 2.3), (-0.6, 31.0)),
    }
    check_variants([replace(one, name=name) for name, one in cases.items()], KERNEL, rounding)
