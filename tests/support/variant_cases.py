"""Check kernels for an instruction set on one-op models, whatever the chooser would take."""

from typing import Any

from tests.support.on_core import CORES, check_on_core
from tests.support.op_cases import OpCase, case_chunk, check_program, quantized_case

from cnnc.codegen.choose import Choice, choose_kernels
from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.lower import build_program
from cnnc.codegen.variants import KernelVariant, Refusal, variants
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Rounding


def check_variant(case: OpCase, kernel: str, rounding: Rounding = "double") -> QuantModel:
    """Assert that a variant computes a case with the reference's bytes, here and on its core.

    Args:
        case: One op; the variant must not refuse it.
        kernel: Name of the variant.
        rounding: How accumulators are scaled.

    Returns:
        The quantized model.
    """
    model = quantized_case(case, rounding)
    check_variant_model(case.name, model, kernel)
    return model


def check_variant_model(name: str, model: QuantModel, kernel: str) -> None:
    """Assert the same for a model, each of whose layers the variant computes where it can.

    Args:
        name: For messages.
        model: A network; the variant must compute one of its layers.
        kernel: Name of the variant.
    """
    answers = [lowered(model, index, kernel) for index in range(len(model.nodes))]
    reasons = [answer.reason for answer in answers if isinstance(answer, Refusal)]
    assert len(reasons) < len(answers), f"{name}: {kernel} refuses: {'; '.join(reasons)}"
    plain = choose_kernels(model)
    choices = [
        choice if isinstance(answer, Refusal) else Choice(answer, ())
        for choice, answer in zip(plain, answers, strict=True)
    ]
    program, chunk = build_program(model, choices), case_chunk(model)
    check_program(f"{name}: {kernel}", model, program, chunk)
    core = CORES.get(_variant(kernel).instruction_set)
    if core is not None:
        check_on_core(f"{name}: {kernel}", model, program, chunk, core)


def refusal(case: OpCase, kernel: str, rounding: Rounding = "double") -> str:
    """Return why a variant refuses a case; it must."""
    answer = lowered(quantized_case(case, rounding), 0, kernel)
    assert isinstance(answer, Refusal), f"{case.name}: {kernel} accepts"
    return answer.reason


def lowered(model: QuantModel, layer: int, kernel: str) -> Lowering | Refusal:
    """Return what a variant answers for one layer of a model."""
    node = model.nodes[layer]
    variant = _variant(kernel)
    if not isinstance(node.op, variant.op):
        return Refusal(f"it computes {variant.op.__name__}")
    site = LoweringSite(
        inputs=model.input_shapes(node),
        output=model.values[node.output].shape,
        instruction_sets=frozenset({variant.instruction_set}),
        rounding=model.rounding,
    )
    return variant.lower(node.op, site)


def _variant(kernel: str) -> KernelVariant[Any]:
    found = [variant for variant in variants() if variant.kernel == kernel]
    assert found, f"there is no variant '{kernel}'"
    return found[0]
