"""The arena plan, checked by playing it on an arena that remembers who wrote each byte."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.quant_networks import FORMAT, branching_network, chain_network

from cnnc.codegen.choose import choose_kernels
from cnnc.codegen.kernel import ALIAS, KernelCall, Lowering
from cnnc.errors import InternalError
from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import ElementType, Shape
from cnnc.memory.lifetime import find_lifetimes
from cnnc.memory.place import ALIGNMENT
from cnnc.memory.plan import MemoryPlan, dump_plan, plan, verify_plan
from cnnc.ops.reshape import QuantReshape

COMPUTED = KernelCall("none", "none", {}, ())


@dataclass(frozen=True)
class Step:
    """A layer of a made-up network: operands by value number, size of the result."""

    operands: tuple[int, ...]
    size: int
    scratch: int = 0
    in_place: tuple[int, ...] = ()
    alias: bool = False


def network(
    input_sizes: Sequence[int], steps: Sequence[Step], outputs: Sequence[int]
) -> tuple[QuantModel, tuple[Lowering, ...]]:
    """Return a network whose values are numbered, inputs first; the ops are never called."""
    sizes = [*input_sizes, *(step.size for step in steps)]
    nodes = tuple(
        QuantNode(
            f"n{index}",
            QuantReshape((step.size,)),
            tuple(f"v{operand}" for operand in step.operands),
            f"v{len(input_sizes) + index}",
        )
        for index, step in enumerate(steps)
    )
    lowerings = tuple(
        ALIAS if step.alias else Lowering((COMPUTED,), step.scratch, step.in_place)
        for step in steps
    )
    model = QuantModel(
        name="random",
        rounding="double",
        inputs=tuple(port(index, size) for index, size in enumerate(input_sizes)),
        outputs=tuple(port(index, sizes[index]) for index in outputs),
        nodes=nodes,
        constants={},
        values={f"v{index}": QuantValue((size,), FORMAT) for index, size in enumerate(sizes)},
    )
    return model, lowerings


def port(index: int, size: int) -> Port:
    return Port(f"v{index}", f"v{index}", (size,), (0,))


@st.composite
def networks(draw: st.DrawFn) -> tuple[QuantModel, tuple[Lowering, ...]]:
    sizes = draw(st.lists(st.integers(1, 100), min_size=1, max_size=3))
    inputs = list(sizes)
    steps: list[Step] = []
    for _ in range(draw(st.integers(1, 12))):
        known = st.integers(0, len(sizes) - 1)
        operands = tuple(draw(st.lists(known, min_size=1, max_size=3)))
        alias = draw(st.booleans()) and draw(st.booleans())
        same = draw(st.booleans())
        size = sizes[operands[0]] if alias or same else draw(st.integers(1, 100))
        in_place = tuple(i for i in range(len(operands)) if draw(st.booleans()))
        scratch = 0 if alias else draw(st.sampled_from((0, 0, 5, 64)))
        steps.append(Step(operands, size, scratch, in_place, alias))
        sizes.append(size)
    outputs = draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=3))
    return network(inputs, steps, outputs)


class Simulation:
    """Runs a plan on an arena of owners, to see who overwrites whom."""

    def __init__(
        self, model: QuantModel, lowerings: Sequence[Lowering], result: MemoryPlan
    ) -> None:
        self.model = model
        self.lowerings = lowerings
        self.result = result
        self.arena: list[object] = [None] * result.arena_bytes

    def run(self) -> None:
        """Assert at every step that what is read is what was written."""
        for entry in self.model.inputs:
            self.write(entry.value, entry.value)
        content = {entry.value: entry.value for entry in self.model.inputs}
        for index, node in enumerate(self.model.nodes):
            for operand in node.inputs:
                self.expect(operand, content[operand])
            offset = self.result.scratch_offsets[index]
            if offset is not None:
                size = self.lowerings[index].scratch_bytes
                self.arena[offset : offset + size] = ["scratch"] * size
            for operand in node.inputs:
                self.expect(operand, content[operand])
            if self.lowerings[index].is_alias:
                content[node.output] = content[node.inputs[0]]
                self.expect(node.output, content[node.output])
            else:
                content[node.output] = node.output
                self.write(node.output, node.output)
                self.expect_undisturbed(index, node, content)
        for entry in self.model.outputs:
            self.expect(entry.value, content[entry.value])

    def expect_undisturbed(self, index: int, node: QuantNode, content: dict[str, str]) -> None:
        """Operands stay readable while the result is written, but for those in place."""
        exempt = {node.inputs[operand] for operand in self.lowerings[index].in_place}
        exempt_content = {content[name] for name in exempt}
        for operand in node.inputs:
            if content[operand] not in exempt_content:
                self.expect(operand, content[operand])

    def write(self, value: str, owner: str) -> None:
        """Mark the bytes of a value with its owner."""
        placed = self.result.values[value]
        self.arena[placed.offset : placed.offset + placed.bytes] = [
            (owner, index) for index in range(placed.bytes)
        ]

    def expect(self, value: str, owner: str) -> None:
        """Assert that the bytes of a value carry the owner's marks."""
        placed = self.result.values[value]
        found = self.arena[placed.offset : placed.offset + placed.bytes]
        assert found == [(owner, index) for index in range(placed.bytes)], value


