"""Which kernel a layer gets, within flash and RAM."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from tests.support.quant_networks import chain_network

from cnnc.codegen import choose
from cnnc.codegen.choose import Budget, Choice, choose_kernels
from cnnc.codegen.kernel import ConstantArgument, KernelCall, Lowering, LoweringSite
from cnnc.codegen.variants import KernelVariant, Refusal
from cnnc.ir.op import QuantOp
from cnnc.ir.quant_model import QuantModel
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected
from cnnc.ops.max_pool import QuantMaxPool

LAYER = 3
"""The fully connected layer of the chain."""


@dataclass(frozen=True)
class Offer:
    """A made-up variant: what it costs."""

    kernel: str
    instructions: int
    constant_bytes: int
    scratch_bytes: int = 0

    def variant(self) -> KernelVariant[QuantFullyConnected]:
        """Return it as the registry holds it."""
        return KernelVariant(
            kernel=self.kernel,
            op=QuantFullyConnected,
            instruction_set="dsp",
            summary="Made up.",
            lower=self._lower,
        )

    def _lower(self, op: QuantFullyConnected, site: LoweringSite) -> Lowering | Refusal:
        del op, site
        if self.instructions < 0:
            return Refusal("the numbers are odd")
        weights = ConstantArgument("weights", np.zeros(self.constant_bytes, np.int8))
        call = KernelCall(self.kernel, "fully_connected", {}, (weights,))
        return Lowering((call,), self.scratch_bytes, (), self.instructions)


@pytest.fixture(autouse=True)
def offers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the registry."""
    large, medium = Offer("large_s8_dsp", 10, 900, 64), Offer("medium_s8_dsp", 20, 500, 4096)
    offer(monkeypatch, large, medium, Offer("odd_s8_dsp", -1, 0))


def offer(monkeypatch: pytest.MonkeyPatch, *dense: Offer, pool: tuple[Offer, ...] = ()) -> None:
    """Replace the registry by variants for the fully connected layer and for the pool."""
    found: dict[type[QuantOp], tuple[KernelVariant[QuantFullyConnected], ...]] = {
        QuantFullyConnected: tuple(one.variant() for one in dense),
        QuantMaxPool: tuple(one.variant() for one in pool),
    }

    def variants_for(
        op: QuantOp, instruction_sets: frozenset[str]
    ) -> tuple[KernelVariant[QuantFullyConnected], ...]:
        return found.get(type(op), ()) if "dsp" in instruction_sets else ()

    monkeypatch.setattr(choose, "variants_for", variants_for)


def chosen(budget: Budget, model: QuantModel | None = None) -> Choice:
    """Return the choice for the layer that has variants."""
    return choose_kernels(model or chain_network(), frozenset({"dsp"}), budget)[LAYER]


def verdicts(choice: Choice) -> dict[str, str]:
    """Return what became of each kernel."""
    return {candidate.kernel: candidate.verdict for candidate in choice.candidates}


def rest() -> int:
    """Return the constants of the other layers."""
    choices = choose_kernels(chain_network())
    return sum(c.lowering.constant_bytes for i, c in enumerate(choices) if i != LAYER)


def test_without_the_instructions_plain_c_is_taken() -> None:
    choice = choose_kernels(chain_network())[LAYER]
    assert verdicts(choice) == {"fully_connected_s8": "chosen"}


def test_fastest_is_taken_and_others_are_told() -> None:
    assert verdicts(chosen(Budget())) == {
        "large_s8_dsp": "chosen",
        "medium_s8_dsp": "slower",
        "fully_connected_s8": "slower",
        "odd_s8_dsp": "the numbers are odd",
    }


def test_flash_decides() -> None:
    choice = chosen(Budget(flash_bytes=rest() + 899))
    assert choice.lowering.kernels == ("medium_s8_dsp",)
    assert verdicts(choice)["large_s8_dsp"] == "needs more flash than there is"


def test_smallest_is_taken_where_nothing_fits() -> None:
    assert chosen(Budget(flash_bytes=0)).lowering.kernels == ("fully_connected_s8",)


def test_ram_decides() -> None:
    model = chain_network()
    assert chosen(Budget(ram_bytes=4096), model).lowering.kernels == ("large_s8_dsp",)
    choice = chosen(Budget(ram_bytes=8), model)
    assert choice.lowering.kernels == ("fully_connected_s8",)
    assert verdicts(choice)["large_s8_dsp"] == "needs more RAM than there is"


def test_aliases_have_no_variants() -> None:
    model = chain_network()
    choice = choose_kernels(replace(model), frozenset({"dsp"}))[2]
    assert choice.lowering.is_alias
    assert verdicts(choice) == {"alias": "chosen"}


def test_hardly_faster_is_not_worth_flash(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, Offer("large_s8_dsp", 100, 900), Offer("medium_s8_dsp", 105, 500))
    choice = chosen(Budget())
    assert choice.lowering.kernels == ("medium_s8_dsp",)
    assert verdicts(choice)["large_s8_dsp"] == "hardly faster, needs more flash"


def test_ram_does_not_take_flash_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    offer(monkeypatch, Offer("large_s8_dsp", 10, 900, 64), Offer("medium_s8_dsp", 20, 500, 4096))
    choice = chosen(Budget(flash_bytes=rest() + 899, ram_bytes=4096))
    assert choice.lowering.kernels == ("fully_connected_s8",)


def test_flash_that_is_left_over_speeds_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = (Offer("fast_s8_dsp", 10, 1000), Offer("slow_s8_dsp", 100, 100))
    pool = (Offer("huge_s8_dsp", 1000, 90_000), Offer("tiny_s8_dsp", 10**5, 50))
    offer(monkeypatch, *dense, pool=pool)
    # A byte is cheapest to save in the dense layer, but its 900 are too few.
    choices = choose_kernels(chain_network(), frozenset({"dsp"}), Budget(rest() + 3000))
    assert choices[LAYER].lowering.kernels == ("fast_s8_dsp",)
    assert choices[0].lowering.kernels == ("tiny_s8_dsp",)
    assert verdicts(choices[0])["huge_s8_dsp"] == "needs more flash than there is"
