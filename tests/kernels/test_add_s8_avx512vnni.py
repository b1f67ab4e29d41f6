"""Sums with AVX-512 as they are defined: remainders, operands that repeat, formats."""

from tests.support.op_cases import OpCase, quantized_case
from tests.support.row_cases import broadcasts
from tests.support.variant_cases import check_variants, lowered

from cnnc.codegen.kernel import Lowering
from cnnc.ir.types import Activation
from cnnc.ops.add import Add

KERNEL = "add_s8_avx512vnni"
SHAPES = ((1, 3, 25), (1, 3, 25))
FORMATS = (
    OpCase("relu", Add(Activation.RELU), SHAPES, ((-1, 2), (-3, 1))),
    OpCase("relu6", Add(Activation.RELU6), SHAPES, ((-9, 9), (-9, 9))),
    OpCase("narrow_result", Add(), SHAPES, ((-4, 4), (-4, 4)), output_range=(-0.01, 0.02)),
    OpCase("wide_result", Add(), SHAPES, ((-1, 1), (-1, 1)), output_range=(-90, 70)),
    OpCase("zero_points_at_the_ends", Add(), SHAPES, ((0, 3), (-2, 0)), output_range=(-6, 0)),
)


def of_size(size: int) -> OpCase:
    return OpCase(f"elements_{size}", Add(), ((1, size), (1, size)), ((-1, 1), (-1.3, 0.4)))


def test_bytes_are_the_references() -> None:
    sizes = map(of_size, (1, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 130))
    check_variants([*sizes, *FORMATS, *broadcasts(Add())], KERNEL)


def test_bytes_are_the_references_in_single_rounding() -> None:
    check_variants(FORMATS, KERNEL, "single")


def test_operands_of_full_size_give_up_their_memory() -> None:
    for shapes, expected in ((SHAPES, (0, 1)), (((1, 3, 25), (1, 1, 25)), (0,))):
        answer = lowered(quantized_case(OpCase("add", Add(), shapes), "double"), 0, KERNEL)
        assert isinstance(answer, Lowering)
        assert answer.in_place == expected
