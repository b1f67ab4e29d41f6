"""Follow the receptive field through the nodes of an ONNX graph."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import onnx
from onnx import helper

from cnnc.importer.builder import GraphBuilder
from cnnc.importer.field import Field, Step, joined, kept_axes
from cnnc.ir.float_model import Port
from cnnc.ir.types import AnyArray, Shape


@dataclass(frozen=True, eq=False)
class SeenNode:
    """A node with the fields of its operands.

    Attributes:
        op_type: ONNX operator.
        opset: Version of the standard operators.
        attributes: By name.
        shapes: Of each operand, ONNX order; None where it is absent or unknown.
        constants: Of each operand; None where it is no constant.
        fields: Of each operand; None where it sees no image.
        output: Shape of the first result, ONNX order.
    """

    op_type: str
    opset: int
    attributes: Mapping[str, Any]
    shapes: tuple[Shape | None, ...]
    constants: tuple[AnyArray | None, ...]
    fields: tuple[Field | None, ...]
    output: Shape

    @property
    def shape(self) -> Shape:
        """Shape of the first operand."""
        return self.shapes[0] or ()

    @property
    def field(self) -> Field | None:
        """Field of the first operand."""
        return self.fields[0]

    def constant(self, index: int) -> AnyArray | None:
        """Return a constant operand; None where it is absent or no constant."""
        return self.constants[index] if index < len(self.constants) else None

    def ints(self, attribute: str, operand: int | None = None) -> tuple[int, ...] | None:
        """Return integers that are an attribute or, in newer versions, an operand."""
        given = self.attributes.get(attribute)
        if given is None and operand is not None:
            array = self.constant(operand)
            given = None if array is None else array.reshape(-1).tolist()
        return None if given is None else tuple(int(item) for item in given)


class FieldTrace:
    """The receptive field of every tensor of a graph, node after node.

    Args:
        builder: Shapes and constants.
        ports: Inputs of the graph; those of rank 3 and above are images.
        opset: Version of the standard operators.
    """

    def __init__(self, builder: GraphBuilder, ports: Sequence[Port], opset: int) -> None:
        self._builder = builder
        self._opset = opset
        self._fields: dict[str, Field] = {
            port.name: Field.start(port.onnx_shape, port.storage_axes[1:-1])
            for port in ports
            if len(port.onnx_shape) > 2
        }

    def add(self, node: onnx.NodeProto) -> Field | None:
        """Return what the results of a node see; None for constants and where nothing is known."""
        if not node.output or node.output[0] not in self._builder.stored:
            return None
        field = self._alias(node) if node.op_type == "If" else _through(self._seen(node))
        if field is not None:
            self._fields.update((name, field) for name in node.output if name)
        return field

    def _alias(self, node: onnx.NodeProto) -> Field | None:
        """Return the field of a branch's result, which lives where the outer one does."""
        wanted = self._builder.stored[node.output[0]]
        names = [name for name in self._fields if self._builder.stored.get(name) is wanted]
        return self._fields[names[-1]] if names else None

    def _seen(self, node: onnx.NodeProto) -> SeenNode:
        builder = self._builder
        known = [name in builder.folded or name in builder.stored for name in node.input]
        shapes = [
            builder.onnx_shape(name) if there else None
            for name, there in zip(node.input, known, strict=True)
        ]
        return SeenNode(
            op_type=node.op_type,
            opset=self._opset,
            attributes={a.name: helper.get_attribute_value(a) for a in node.attribute},
            shapes=tuple(shapes),
            constants=tuple(builder.folded.get(name) for name in node.input),
            fields=tuple(self._fields.get(name) for name in node.input),
            output=builder.onnx_shape(node.output[0]),
        )


def _through(node: SeenNode) -> Field | None:
    kind = _KINDS.get(node.op_type)
    if kind is not None:
        return kind(node)
    return _elementwise(node)


def _elementwise(node: SeenNode) -> Field | None:
    """Elements of one place meet; operands of a lower rank are extended in front.

    Where the result has another shape than that, nothing is known but that it sees what they do.
    """
    rank = len(node.output)
    parts = []
    for field, shape in zip(node.fields, node.shapes, strict=True):
        if field is None or shape is None:
            continue
        shift = rank - len(shape)
        parts.append(field.moved({axis: axis + shift for axis in range(len(shape))}))
    field = joined(parts)
    given = [shape for shape in node.shapes if shape is not None]
    longest = max((len(shape) for shape in given), default=0)
    if field is None or longest == rank:
        return field
    return field.mixed(range(rank))


def _window(node: SeenNode) -> Field | None:
    """Convolutions and pools: a window along the axes 2 and up, and all channels."""
    spatial = range(2, len(node.shape))
    kernel = _kernel(node)
    field = node.field or Field.start(node.shape, spatial)
    if kernel is None:
        return field
    ones = (1,) * len(kernel)
    strides = node.ints("strides") or ones
    dilations = node.ints("dilations") or ones
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    make = _enlarging if node.op_type == "ConvTranspose" else _sliding
    steps = {a: make(span, s) for a, span, s in zip(spatial, spans, strides, strict=False)}
    return field.mixed([1]).behind(steps)


def _sliding(span: int, stride: int) -> Step:
    return Step(Fraction(span - 1), Fraction(stride))


def _enlarging(span: int, stride: int) -> Step:
    """Each result of a transposed convolution is reached by ceil(span / stride) elements."""
    return Step(Fraction(math.ceil(span / stride) - 1), Fraction(1, stride))


def _kernel(node: SeenNode) -> tuple[int, ...] | None:
    given = node.ints("kernel_shape")
    if given is not None:
        return given
    weight = node.shapes[3 if node.op_type == "QLinearConv" else 1]
    return None if weight is None else weight[2:]


