"""Take one branch of an ``If`` whose condition is known: its nodes join the outer graph."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import AnyArray


@dataclass(frozen=True, eq=False)
class Branch:
    """The nodes of the branch that is taken.

    Attributes:
        nodes: In order; names that the branch defines carry the node's name, so that two branches
            which use the same names do not meet.
        initializers: Tensors of the branch, renamed likewise.
        outputs: Result of the ``If`` -> tensor that holds it.
    """

    nodes: tuple[onnx.NodeProto, ...]
    initializers: tuple[onnx.TensorProto, ...]
    outputs: dict[str, str]


def taken_branch(node: onnx.NodeProto, name: str, condition: AnyArray) -> Branch:
    """Return the branch that the condition selects.

    Args:
        node: The ``If``.
        name: Its unique name.
        condition: bool, one element.

    Raises:
        UnsupportedAttributeError: The condition is not one element, or the branch is missing or
            does not fit the node.
    """
    if condition.size != 1:
        raise UnsupportedAttributeError(f"its condition has {condition.size} elements, not one")
    wanted = "then_branch" if np.asarray(condition, bool).reshape(-1)[0] else "else_branch"
    graphs = [helper.get_attribute_value(a) for a in node.attribute if a.name == wanted]
    if not graphs or len(graphs[0].output) != len(node.output):
        raise UnsupportedAttributeError(f"its {wanted} is missing or has other results")
    graph: onnx.GraphProto = graphs[0]
    inner = {result for item in graph.node for result in item.output if result}
    inner.update(tensor.name for tensor in graph.initializer)
    names = {item: f"{name}/{item}" for item in inner}
    initializers = []
    for tensor in graph.initializer:
        copy = onnx.TensorProto()
        copy.CopyFrom(tensor)
        copy.name = names[tensor.name]
        initializers.append(copy)
    outputs = {
        outer: names.get(value.name, value.name)
        for outer, value in zip(node.output, graph.output, strict=True)
        if outer
    }
    return Branch(tuple(_renamed(item, names) for item in graph.node), tuple(initializers), outputs)


def _renamed(node: onnx.NodeProto, names: Mapping[str, str]) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    _rename(copy, names)
    return copy


def _rename(node: onnx.NodeProto, names: Mapping[str, str]) -> None:
    node.input[:] = [names.get(item, item) for item in node.input]
    node.output[:] = [names.get(item, item) for item in node.output]
    for attribute in node.attribute:
        if attribute.HasField("g"):
            # A nested branch reads names of this one; ONNX forbids that it redefines them.
            for inner in attribute.g.node:
                _rename(inner, names)
            for value in attribute.g.output:
                value.name = names.get(value.name, value.name)
