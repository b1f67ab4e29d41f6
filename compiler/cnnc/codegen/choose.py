"""Choose a kernel for every layer: the fastest that the flash and the RAM have room for.

Every layer first takes its cheapest lowering, or one that is smaller and hardly dearer. While the
constants pass the flash, the layer that pays the fewest instructions for each byte that it saves
gives way, and what is left over in the end speeds up others again; while the arena passes the RAM,
layers at its peak take lowerings with less scratch memory that still fit the flash.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.variants import Refusal, variants_for
from cnnc.ir.quant_model import QuantModel, QuantNode
from cnnc.memory.plan import plan

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Budget:
    """Memory that a network may use; None where there is no limit.

    Attributes:
        flash_bytes: For constants.
        ram_bytes: For the arena.
    """

    flash_bytes: int | None = None
    ram_bytes: int | None = None


NO_LIMIT = Budget()
_HARDLY_DEARER = 1.05
"""Times the fewest instructions; estimates are not nearer, so less flash counts more."""
_NO_FLASH = "needs more flash than there is"
_NO_RAM = "needs more RAM than there is"


@dataclass(frozen=True)
class Candidate:
    """A kernel that was considered for a layer.

    Attributes:
        kernel: Its name.
        instructions: Estimate for one inference; None if there is none or it was refused.
        constant_bytes: Flash for the layer's constants; None if it was refused.
        scratch_bytes: Working memory; None if it was refused.
        verdict: ``chosen``, or why not.
    """

    kernel: str
    instructions: int | None
    constant_bytes: int | None
    scratch_bytes: int | None
    verdict: str


@dataclass(frozen=True, eq=False)
class Choice:
    """How one layer is computed, and what else was possible.

    Attributes:
        lowering: The one that is used.
        candidates: Every kernel that the target's instruction sets offer, the chosen one first.
    """

    lowering: Lowering
    candidates: tuple[Candidate, ...]


def choose_kernels(
    model: QuantModel,
    instruction_sets: frozenset[str] = frozenset(),
    budget: Budget = NO_LIMIT,
) -> tuple[Choice, ...]:
    """Return how each layer is computed, in the model's order.

    Args:
        model: Quantized network.
        instruction_sets: Kernel sets that the target can run beyond plain C.
        budget: What the constants and the arena should fit in; where no choice fits, the
            smallest one is returned.
    """
    layers = [_Layer.of(model, node, instruction_sets) for node in model.nodes]
    _fit_flash(layers, budget.flash_bytes)
    _fit_ram(model, layers, budget)
    return tuple(layer.choice() for layer in layers)


def site_of(model: QuantModel, node: QuantNode, instruction_sets: frozenset[str]) -> LoweringSite:
    """Return what a layer's operator is told when it is lowered."""
    values = [model.values[name] for name in node.inputs]
    return LoweringSite(
        inputs=tuple(value.shape for value in values),
        output=model.values[node.output].shape,
        instruction_sets=instruction_sets,
        rounding=model.rounding,
        input_types=tuple(value.element_type for value in values),
        output_type=model.values[node.output].element_type,
    )