def _global(node: SeenNode) -> Field | None:
    return node.field and node.field.mixed(range(2, len(node.shape)))


def _reduce(node: SeenNode) -> Field | None:
    if node.field is None:
        return None
    rank = len(node.shape)
    if node.op_type.startswith("Arg"):
        given: tuple[int, ...] | None = (int(node.attributes.get("axis", 0)),)
    else:
        given = node.ints("axes", 1)
    axes = {axis % rank for axis in given or range(rank)}
    field = node.field.mixed(axes)
    if node.attributes.get("keepdims", 1):
        return field
    left = [axis for axis in range(rank) if axis not in axes]
    return field.moved({axis: place for place, axis in enumerate(left)})


def _along_axis(node: SeenNode) -> Field | None:
    """Softmax and its kin: each result depends on one axis, or on all from it on."""
    rank = len(node.shape)
    older = node.opset < 13 and node.op_type in ("Softmax", "LogSoftmax", "Hardmax")
    axis = int(node.attributes.get("axis", 1 if older else -1)) % rank
    onwards = older or node.op_type == "LayerNormalization"
    return node.field and node.field.mixed(range(axis, rank) if onwards else [axis])


def _normalize(node: SeenNode) -> Field | None:
    first = 2 if node.op_type == "InstanceNormalization" else 1
    return node.field and node.field.mixed(range(first, len(node.shape)))


def _matmul(node: SeenNode) -> Field | None:
    """Each result depends on a whole row of the first operand, and on a column of the second."""
    second = 3 if node.op_type == "QLinearMatMul" else 1
    if len(node.fields) > second and node.fields[second] is not None:
        both = joined([field for field in node.fields if field is not None])
        return both and both.mixed(range(len(node.output)))
    return node.field and node.field.mixed([len(node.shape) - 1])


def _reshape(node: SeenNode) -> Field | None:
    return node.field and node.field.moved(kept_axes(node.shape, node.output))


def _transpose(node: SeenNode) -> Field | None:
    order = node.ints("perm") or tuple(reversed(range(len(node.shape))))
    return node.field and node.field.moved({old: new for new, old in enumerate(order)})


def _concat(node: SeenNode) -> Field | None:
    field = joined([part for part in node.fields if part is not None])
    rank = len(node.output)
    axis = int(node.attributes.get("axis", 1)) % rank
    return field and field.moved({a: a for a in range(rank) if a != axis})


def _slice(node: SeenNode) -> Field | None:
    rank = len(node.shape)
    axes = node.ints("axes", 3)
    strides = node.ints("steps", 4)
    if node.field is None or strides is None:
        return node.field
    places = range(len(strides)) if axes is None else [axis % rank for axis in axes]
    steps = {a: Step(Fraction(0), Fraction(abs(s))) for a, s in zip(places, strides, strict=True)}
    return node.field.behind(steps)


def _gather(node: SeenNode) -> Field | None:
    rank = len(node.shape)
    axis = int(node.attributes.get("axis", 0)) % rank
    added = len(node.output) - rank
    return node.field and node.field.moved(
        {a: a + (added if a > axis else 0) for a in range(rank) if a != axis}
    )


def _resize(node: SeenNode) -> Field | None:
    reach = {"linear": 1, "cubic": 3}.get(_text(node.attributes.get("mode", "nearest")), 0)
    steps = {
        axis: Step(Fraction(reach), Fraction(before, after))
        for axis, (before, after) in enumerate(zip(node.shape, node.output, strict=True))
        if before != after
    }
    return node.field and node.field.behind(steps)


def _depth_to_space(node: SeenNode) -> Field | None:
    block = Fraction(1, int(node.attributes["blocksize"]))
    return node.field and node.field.behind({a: Step(Fraction(0), block) for a in (2, 3)})


def _space_to_depth(node: SeenNode) -> Field | None:
    block = int(node.attributes["blocksize"])
    return node.field and node.field.behind({a: _sliding(block, block) for a in (2, 3)})


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


_Kind = Callable[[SeenNode], Field | None]


def _all(kind: _Kind, *op_types: str) -> dict[str, _Kind]:
    return dict.fromkeys(op_types, kind)


_KINDS: dict[str, _Kind] = {
    **_all(_window, "Conv", "QLinearConv", "ConvInteger", "ConvTranspose"),
    **_all(_window, "MaxPool", "AveragePool", "LpPool", "QLinearAveragePool"),
    **_all(_global, "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"),
    **_all(_global, "QLinearGlobalAveragePool"),
    **_all(_reduce, "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1"),
    **_all(_reduce, "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"),
    **_all(_reduce, "ArgMax", "ArgMin"),
    **_all(_along_axis, "Softmax", "LogSoftmax", "Hardmax", "LpNormalization", "TopK", "CumSum"),
    **_all(_along_axis, "LayerNormalization"),
    **_all(_normalize, "InstanceNormalization", "GroupNormalization"),
    **_all(_normalize, "MeanVarianceNormalization"),
    **_all(_matmul, "Gemm", "MatMul", "QGemm", "QLinearMatMul", "MatMulInteger"),
    **_all(_reshape, "Reshape", "Flatten", "Squeeze", "Unsqueeze"),
    **_all(_transpose, "Transpose"),
    **_all(_concat, "Concat", "QLinearConcat"),
    **_all(_slice, "Slice"),
    **_all(_gather, "Gather"),
    **_all(_resize, "Resize", "Upsample"),
    **_all(_depth_to_space, "DepthToSpace"),
    **_all(_space_to_depth, "SpaceToDepth"),
}
