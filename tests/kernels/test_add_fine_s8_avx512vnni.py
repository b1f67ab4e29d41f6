"""Sums along a fine straight line with AVX-512: remainders, formats, the line, refusals."""

from tests.support.op_cases import OpCase, quantized_case
from tests.support.row_cases import broadcasts
from tests.support.variant_cases import check_variants, lowered, refusal

from cnnc.codegen.kernel import Lowering
from cnnc.ir.types import Activation
from cnnc.ops.add import Add

KERNEL = "add_fine_s8_avx512vnni"
SHAPES = ((1, 3, 25), (1, 3, 25))


def of_size(size: int) -> OpCase:
    return OpCase(f"elements_{size}", Add(), ((1, size), (1, size)), ((-1, 1), (-1.3, 0.4)))


FORMATS = (
    OpCase("same_scales", Add(), SHAPES),
    OpCase("ties", Add(), SHAPES, ((-1, 1), (-1, 1)), output_range=(-2, 2)),
    OpCase("unequal_scales", Add(), SHAPES, ((-1, 1), (-7, 3)), output_range=(-5, 4)),
    OpCase("relu", Add(Activation.RELU), SHAPES, ((-1, 2), (-3, 1))),
    OpCase("relu6", Add(Activation.RELU6), SHAPES, ((-9, 9), (-9, 9))),
    OpCase("narrow_result", Add(), SHAPES, ((-4, 4), (-4, 4)), output_range=(-2.5, 2.2)),
    OpCase("faint_operand", Add(), SHAPES, ((-0.01, 0.01), (-9, 9))),
    OpCase("zero_points_at_the_ends", Add(), SHAPES, ((0, 3), (-2, 0)), output_range=(-1, 2)),
)


def test_bytes_are_the_references() -> None:
    sizes = map(of_size, (1, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 130))
    check_variants([*sizes, *FORMATS, *broadcasts(Add())], KERNEL)


def test_bytes_are_the_references_in_single_rounding() -> None:
    check_variants(FORMATS, KERNEL, "single")


def test_both_operands_give_up_their_memory() -> None:
    answer = lowered(quantized_case(of_size(40), "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    assert answer.in_place == (0, 1)


def test_refuses_slopes_beyond_32_bits() -> None:
    case = OpCase("steep", Add(), SHAPES, ((-8, 8), (-1, 1)), output_range=(-0.00001, 0.00001))
    assert "no straight line" in refusal(case, KERNEL)
