"""Which layers are computed otherwise where the processor has more than the target's least."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnnc.codegen.choose import Budget, Choice, choose_kernels
from cnnc.codegen.kernel import Lowering
from cnnc.deploy.kernel_sets import KernelSet
from cnnc.ir.quant_model import QuantModel


@dataclass(frozen=True, eq=False)
class FasterChoices:
    """Choices for better processors.

    Attributes:
        kernel_sets: Those that any layer uses, from less to more.
        choices: For each set, layer -> how it is computed; only where that differs from the set
            before.
    """

    kernel_sets: tuple[KernelSet, ...]
    choices: tuple[dict[int, Choice], ...]

    def versions(self, layer: int) -> list[tuple[int, Choice]]:
        """Return (level from 1, choice) of a layer, from less to more."""
        return [
            (level, choices[layer])
            for level, choices in enumerate(self.choices, 1)
            if layer in choices
        ]

    def common_lowerings(self, choices: Sequence[Choice]) -> list[Lowering]:
        """Return, for each layer, what the arena must have room for whatever the processor."""
        return [
            _common([choice.lowering, *(c.lowering for _, c in self.versions(layer))])
            for layer, choice in enumerate(choices)
        ]


NO_FASTER = FasterChoices((), ())


def choose_faster(
    model: QuantModel,
    choices: Sequence[Choice],
    kernel_sets: Sequence[KernelSet],
    budget: Budget,
) -> FasterChoices:
    """Choose again for each kernel set, and keep what differs.

    Args:
        model: Quantized network.
        choices: For every processor of the target, in the model's order.
        kernel_sets: From less to more.
        budget: Memory that each choice has to respect where it can.
    """
    used: list[KernelSet] = []
    kept: list[dict[int, Choice]] = []
    latest = list(choices)
    for kernel_set in kernel_sets:
        found = choose_kernels(model, kernel_set.instruction_sets, budget)
        pairs = zip(latest, found, strict=True)
        changed = {
            layer: now
            for layer, (before, now) in enumerate(pairs)
            if now.lowering.kernels != before.lowering.kernels
        }
        if changed:
            used.append(kernel_set)
            kept.append(changed)
            latest = [changed.get(layer, choice) for layer, choice in enumerate(latest)]
    return FasterChoices(tuple(used), tuple(kept))


def _common(lowerings: Sequence[Lowering]) -> Lowering:
    first = lowerings[0]
    return replace(
        first,
        scratch_bytes=max(lowering.scratch_bytes for lowering in lowerings),
        over_read_bytes=max(lowering.over_read_bytes for lowering in lowerings),
        in_place=tuple(
            operand for operand in first.in_place if all(operand in o.in_place for o in lowerings)
        ),
    )
