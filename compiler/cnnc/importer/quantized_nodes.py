"""Spell out quantized nodes as DequantizeLinear, the same operator on reals, QuantizeLinear.

    QLinearX(q, s, z, ..., s_y, z_y)   = Q(X(DQ(q, s, z), ...), s_y, z_y)
    f(q)                               = Q(f(DQ(q, s, z)), s, z)      f keeps or orders elements
    Relu(q)                            = Q(Max(DQ(q, s, z), -z s), s, z)
    Pad(q) without a value             = Q(Pad(DQ(q, s, z), -z s), s, z)
    Cast(q) to an 8-bit type           = q
    Q(x, s) to int8                    = Q(x, s, 0)                   likewise DQ(q, s)

so that the walk meets one form only: what QuantizeLinear gives is read by DequantizeLinear. Scales
and zero points stay names here; their values are known when the nodes that make them are folded.

Source: QLinearConv and QLinearMatMul on the ONNX operator pages; ONNX Runtime's ContribOperators.md
for the others.
"""

import logging
from collections.abc import Iterable

import onnx
from onnx import TensorProto

from cnnc.importer.quantized_operators import SPELLINGS, Spelling
from cnnc.importer.spelling import DEQUANTIZE, QUANTIZE, Format, NodeWriter

logger = logging.getLogger(__name__)

_ON_INTEGERS = frozenset({
    "Clip", "Concat", "DepthToSpace", "Dropout", "Expand", "Flatten", "Gather", "Identity", "Max",
    "MaxPool", "Min", "Pad", "Relu", "Reshape", "Resize", "Slice", "SpaceToDepth", "Split",
    "Squeeze", "Tile", "Transpose", "Unsqueeze",
})  # fmt: skip
"""Operators that give the same on integers of a format as on the reals that these stand for."""
_ALL_OPERANDS = frozenset({"Clip", "Concat", "Max", "Min"})
_PAD_VALUE = 2
_EIGHT_BITS = (TensorProto.INT8, TensorProto.UINT8)


def spell_out_quantized(graph: onnx.GraphProto, opset: int) -> None:
    """Rewrite the nodes of a graph in place; a graph without such nodes stays as it is.

    Args:
        graph: The main graph of a model.
        opset: Version of the standard operators.
    """
    if not any(_is_quantized(node) for node in graph.node):
        return
    speller = _Speller(graph, opset)
    for node in graph.node:
        speller.visit(node)
    del graph.node[:]
    graph.node.extend(speller.writer.nodes)
    logger.debug("spelt out %d quantized nodes", speller.rewritten)


def _is_quantized(node: onnx.NodeProto) -> bool:
    return node.op_type == QUANTIZE or node.op_type in SPELLINGS


