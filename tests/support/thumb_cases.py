"""Check kernels for Thumb-1 on the core that multiplies and adds in one instruction, too."""

from tests.support.on_core import check_on_core
from tests.support.op_cases import OpCase, case_chunk, check_program, quantized_case
from tests.support.variant_cases import check_variant

from cnnc.codegen.choose import Choice
from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.lower import build_program
from cnnc.codegen.variants import variants
from cnnc.ir.types import Rounding

ARMV7M = frozenset({"armv6m", "armv7m"})


def check_thumb_variant(case: OpCase, kernel: str, rounding: Rounding = "double") -> None:
    """Assert that a variant has the reference's bytes on this machine, Cortex-M0+ and M3.

    Args:
        case: One op; the variant must not refuse it.
        kernel: Name of a variant for ``armv6m``.
        rounding: How accumulators are scaled.
    """
    check_variant(case, kernel, rounding)
    model = quantized_case(case, rounding)
    node = model.nodes[0]
    site = LoweringSite(
        inputs=model.input_shapes(node),
        output=model.values[node.output].shape,
        instruction_sets=ARMV7M,
        rounding=rounding,
    )
    variant = next(variant for variant in variants() if variant.kernel == kernel)
    answer = variant.lower(node.op, site)
    assert isinstance(answer, Lowering), f"{case.name}: {kernel} refuses: {answer.reason}"
    program, chunk = build_program(model, [Choice(answer, ())]), case_chunk(model)
    name = f"{case.name}: {kernel}"
    check_program(name, model, program, chunk)
    check_on_core(name, model, program, chunk, "cortex-m3")
