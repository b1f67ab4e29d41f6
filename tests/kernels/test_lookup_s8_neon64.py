"""Look-ups in registers: every byte, remainders, memory that is given up."""

from tests.support.op_cases import OpCase, quantized_case
from tests.support.variant_cases import check_variants, lowered

from cnnc.codegen.kernel import Lowering
from cnnc.ops.hard_swish import HardSwish
from cnnc.ops.sigmoid import Sigmoid
from cnnc.ops.tanh import Tanh

KERNEL = "lookup_s8_neon64"


def of_size(size: int) -> OpCase:
    return OpCase(f"elements_{size}", Tanh(), ((1, size),), ((-3.0, 2.0),))


def test_bytes_are_the_references() -> None:
    sizes = (1, 15, 16, 17, 31, 32, 33, 48, 49, 63, 96)
    functions = (
        OpCase("sigmoid", Sigmoid(), ((1, 8, 8, 33),), ((-6.0, 6.0),)),
        OpCase("hard_swish", HardSwish(), ((1, 8, 8, 33),), ((-4.0, 5.0),)),
    )
    check_variants([*map(of_size, sizes), *functions], KERNEL)


def test_the_operand_gives_up_its_memory() -> None:
    answer = lowered(quantized_case(of_size(40), "double"), 0, KERNEL)
    assert isinstance(answer, Lowering)
    assert answer.in_place == (0,)
