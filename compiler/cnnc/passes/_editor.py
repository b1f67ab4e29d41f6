"""A float model while a pass rewrites it: who defines and who reads each value, kept current."""

from collections.abc import Sequence
from dataclasses import replace

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.names import unique_name
from cnnc.ir.op import FloatOp
from cnnc.ir.types import F32, Shape


class FloatEditor:
    """Nodes can be replaced, removed and re-wired; ``finish`` gives the new model.

    Args:
        model: Stays as it is.
    """

    def __init__(self, model: FloatModel) -> None:
        self._model = model
        self._nodes = list(model.nodes)
        self._outputs = model.outputs
        self._constants = dict(model.constants)
        self._shapes = dict(model.shapes)
        self._changed = False
        self._producers: dict[str, FloatNode] = {}
        self._readers: dict[str, list[FloatNode]] = {}
        self._index()

    def find(self, name: str) -> FloatNode | None:
        """Return the node of this name as it is now, None if it is gone."""
        return next((node for node in self._nodes if node.name == name), None)

    def producer(self, value: str) -> FloatNode | None:
        """Return the node that defines the value; None for inputs and constants."""
        return self._producers.get(value)

    def readers(self, value: str) -> tuple[FloatNode, ...]:
        """Return the nodes that read the value, in order, each once."""
        return tuple(self._readers.get(value, ()))

    def is_output(self, value: str) -> bool:
        """Return whether the value is an output of the model."""
        return any(port.value == value for port in self._outputs)

    def is_input(self, value: str) -> bool:
        """Return whether the value is an input of the model."""
        return any(port.value == value for port in self._model.inputs)

    def has_single_use(self, value: str) -> bool:
        """Return whether one operand of one node is all that reads the value."""
        readers = self.readers(value)
        return (
            len(readers) == 1 and readers[0].inputs.count(value) == 1 and not self.is_output(value)
        )

    def shape(self, value: str) -> Shape:
        """Return the shape of a value or constant."""
        return self._shapes[value]

    def constant(self, value: str) -> F32 | None:
        """Return a constant operand's array; None if the value is computed."""
        return self._constants.get(value)

    def unique(self, name: str) -> str:
        """Return a name that no node or value has yet, made from this one."""
        return unique_name(name, {node.name for node in self._nodes} | self._shapes.keys())

    def add_constant(self, name: str, array: F32) -> str:
        """Add a constant operand; returns its unique name."""
        unique = self.unique(name)
        self._constants[unique] = array
        self._shapes[unique] = array.shape
        return unique

    def replace(self, old: FloatNode, *new: FloatNode) -> None:
        """Put nodes in the place of one; without any, the node is removed."""
        self._changed = True
        position = self._nodes.index(old)
        self._nodes[position : position + 1] = new
        for node in new:
            inputs = [self._shapes[name] for name in node.inputs]
            self._shapes[node.output] = node.op.output_shape(inputs)
        self._index()

    def redirect(self, value: str, target: str) -> None:
        """Make every reader of a value, outputs of the model included, read another one."""
        self._changed = True
        self._nodes = [_with_input(node, value, target) for node in self._nodes]
        self._outputs = tuple(
            replace(port, value=target) if port.value == value else port for port in self._outputs
        )
        self._index()

    def finish(self) -> FloatModel:
        """Return the rewritten model; the very same object if nothing was changed."""
        if not self._changed:
            return self._model
        renamed = replace(self._model, outputs=self._outputs)
        return renamed.with_nodes(tuple(self._nodes), self._constants)

    def _index(self) -> None:
        self._producers = {node.output: node for node in self._nodes}
        self._readers = {}
        for node in self._nodes:
            for name in dict.fromkeys(node.inputs):
                self._readers.setdefault(name, []).append(node)


def _with_input(node: FloatNode, value: str, target: str) -> FloatNode:
    if value not in node.inputs:
        return node
    inputs = tuple(target if name == value else name for name in node.inputs)
    return replace(node, inputs=inputs)


def merge(
    nodes: Sequence[FloatNode], keep: FloatNode, op: FloatOp, inputs: tuple[str, ...], output: str
) -> FloatNode:
    """Return one node that does the work of several.

    Args:
        nodes: In graph order; their sources become the sources of the new one.
        keep: The node whose name lives on.
        op: The operator of the new node.
        inputs: Its operands.
        output: The value that it defines.
    """
    sources = dict.fromkeys(source for node in nodes for source in node.sources)
    return FloatNode(keep.name, op, inputs, output, tuple(sources))