class _Speller:
    """The new nodes, and the format of every integer tensor that depends on an input.

    Args:
        graph: Read only.
        opset: Version of the standard operators.
    """

    def __init__(self, graph: onnx.GraphProto, opset: int) -> None:
        self.writer = NodeWriter(graph, opset)
        self.rewritten = 0
        self._formats: dict[str, Format] = {}
        self._same: dict[str, str] = {}
        self._constants = {tensor.name for tensor in graph.initializer} | {""}
        self._kinds = {tensor.name: tensor.data_type for tensor in graph.initializer}
        self._outputs = {value.name for value in graph.output}

    def visit(self, node: onnx.NodeProto) -> None:
        """Add what the node becomes."""
        node = self._with_current_inputs(node)
        if all(name in self._constants for name in node.input):
            self._constants.update(node.output)
            self.writer.keep(node)
        elif node.op_type in SPELLINGS:
            self._spell(node, SPELLINGS[node.op_type])
        elif node.op_type == QUANTIZE:
            node = self._with_zero_point(node)
            self._formats[node.output[0]] = Format(*node.input[1:3])
            self.writer.keep(node)
        elif node.op_type == DEQUANTIZE and node.input[0] in self._formats:
            self.writer.keep(self._with_operands_zero(node))
        elif self._is_idle_cast(node):
            self._same[node.output[0]] = node.input[0]
        elif node.op_type in _ON_INTEGERS and node.input[0] in self._formats:
            self._compute_on_reals(node)
        else:
            self.writer.keep(node)

    def _with_current_inputs(self, node: onnx.NodeProto) -> onnx.NodeProto:
        if not any(name in self._same for name in node.input):
            return node
        changed = onnx.NodeProto()
        changed.CopyFrom(node)
        del changed.input[:]
        changed.input.extend(self._same.get(name, name) for name in node.input)
        return changed

    def _with_zero_point(self, node: onnx.NodeProto) -> onnx.NodeProto:
        """Return a QuantizeLinear with a zero point where it names a type but has none."""
        kind = _integer(node, "output_dtype")
        if not kind or _has_zero_point(node):
            return node
        return _with_third(node, self.writer.zero(kind, node.output[0]))

    def _with_operands_zero(self, node: onnx.NodeProto) -> onnx.NodeProto:
        """Return a DequantizeLinear with a zero point: by default 0 of its operand's type."""
        given = self._formats[node.input[0]].zero_point
        if not given or _has_zero_point(node):
            return node
        return _with_third(node, self.writer.difference(given, given))

    def _spell(self, node: onnx.NodeProto, spelling: Spelling) -> None:
        result = spelling(node, self.writer)
        self.rewritten += 1
        if result is not None:
            self._formats[node.output[0]] = result

    def _is_idle_cast(self, node: onnx.NodeProto) -> bool:
        """Return whether the node casts an integer tensor to what it is already."""
        format_ = self._formats.get(node.input[0]) if node.op_type == "Cast" else None
        if format_ is None or node.output[0] in self._outputs:
            return False
        target = _integer(node, "to")
        known = self._kinds.get(format_.zero_point, target)
        return target in _EIGHT_BITS and target == known

    def _compute_on_reals(self, node: onnx.NodeProto) -> None:
        """Put the node between DequantizeLinear and QuantizeLinear of its operand's format."""
        format_ = self._formats[node.input[0]]
        real = self.writer.copy(node)
        for index in _real_operands(node):
            real.input[index] = self.writer.dequantize(node.input[index], format_)
        if format_.zero_point:
            real = self._with_integer_zero(real, format_)
        results = [name for name in node.output if name]
        del real.output[:]
        real.output.extend(self.writer.fresh(name) if name else "" for name in node.output)
        self.writer.keep(real)
        for name, source in zip(results, filter(None, real.output), strict=True):
            self.writer.quantize(source, format_, name)
            self._formats[name] = format_
        self.rewritten += 1

    def _with_integer_zero(self, node: onnx.NodeProto, format_: Format) -> onnx.NodeProto:
        """Return a node on reals with the real number of the integer 0, if it means that."""
        if node.op_type == "Relu":
            node.op_type = "Max"
            node.input.append(self.writer.real_of_zero(format_))
        elif node.op_type == "Pad" and not any(node.input[_PAD_VALUE:][:1]):
            return _with_third(node, self.writer.real_of_zero(format_))
        return node


def _integer(node: onnx.NodeProto, name: str) -> int:
    """Return an attribute of the node; 0 where it has none of this name."""
    return next((entry.i for entry in node.attribute if entry.name == name), 0)


def _has_zero_point(node: onnx.NodeProto) -> bool:
    return any(node.input[2:3])


def _with_third(node: onnx.NodeProto, name: str) -> onnx.NodeProto:
    """Return the node with its operand 2 named so."""
    changed = NodeWriter.copy(node)
    changed.input[2:3] = [name]
    return changed


def _real_operands(node: onnx.NodeProto) -> Iterable[int]:
    """Return the operands that hold elements of the result."""
    if node.op_type in _ALL_OPERANDS:
        return [index for index, name in enumerate(node.input) if name]
    if node.op_type == "Pad" and len(node.input) > _PAD_VALUE and node.input[_PAD_VALUE]:
        return [0, _PAD_VALUE]
    return [0]
