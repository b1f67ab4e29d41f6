"""Check kernels for an instruction set on one-op models, whatever the chooser would take."""

from collections.abc import Iterable, Mapping
from typing import Any

from bench.fuzz_cases import FuzzCase, Layer
from bench.fuzz_programs import Engine, check_cases
from tests.support.on_core import CORES, check_on_core
from tests.support.op_cases import OpCase, case_chunk, check_program, quantized_case

from cnnc.codegen.choose import Choice, choose_kernels
from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.lower import build_program
from cnnc.codegen.program import CProgram
from cnnc.codegen.variants import KernelVariant, Refusal, variants
from cnnc.deploy.targets import find_target
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Rounding
from cnnc.simulator.chunk import Chunk


def check_variant(case: OpCase, kernel: str, rounding: Rounding = "double") -> QuantModel:
    """Assert that a variant computes a case with the reference's bytes, here and on its cores.

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


def check_variants(cases: Iterable[OpCase], kernel: str, rounding: Rounding = "double") -> None:
    """Assert the same for many cases by one program for each engine, between guard bytes.

    Args:
        cases: One op each, no constant operands; the variant must not refuse any.
        kernel: Name of the variant.
        rounding: How accumulators are scaled.
    """
    models: dict[str, QuantModel] = {}
    for case in cases:
        assert case.name not in models, f"two cases are named {case.name}"
        models[case.name] = quantized_case(case, rounding)
    check_variant_models(models, kernel)


def check_variant_models(models: Mapping[str, QuantModel], kernel: str) -> None:
    """Assert the same for models of one layer and one rounding, by name."""
    for core in (None, *CORES[variant_named(kernel).instruction_set]):
        layers = [_layer_case(*named, kernel, core) for named in models.items()]
        findings = check_cases(layers, Engine() if core is None else Engine(core, "gcc", "-O2"))
        assert findings == [], "\n".join(f"{f.engine}: {f.case}: {f.problem}" for f in findings)


class _NamedCase(FuzzCase):
    """A layer that says what it was made for; its kernel is that name."""

    def __str__(self) -> str:
        return self.kernel


def _layer_case(name: str, model: QuantModel, kernel: str, core: str | None) -> FuzzCase:
    (node,) = model.nodes
    answer = lowered(model, 0, kernel, core)
    assert isinstance(answer, Lowering), f"{name}: {kernel} refuses: {answer.reason}"
    chunk = case_chunk(model)
    return _NamedCase(
        kernel=f"{name}: {kernel}",
        seed=0,
        layer=Layer(node.op, tuple(model.input_shapes(node))),
        rounding=model.rounding,
        lowering=answer,
        samples=tuple(chunk.inputs[port.value] for port in model.inputs),
    )


def check_variant_model(
    name: str, model: QuantModel, kernel: str, chunk: Chunk | None = None
) -> None:
    """Assert the same for a model, each of whose layers the variant computes where it can.

    Args:
        name: For messages.
        model: A network; the variant must compute one of its layers.
        kernel: Name of the variant.
        chunk: The samples; random and extreme ones if there is none.
    """
    samples = case_chunk(model) if chunk is None else chunk
    for core in CORES[variant_named(kernel).instruction_set]:
        program = _program_of(name, model, kernel, core)
        check_program(f"{name}: {kernel} for {core}", model, program, samples)
        check_on_core(f"{name}: {kernel}", model, program, samples, core)


def _program_of(name: str, model: QuantModel, kernel: str, core: str) -> CProgram:
    answers = [lowered(model, index, kernel, core) for index in range(len(model.nodes))]
    reasons = [answer.reason for answer in answers if isinstance(answer, Refusal)]
    assert len(reasons) < len(answers), f"{name}: {kernel} refuses: {'; '.join(reasons)}"
    choices = [
        plain if isinstance(answer, Refusal) else Choice(answer, ())
        for plain, answer in zip(choose_kernels(model), answers, strict=True)
    ]
    return build_program(model, choices)


def refusal(case: OpCase, kernel: str, rounding: Rounding = "double") -> str:
    """Return why a variant refuses a case; it must."""
    answer = lowered(quantized_case(case, rounding), 0, kernel)
    assert isinstance(answer, Refusal), f"{case.name}: {kernel} accepts"
    return answer.reason


def lowered(
    model: QuantModel, layer: int, kernel: str, core: str | None = None
) -> Lowering | Refusal:
    """Return what a variant answers for one layer of a model.

    Args:
        model: A network.
        layer: Number of the layer.
        kernel: Name of the variant.
        core: Whose instruction sets there are; the smallest core that has the variant's if None.
    """
    node = model.nodes[layer]
    variant = variant_named(kernel)
    if not isinstance(node.op, variant.op):
        return Refusal(f"it computes {variant.op.__name__}")
    target = find_target(core or CORES[variant.instruction_set][0])
    site = LoweringSite(
        inputs=model.input_shapes(node),
        output=model.values[node.output].shape,
        instruction_sets=frozenset(target.core.instruction_sets),
        rounding=model.rounding,
    )
    return variant.lower(node.op, site)


def variant_named(kernel: str) -> KernelVariant[Any]:
    """Return the variant of a name; there must be one."""
    found = [variant for variant in variants() if variant.kernel == kernel]
    assert found, f"there is no variant '{kernel}'"
    return found[0]