@given(networks())
def test_no_value_is_overwritten_before_its_last_reader(
    case: tuple[QuantModel, tuple[Lowering, ...]],
) -> None:
    model, lowerings = case
    Simulation(model, lowerings, plan(model, lowerings)).run()


@given(networks())
def test_arena_is_at_least_the_most_that_is_live(
    case: tuple[QuantModel, tuple[Lowering, ...]],
) -> None:
    result = plan(*case)
    assert result.lower_bound_bytes == max(result.live_bytes)
    assert result.arena_bytes >= result.lower_bound_bytes
    assert result == plan(*case)


def _lowerings(model: QuantModel) -> tuple[Lowering, ...]:
    return tuple(choice.lowering for choice in choose_kernels(model))


def test_chain_reuses_memory_and_works_in_place() -> None:
    model = chain_network()
    result = plan(model, _lowerings(model))
    assert result.values["curved"].storage == "pooled"
    assert result.values["flat"].storage == "pooled"
    assert result.arena_bytes == result.lower_bound_bytes == 48
    assert result.live_bytes == (48, 16, 16, 32)


def test_operand_that_is_read_again_is_not_overwritten() -> None:
    model = branching_network()
    result = plan(model, _lowerings(model))
    assert result.values["sum"].storage == "b", "a is read later, b dies here"
    assert result.values["shifted"].storage == "b"
    assert result.values["square"].storage == "b"
    assert result.values["total"].storage == "a", "shifted is an output"


def test_result_of_another_size_is_not_computed_in_place() -> None:
    steps = [Step((0,), 16, in_place=(0,)), Step((1,), 15, in_place=(0,))]
    model, lowerings = network([16], steps, [2])
    result = plan(model, lowerings)
    assert result.values["v1"].storage == "v0"
    assert result.values["v2"].storage == "v2"


def test_alias_keeps_the_memory_of_its_original_alive() -> None:
    steps = [Step((0,), 32), Step((1,), 32, alias=True), Step((0,), 32), Step((2, 3), 32)]
    model, lowerings = network([16], steps, [4])
    lifetimes = find_lifetimes(model, lowerings)
    assert lifetimes.storage_of["v2"] == "v1"
    assert lifetimes.storages["v1"].last_use == 3


def test_alias_of_a_constant_is_a_constant() -> None:
    model = branching_network()
    nodes = (
        QuantNode("view", QuantReshape((2, 4)), ("constant",), "square"),
        QuantNode("add", model.nodes[1].op, ("a", "b"), "total"),
    )
    values = {**model.values, "b": QuantValue((1, 8), FORMAT)}
    inputs = (model.inputs[0], Port("b", "b", (1, 8), (0, 1)))
    changed = replace(model, nodes=nodes, values=values, inputs=inputs)
    result = plan(changed, _lowerings(changed))
    assert result.constant_views == {"square": "constant"}
    assert "square" not in result.values


