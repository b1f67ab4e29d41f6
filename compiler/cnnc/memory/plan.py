"""The arena: an offset for every value and every layer's scratch memory."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from cnnc.codegen.kernel import Lowering
from cnnc.errors import InternalError
from cnnc.ir.quant_model import QuantModel
from cnnc.memory.lifetime import Lifetime, Lifetimes, find_lifetimes
from cnnc.memory.place import ALIGNMENT, live_bytes, lower_bound, place

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlacedValue:
    """Where one value lives.

    Attributes:
        offset: Bytes from the start of the arena; a multiple of ``place.ALIGNMENT``.
        bytes: Size.
        first_use: Layer that defines it (0 for graph inputs).
        last_use: Last layer that reads it (the number of layers for graph outputs).
        storage: Name of the first value in the same memory; another one's name for aliases and
            for results that were computed in place.
    """

    offset: int
    bytes: int
    first_use: int
    last_use: int
    storage: str


@dataclass(frozen=True)
class MemoryPlan:
    """The arena's layout.

    Attributes:
        values: Every value but constants and views of them.
        constant_views: Value -> constant that it is another shape of.
        scratch_offsets: Offset of each layer's scratch memory; None where it needs none.
        scratch_bytes: Size of the largest scratch memory.
        live_bytes: Bytes in use during each layer, scratch memory included.
        arena_bytes: Size of the arena.
        lower_bound_bytes: Most bytes in use at once; no plan with these lifetimes can be smaller.
    """

    values: dict[str, PlacedValue]
    constant_views: dict[str, str]
    scratch_offsets: tuple[int | None, ...]
    scratch_bytes: int
    live_bytes: tuple[int, ...]
    arena_bytes: int
    lower_bound_bytes: int


def plan(model: QuantModel, lowerings: Sequence[Lowering]) -> MemoryPlan:
    """Place every value and scratch buffer.

    Args:
        model: Network in execution order.
        lowerings: One for each node; says which results are aliases, may be computed in place,
            and how much scratch memory a layer needs.

    Raises:
        InternalError: The result breaks its promise that live values do not overlap.
    """
    lifetimes = find_lifetimes(model, lowerings)
    scratch = {
        index: Lifetime(lowering.scratch_bytes, index, index)
        for index, lowering in enumerate(lowerings)
        if lowering.scratch_bytes > 0
    }
    buffers = [*lifetimes.storages.values(), *scratch.values()]
    placement = place(buffers)
    count = len(lifetimes.storages)
    offsets = dict(zip(lifetimes.storages, placement.offsets[:count], strict=True))
    scratch_offsets = dict(zip(scratch, placement.offsets[count:], strict=True))
    layers = range(len(model.nodes))
    placed = _placed_values(lifetimes, offsets)
    arena_end = max(placement.arena_bytes, _end_of_reads(model, lowerings, placed))
    result = MemoryPlan(
        values=placed,
        constant_views={
            value: storage
            for value, storage in lifetimes.storage_of.items()
            if storage in model.constants and value != storage
        },
        scratch_offsets=tuple(scratch_offsets.get(index) for index in layers),
        scratch_bytes=max((buffer.bytes for buffer in scratch.values()), default=0),
        live_bytes=tuple(live_bytes(buffers, index) for index in layers),
        arena_bytes=arena_end,
        lower_bound_bytes=lower_bound(buffers),
    )
    verify_plan(result, model, lowerings)
    logger.info(
        "plan: %d values in %d bytes, lower bound %d bytes",
        len(result.values),
        result.arena_bytes,
        result.lower_bound_bytes,
    )
    return result


def verify_plan(result: MemoryPlan, model: QuantModel, lowerings: Sequence[Lowering]) -> None:
    """Check that no two live values overlap, each is inside the arena and aligned.

    Values may share memory only as alias and original, or where a layer's result takes over the
    memory of an operand that this layer is the last to read.

    Raises:
        InternalError: Names the two values.
    """
    for name, value in result.values.items():
        if value.offset % ALIGNMENT or value.offset + value.bytes > result.arena_bytes:
            raise InternalError(f"value '{name}' is misaligned or outside the arena: {value}")
    shared = _pairs_that_share(model, lowerings)
    for (name, value), (other_name, other) in combinations(result.values.items(), 2):
        if _overlap(value, other) and frozenset((name, other_name)) not in shared:
            raise InternalError(f"values '{name}' and '{other_name}' overlap in the arena")
    for layer, lowering in enumerate(lowerings):
        _verify_scratch(result, layer, lowering.scratch_bytes)


def dump_plan(result: MemoryPlan) -> str:
    """Return the plan as stable text, a line for each value in order of definition."""
    lines = [f"arena {result.arena_bytes} bytes, lower bound {result.lower_bound_bytes}"]
    lines += [
        f"{name}: offset {v.offset}, {v.bytes} bytes, layers {v.first_use}..{v.last_use}"
        + (f", in the memory of {v.storage}" if v.storage != name else "")
        for name, v in result.values.items()
    ]
    lines += [
        f"layer {index} scratch: offset {offset}"
        for index, offset in enumerate(result.scratch_offsets)
        if offset is not None
    ]
    return "\n".join(lines) + "\n"


def _end_of_reads(
    model: QuantModel, lowerings: Sequence[Lowering], placed: Mapping[str, PlacedValue]
) -> int:
    """Return where the last read beyond an operand ends, as the arena's size."""
    ends = [
        placed[name].offset + placed[name].bytes + lowering.over_read_bytes
        for node, lowering in zip(model.nodes, lowerings, strict=True)
        for name in node.inputs
        if lowering.over_read_bytes and name in placed
    ]
    return -(-max(ends, default=0) // ALIGNMENT) * ALIGNMENT


def _placed_values(lifetimes: Lifetimes, offsets: dict[str, int]) -> dict[str, PlacedValue]:
    placed: dict[str, PlacedValue] = {}
    for name, lifetime in lifetimes.values.items():
        storage = lifetimes.storage_of[name]
        placed[name] = PlacedValue(
            offsets[storage], lifetime.bytes, lifetime.first_use, lifetime.last_use, storage
        )
    return placed


def _pairs_that_share(model: QuantModel, lowerings: Sequence[Lowering]) -> set[frozenset[str]]:
    """Return the pairs that may overlap, derived anew from the layers, not from the plan."""
    groups: dict[str, set[str]] = {}
    pairs: set[frozenset[str]] = set()
    for node, lowering in zip(model.nodes, lowerings, strict=True):
        if lowering.is_alias:
            group = groups.setdefault(node.inputs[0], {node.inputs[0]})
            group.add(node.output)
            groups[node.output] = group
    for group in groups.values():
        pairs |= {frozenset((a, b)) for a in group for b in group}
    for index, (node, lowering) in enumerate(zip(model.nodes, lowerings, strict=True)):
        results = groups.get(node.output, {node.output})
        for operand in lowering.in_place:
            originals = groups.get(node.inputs[operand], {node.inputs[operand]})
            if not _read_after(model, originals, index):
                pairs |= {frozenset((a, b)) for a in originals for b in results}
    return pairs


def _read_after(model: QuantModel, names: set[str], layer: int) -> bool:
    later = any(names & set(node.inputs) for node in model.nodes[layer + 1 :])
    return later or any(port.value in names for port in model.outputs)


def _overlap(one: PlacedValue, other: PlacedValue) -> bool:
    apart_in_time = one.last_use < other.first_use or other.last_use < one.first_use
    apart = one.offset + one.bytes <= other.offset or other.offset + other.bytes <= one.offset
    return not (apart_in_time or apart)


def _verify_scratch(result: MemoryPlan, layer: int, size: int) -> None:
    offset = result.scratch_offsets[layer]
    if (offset is None) != (size == 0):
        raise InternalError(
            f"layer {layer} needs {size} bytes of scratch memory, planned otherwise"
        )
    if offset is None:
        return
    scratch = PlacedValue(offset, size, layer, layer, "")
    for name, value in result.values.items():
        if _overlap(scratch, value):
            raise InternalError(f"scratch memory of layer {layer} overlaps value '{name}'")