@dataclass(eq=False)
class _Layer:
    """The lowerings of a layer, cheapest first, and which of them is chosen."""

    name: str
    lowerings: list[Lowering]
    refused: list[Candidate]
    chosen: int = 0
    reason: str = "hardly faster, needs more flash"

    @classmethod
    def of(cls, model: QuantModel, node: QuantNode, instruction_sets: frozenset[str]) -> "_Layer":
        site = site_of(model, node, instruction_sets)
        plain = node.op.lower(site)
        lowerings, refused = [plain], []
        offers = () if plain.is_alias else variants_for(node.op, instruction_sets)
        for variant in offers:
            answer = variant.lower(node.op, site)
            if isinstance(answer, Refusal):
                logger.debug("'%s': no %s: %s", node.name, variant.kernel, answer.reason)
                refused.append(Candidate(variant.kernel, None, None, None, answer.reason))
            else:
                lowerings.append(answer)
        lowerings.sort(key=_cost)
        return cls(node.name, lowerings, refused, _smallest_of_fastest(lowerings))

    @property
    def lowering(self) -> Lowering:
        return self.lowerings[self.chosen]

    def cheaper_in_flash(self) -> int | None:
        """Return the lowering that pays the fewest instructions for each byte of flash saved."""
        smaller = [
            index
            for index, lowering in enumerate(self.lowerings)
            if lowering.constant_bytes < self.lowering.constant_bytes
        ]
        return min(smaller, key=self.price_of_flash, default=None)

    def price_of_flash(self, index: int) -> float:
        """Return the instructions that a byte of flash costs on the way to a lowering."""
        other = self.lowerings[index]
        saved = self.lowering.constant_bytes - other.constant_bytes
        return (_cost(other) - _cost(self.lowering)) / saved

    def faster_within(self, spare_flash: float) -> int | None:
        """Return the fastest lowering whose constants are at most so many bytes larger."""
        for index in range(self.chosen):
            if self._fits(index, spare_flash):
                return index
        return None

    def instructions_saved(self, index: int) -> float:
        """Return how many fewer instructions a lowering takes than the chosen one."""
        return _cost(self.lowering) - _cost(self.lowerings[index])

    def cheaper_in_ram(self, spare_flash: float) -> int | None:
        """Return the fastest lowering with less scratch memory whose constants fit."""
        for index, lowering in enumerate(self.lowerings):
            is_smaller = lowering.scratch_bytes < self.lowering.scratch_bytes
            if is_smaller and self._fits(index, spare_flash):
                return index
        return None

    def _fits(self, index: int, spare_flash: float) -> bool:
        added = self.lowerings[index].constant_bytes - self.lowering.constant_bytes
        return added <= spare_flash

    def choice(self) -> Choice:
        rows = [
            Candidate(
                kernel=", ".join(lowering.kernels) or "alias",
                instructions=lowering.instructions,
                constant_bytes=lowering.constant_bytes,
                scratch_bytes=lowering.scratch_bytes,
                verdict="chosen" if index == self.chosen else self._verdict(index),
            )
            for index, lowering in enumerate(self.lowerings)
        ]
        first = rows.pop(self.chosen)
        return Choice(self.lowering, (first, *rows, *self.refused))

    def _verdict(self, index: int) -> str:
        return "slower" if index > self.chosen else self.reason


def _cost(lowering: Lowering) -> float:
    return float("inf") if lowering.instructions is None else float(lowering.instructions)


def _smallest_of_fastest(lowerings: Sequence[Lowering]) -> int:
    most = _HARDLY_DEARER * _cost(lowerings[0])
    fastest = [index for index, lowering in enumerate(lowerings) if _cost(lowering) <= most]
    return min(fastest, key=lambda index: (lowerings[index].constant_bytes, index))


def _spare_flash(layers: Sequence[_Layer], limit: int | None) -> float:
    if limit is None:
        return float("inf")
    return limit - sum(layer.lowering.constant_bytes for layer in layers)


def _fit_flash(layers: Sequence[_Layer], limit: int | None) -> None:
    while _spare_flash(layers, limit) < 0:
        steps = [
            (layer.price_of_flash(index), position, index)
            for position, layer in enumerate(layers)
            if (index := layer.cheaper_in_flash()) is not None
        ]
        if not steps:
            return
        _, position, index = min(steps)
        layers[position].chosen = index
        layers[position].reason = _NO_FLASH
    _use_spare_flash(layers, limit)


def _use_spare_flash(layers: Sequence[_Layer], limit: int | None) -> None:
    """Speed up layers that gave way more than others then made necessary."""
    while True:
        spare = _spare_flash(layers, limit)
        steps = [
            (-layer.instructions_saved(index), position, index)
            for position, layer in enumerate(layers)
            if layer.reason == _NO_FLASH and (index := layer.faster_within(spare)) is not None
        ]
        if not steps:
            return
        _, position, index = min(steps)
        layers[position].chosen = index


def _fit_ram(model: QuantModel, layers: Sequence[_Layer], budget: Budget) -> None:
    if budget.ram_bytes is None:
        return
    while True:
        memory = plan(model, [layer.lowering for layer in layers])
        if memory.arena_bytes <= budget.ram_bytes:
            return
        spare = max(0.0, _spare_flash(layers, budget.flash_bytes))
        steps = [
            (-memory.live_bytes[position], position, index)
            for position, layer in enumerate(layers)
            if (index := layer.cheaper_in_ram(spare)) is not None
        ]
        if not steps:
            return
        _, position, index = min(steps)
        layers[position].chosen = index
        layers[position].reason = _NO_RAM