@pytest.mark.parametrize("shape", [(1,), (16,), (17,), (3, 5, 7)])
def test_every_offset_is_aligned(shape: Shape) -> None:
    size = math.prod(shape)
    model, lowerings = network([size], [Step((0,), size), Step((1, 0), size, scratch=3)], [2])
    result = plan(model, lowerings)
    assert result.arena_bytes % ALIGNMENT == 0
    assert all(placed.offset % ALIGNMENT == 0 for placed in result.values.values())
    assert result.scratch_bytes == 3


def test_gate_names_values_that_overlap() -> None:
    model, lowerings = network([16], [Step((0,), 16), Step((0, 1), 16)], [2])
    good = plan(model, lowerings)
    moved = {**good.values, "v1": replace(good.values["v1"], offset=good.values["v0"].offset)}
    with pytest.raises(InternalError, match="'v0' and 'v1' overlap"):
        verify_plan(replace(good, values=moved), model, lowerings)


def test_gate_refuses_misaligned_values_and_missing_scratch() -> None:
    model, lowerings = network([16], [Step((0,), 16, scratch=8)], [1])
    good = plan(model, lowerings)
    moved = {**good.values, "v1": replace(good.values["v1"], offset=8)}
    with pytest.raises(InternalError, match="'v1' is misaligned"):
        verify_plan(replace(good, values=moved), model, lowerings)
    with pytest.raises(InternalError, match="needs 8 bytes of scratch"):
        verify_plan(replace(good, scratch_offsets=(None,)), model, lowerings)
    with pytest.raises(InternalError, match="scratch memory of layer 0 overlaps value"):
        verify_plan(replace(good, scratch_offsets=(0,)), model, lowerings)


def test_layer_that_reads_an_undefined_value_is_refused() -> None:
    model, lowerings = network([16], [Step((0,), 16)], [1])
    broken = replace(model, nodes=(replace(model.nodes[0], inputs=("nowhere",)),))
    with pytest.raises(InternalError, match="'n0' reads 'nowhere'"):
        plan(broken, lowerings)


def test_dump_is_stable_text() -> None:
    model = chain_network()
    assert dump_plan(plan(model, _lowerings(model))) == (
        "arena 48 bytes, lower bound 48\n"
        "x: offset 0, 24 bytes, layers 0..0\n"
        "pooled: offset 32, 12 bytes, layers 0..1\n"
        "curved: offset 32, 12 bytes, layers 1..2, in the memory of pooled\n"
        "flat: offset 32, 12 bytes, layers 2..3, in the memory of pooled\n"
        "y: offset 0, 3 bytes, layers 3..4\n"
    )


def test_values_of_four_bytes_an_element_take_four_times_the_memory() -> None:
    model = chain_network()
    real = {
        name: QuantValue(v.shape, None, ElementType.FLOAT32) for name, v in model.values.items()
    }
    lowerings = [choice.lowering for choice in choose_kernels(model)]
    wide, narrow = plan(replace(model, values=real), lowerings), plan(model, lowerings)
    assert {name: place.bytes for name, place in wide.values.items()} == {
        name: 4 * place.bytes for name, place in narrow.values.items()
    }
    assert wide.arena_bytes == wide.lower_bound_bytes > narrow.arena_bytes
    assert all(place.offset % ALIGNMENT == 0 for place in wide.values.values())


def test_arena_holds_what_is_read_behind_an_operand() -> None:
    model, lowerings = network((64,), [Step((0,), 16), Step((1,), 16)], (2,))
    bare = plan(model, lowerings)
    reading = [replace(lowering, over_read_bytes=100) for lowering in lowerings]
    result = plan(model, reading)
    ends = [place.offset + place.bytes for place in (result.values["v0"], result.values["v1"])]
    assert result.arena_bytes >= max(ends) + 100 > bare.arena_bytes
