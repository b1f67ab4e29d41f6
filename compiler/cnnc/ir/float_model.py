"""The network in float32: static shapes, typed ops, constants folded, storage order."""

from collections import Counter
from dataclasses import dataclass, field, replace

from cnnc.errors import InternalError
from cnnc.ir.op import FloatOp
from cnnc.ir.types import ElementType, Shape, Tensor


@dataclass(frozen=True)
class Port:
    """An input or output of the whole model, as the user's ONNX file has it.

    Attributes:
        name: ONNX name of the tensor.
        value: Key of the tensor in the model's ``shapes``.
        onnx_shape: Shape in the ONNX file's axis order (batch pinned).
        storage_axes: Axis k of the stored tensor is axis ``storage_axes[k]`` of the ONNX tensor;
            ``(0, 2, 3, 1)`` where ONNX is NCHW and storage NHWC.
    """

    name: str
    value: str
    onnx_shape: Shape
    storage_axes: tuple[int, ...]

    @property
    def storage_shape(self) -> Shape:
        """Shape of the tensor in memory."""
        return tuple(self.onnx_shape[axis] for axis in self.storage_axes)


@dataclass(frozen=True, eq=False)
class FloatNode:
    """One op, its operands and its result.

    Attributes:
        name: Unique; the ONNX node's name where it has one.
        op: The operator with attributes and weights.
        inputs: Values or constants.
        output: The one value that it defines.
        sources: Names of the ONNX nodes that were merged into it, in graph order.
    """

    name: str
    op: FloatOp
    inputs: tuple[str, ...]
    output: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class FloatModel:
    """A float32 network in topological order.

    Attributes:
        name: Identifier-safe name of the network.
        inputs: Graph inputs.
        outputs: Graph outputs.
        nodes: Each reads only inputs, constants and values defined before it.
        constants: Constant operands that are not a weight of an op, storage order.
        shapes: Shape of every input, constant and value, storage order.
        types: Element type of those that are not float32.
    """

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    nodes: tuple[FloatNode, ...]
    constants: dict[str, Tensor]
    shapes: dict[str, Shape]
    types: dict[str, ElementType] = field(default_factory=dict[str, ElementType])

    def producer(self, value: str) -> FloatNode | None:
        """Return the node that defines the value; None for inputs and constants."""
        return next((node for node in self.nodes if node.output == value), None)

    def consumers(self, value: str) -> tuple[FloatNode, ...]:
        """Return the nodes that read the value, in order, each once."""
        return tuple(node for node in self.nodes if value in node.inputs)

    def use_counts(self) -> Counter[str]:
        """Return how often each value is read; being a graph output counts as one read."""
        counts = Counter(name for node in self.nodes for name in node.inputs)
        counts.update(port.value for port in self.outputs)
        return counts

    def element_type(self, value: str) -> ElementType:
        """Return the element type of an input, constant or value."""
        return self.types.get(value, ElementType.FLOAT32)

    def macs(self) -> int:
        """Return multiply-accumulates of one inference."""
        return sum(node.op.macs(self.input_shapes(node)) for node in self.nodes)

    def input_shapes(self, node: FloatNode) -> tuple[Shape, ...]:
        """Return the shapes of a node's operands."""
        return tuple(self.shapes[name] for name in node.inputs)

    def with_nodes(
        self, nodes: tuple[FloatNode, ...], constants: dict[str, Tensor] | None = None
    ) -> "FloatModel":
        """Return the model with other nodes; shapes are inferred anew, unused names dropped."""
        kept_constants = self.constants if constants is None else constants
        used = {name for node in nodes for name in node.inputs}
        kept_constants = {k: v for k, v in kept_constants.items() if k in used}
        shapes: dict[str, Shape] = {p.value: self.shapes[p.value] for p in self.inputs}
        shapes.update({name: array.shape for name, array in kept_constants.items()})
        for node in nodes:
            missing = [name for name in node.inputs if name not in shapes]
            if missing:
                raise InternalError(f"node '{node.name}' reads {missing}, not defined before it")
            shapes[node.output] = node.op.output_shape([shapes[name] for name in node.inputs])
        types = {name: kind for name, kind in self.types.items() if name in shapes}
        for node in nodes:
            operands = [types.get(name, ElementType.FLOAT32) for name in node.inputs]
            types[node.output] = node.op.output_type(operands)
        return replace(
            self, nodes=nodes, constants=kept_constants, shapes=shapes, types=_not_float(types)
        )


def _not_float(types: dict[str, ElementType]) -> dict[str, ElementType]:
    return {name: kind for name, kind in types.items() if kind is not ElementType.FLOAT32}
