"""Choose the memory order of an input so that the fewest bytes move behind it.

An input is stored in ONNX order or channel-last. From the input, the graph is followed through
nodes that keep any order (elementwise ones, slices) or rename axes (Transpose) up to the nodes that
need a certain order: channel-last for image operators, ONNX order for Reshape and its kin. The
order that fits most of them is taken; channel-last where both are equal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import onnx

from cnnc.importer.builder import channel_last, onnx_order
from cnnc.ir.types import Shape

_KEEPS_ORDER = frozenset({
    "Identity", "Dropout", "Cast", "QuantizeLinear", "DequantizeLinear", "Relu", "Clip", "Sigmoid",
    "Tanh", "Add", "Sub", "Mul", "Div", "Neg", "Abs", "Sqrt", "Exp", "Log", "Pow", "Min", "Max",
    "LeakyRelu", "Elu", "Selu", "HardSigmoid", "HardSwish", "Softplus", "Concat", "Slice", "Split",
    "Pad",
})  # fmt: skip
_NEEDS_ONNX_ORDER = frozenset({"Reshape", "Flatten", "Gemm", "MatMul"})
_READS_SHAPE_ONLY = frozenset({"Shape", "Size"})

Axes = tuple[int, ...]


def input_axes(nodes: Sequence[onnx.NodeProto], name: str, shape: Shape) -> Axes:
    """Return the storage axes of a graph input: ONNX order or channel-last.

    Args:
        nodes: The live nodes of the graph.
        name: ONNX name of the input.
        shape: Its shape, ONNX order.
    """
    rank = len(shape)
    wishes = list(_Search(nodes).wishes(name, onnx_order(rank)))
    candidates = (channel_last(rank), onnx_order(rank))
    return min(candidates, key=lambda axes: sum(_moves(shape, axes, wish) for wish in wishes))


def _moves(shape: Shape, stored: Axes, wanted: Axes) -> bool:
    """Whether bytes move between two orders; axes of size 1 can stand anywhere."""
    return [a for a in stored if shape[a] != 1] != [a for a in wanted if shape[a] != 1]


@dataclass
class _Search:
    nodes: Sequence[onnx.NodeProto]
    seen: set[tuple[str, Axes]] = field(default_factory=set)

    def wishes(self, name: str, view: Axes) -> Iterator[Axes]:
        """Yield the storage axes that each reader of a tensor would like the input to have.

        Args:
            name: A tensor that is the input under other axis names.
            view: Axis k of the tensor is axis ``view[k]`` of the input.
        """
        if (name, view) in self.seen:
            return
        self.seen.add((name, view))
        for node in self.nodes:
            if name in node.input:
                yield from self._wishes_of(node, view)

    def _wishes_of(self, node: onnx.NodeProto, view: Axes) -> Iterator[Axes]:
        if node.op_type in _READS_SHAPE_ONLY:
            return
        if node.op_type in _KEEPS_ORDER:
            for result in filter(None, node.output):
                yield from self.wishes(result, view)
        elif node.op_type == "Transpose" and _permutation(node, view) is not None:
            yield from self.wishes(node.output[0], _permutation(node, view) or view)
        elif node.op_type in _NEEDS_ONNX_ORDER:
            yield view
        else:
            yield tuple(view[axis] for axis in channel_last(len(view)))


def _permutation(node: onnx.NodeProto, view: Axes) -> Axes | None:
    """Return the view behind a Transpose; None where its permutation is faulty."""
    given = [attribute.ints for attribute in node.attribute if attribute.name == "perm"]
    order = tuple(given[0]) if given else tuple(reversed(range(len(view))))
    if sorted(order) != list(range(len(view))):
        return None
    return tuple(view[axis] for axis in order)
