"""Average pooling on Armv6: remainders of the channels, borders, large windows."""

from tests.kernels.test_average_pool_words_s8_dsp import AROUND
from tests.support.op_cases import OpCase
from tests.support.variant_cases import check_variants, refusal

from cnnc.ir.types import Window
from cnnc.ops.average_pool import AveragePool

KERNEL = "average_pool_words_s8_armv6simd"


def test_bytes_are_the_references() -> None:
    whole = [
        OpCase(f"whole {channels}", AveragePool(Window(4, 3)), ((1, 5, 3, channels),))
        for channels in (8, 9, 15, 64)
    ]
    others = [
        OpCase(
            f"around {counted}",
            AveragePool(Window(4, 4, 2, 2, **AROUND), count_include_pad=counted),
            ((2, 7, 8, 9),),
        )
        for counted in (False, True)
    ]
    long = OpCase("long", AveragePool(Window(40, 7)), ((1, 40, 8, 10),))
    check_variants([*whole, *others, long], KERNEL)


def test_refuses_seven_channels() -> None:
    case = OpCase("average", AveragePool(Window(4, 4)), ((1, 4, 4, 7),))
    assert "fewer than 8 channels" in refusal(case, KERNEL)
