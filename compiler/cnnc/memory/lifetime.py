"""Which values share memory, and from which layer to which that memory is needed.

A *storage* is memory that one or more values occupy: a value and its aliases (reshapes), and the
results that take over an operand's memory in place. Times are layer indices; a graph input is
defined at layer 0, a graph output is needed at layer ``len(nodes)``, after the last one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnnc.codegen.kernel import Lowering
from cnnc.errors import InternalError
from cnnc.ir.quant_model import QuantModel, QuantNode


@dataclass(frozen=True)
class Lifetime:
    """When a value exists.

    Attributes:
        bytes: Size of the value.
        first_use: Layer that defines it.
        last_use: Last layer that reads it; the number of layers for a graph output.
    """

    bytes: int
    first_use: int
    last_use: int

    def meets(self, other: "Lifetime") -> bool:
        """Return whether both exist during some layer."""
        return self.first_use <= other.last_use and other.first_use <= self.last_use


@dataclass(frozen=True)
class Lifetimes:
    """The lifetime of every value and of the storages that they share.

    Attributes:
        values: Lifetime of each value that is not a constant (or the alias of one).
        storage_of: Value -> value that names its storage (the first one that lives there); values
            that are views of a constant map to that constant.
        storages: Lifetime of each storage, the union of those of its values.
    """

    values: dict[str, Lifetime]
    storage_of: dict[str, str]
    storages: dict[str, Lifetime]


def find_lifetimes(model: QuantModel, lowerings: Sequence[Lowering]) -> Lifetimes:
    """Return who needs memory when, with aliases and in-place results merged.

    Args:
        model: Network in execution order.
        lowerings: One for each node.
    """
    values = _value_lifetimes(model)
    storage_of = {name: name for name in model.constants}
    storage_of.update({port.value: port.value for port in model.inputs})
    # Aliases first: whether an operand dies in a layer depends on all of its later aliases.
    for node, lowering in zip(model.nodes, lowerings, strict=True):
        storage_of[node.output] = storage_of[node.inputs[0]] if lowering.is_alias else node.output
    storages = _merge(values, storage_of, model)
    for index, (node, lowering) in enumerate(zip(model.nodes, lowerings, strict=True)):
        owner = _storage_to_take_over(index, node, lowering, storage_of, storages)
        if owner is not None:
            _take_over(storage_of[node.output], owner, storage_of, storages)
    kept = {name: values[name] for name in values if storage_of[name] not in model.constants}
    return Lifetimes(kept, storage_of, storages)


def _value_lifetimes(model: QuantModel) -> dict[str, Lifetime]:
    values: dict[str, Lifetime] = {}

    def define(name: str, layer: int) -> None:
        values[name] = Lifetime(model.values[name].bytes, layer, layer)

    for port in model.inputs:
        define(port.value, 0)
    for index, node in enumerate(model.nodes):
        for name in node.inputs:
            if name in values:
                values[name] = replace(values[name], last_use=index)
            elif name not in model.constants:
                raise InternalError(f"layer '{node.name}' reads '{name}', not defined before it")
        define(node.output, index)
    for port in model.outputs:
        if port.value in values:
            values[port.value] = replace(values[port.value], last_use=len(model.nodes))
    return values


def _merge(
    values: dict[str, Lifetime], storage_of: dict[str, str], model: QuantModel
) -> dict[str, Lifetime]:
    storages: dict[str, Lifetime] = {}
    for name, lifetime in values.items():
        owner = storage_of[name]
        if owner in model.constants:
            continue
        known = storages.get(owner)
        storages[owner] = lifetime if known is None else _union(known, lifetime)
    return storages


def _union(one: Lifetime, other: Lifetime) -> Lifetime:
    return Lifetime(
        max(one.bytes, other.bytes),
        min(one.first_use, other.first_use),
        max(one.last_use, other.last_use),
    )


def _storage_to_take_over(
    index: int,
    node: QuantNode,
    lowering: Lowering,
    storage_of: dict[str, str],
    storages: dict[str, Lifetime],
) -> str | None:
    for operand in lowering.in_place:
        owner = storages.get(storage_of[node.inputs[operand]])
        result = storages[storage_of[node.output]]
        if owner is not None and owner.last_use == index and owner.bytes == result.bytes:
            return storage_of[node.inputs[operand]]
    return None


def _take_over(
    result: str, owner: str, storage_of: dict[str, str], storages: dict[str, Lifetime]
) -> None:
    storages[owner] = _union(storages[owner], storages.pop(result))
    for name, storage in storage_of.items():
        if storage == result:
            storage_of[name] = owner
