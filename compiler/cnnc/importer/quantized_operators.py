"""How each operator on quantized tensors is spelt out; see ``quantized_nodes.py``.

Operands come in groups of three, (tensor, scale, zero point), unless stated otherwise.
"""

from collections.abc import Callable
from typing import Any

import onnx
from onnx import helper

from cnnc.importer.spelling import CONTRIB_DOMAIN, Format, NodeWriter

Spelling = Callable[[onnx.NodeProto, NodeWriter], Format | None]
"""Writes what a node becomes; returns the format of its result, None where that is real."""

_ONE_AXIS_SOFTMAX = 13
"""From this opset on, Softmax is over one axis alone."""


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}


def _operand(node: onnx.NodeProto, index: int) -> str:
    return node.input[index] if index < len(node.input) else ""


def _format(node: onnx.NodeProto, index: int) -> Format:
    """Return the format whose scale is this operand and whose zero point is the next."""
    return Format(_operand(node, index), _operand(node, index + 1))


def _real(node: onnx.NodeProto, writer: NodeWriter, index: int) -> str:
    return writer.dequantize(node.input[index], _format(node, index + 1))


def _finish(
    node: onnx.NodeProto,
    writer: NodeWriter,
    op_type: str,
    inputs: list[str],
    result: Format,
    attributes: dict[str, Any] | None = None,
) -> Format:
    wanted = _attributes(node) if attributes is None else attributes
    real = writer.compute(node, op_type, inputs, wanted)
    writer.quantize(real, result, node.output[0])
    return result


def _spell_conv(node: onnx.NodeProto, writer: NodeWriter) -> Format:
    """x, w and y as triples (y without tensor), then the bias at scale s_x * s_w."""
    inputs = [
        _real(node, writer, 0),
        writer.dequantize(node.input[3], _format(node, 4), axis=0),
    ]
    bias = _operand(node, 8)
    if bias:
        scale = writer.product(node.input[1], node.input[4])
        inputs.append(writer.dequantize(bias, Format(scale), axis=0))
    return _finish(node, writer, "Conv", inputs, _format(node, 6))


def _spell_matmul(node: onnx.NodeProto, writer: NodeWriter) -> Format:
    """a, b and y as triples (y without tensor); scales of b are per column."""
    right = writer.dequantize(node.input[3], _format(node, 4), axis=-1)
    return _finish(node, writer, "MatMul", [_real(node, writer, 0), right], _format(node, 6))


def _spell_gemm(node: onnx.NodeProto, writer: NodeWriter) -> Format | None:
    """A and B as triples, C at scale alpha * s_a * s_b, then the result's format, if any."""
    attributes = _attributes(node)
    columns = 0 if attributes.get("transB", 0) else 1
    inputs = [
        _real(node, writer, 0),
        writer.dequantize(node.input[3], _format(node, 4), axis=columns),
    ]
    if _operand(node, 6):
        scale = writer.product(node.input[1], node.input[4])
        # beta scales the addend, which alone would lack alpha.
        attributes["beta"] = attributes.get("alpha", 1.0)
        inputs.append(writer.dequantize(node.input[6], Format(scale), axis=-1))
    if _operand(node, 7):
        return _finish(node, writer, "Gemm", inputs, _format(node, 7), attributes)
    writer.compute(node, "Gemm", inputs, attributes, node.output[0])
    return None


def _of_two(op_type: str) -> Spelling:
    def spell(node: onnx.NodeProto, writer: NodeWriter) -> Format:
        inputs = [_real(node, writer, 0), _real(node, writer, 3)]
        return _finish(node, writer, op_type, inputs, _format(node, 6))

    return spell


def _of_one(op_type: str) -> Spelling:
    def spell(node: onnx.NodeProto, writer: NodeWriter) -> Format | None:
        return _finish(node, writer, op_type, [_real(node, writer, 0)], _format(node, 3))

    return spell


def _pool(op_type: str) -> Spelling:
    """The attribute channels_last is dropped where it says nothing; else the node is refused."""

    def spell(node: onnx.NodeProto, writer: NodeWriter) -> Format:
        attributes = _attributes(node)
        if not attributes.get("channels_last", 0):
            attributes.pop("channels_last", None)
        domain = ""
        if attributes.get("ceil_mode", 0) and attributes.get("count_include_pad", 0):
            # Measured: unlike AveragePool it divides by the whole kernel in every window then.
            attributes["count_overhang"] = 1
            domain = CONTRIB_DOMAIN
        inputs = [_real(node, writer, 0)]
        real = writer.compute(node, op_type, inputs, attributes, domain=domain)
        result = _format(node, 3)
        writer.quantize(real, result, node.output[0])
        return result

    return spell


def _spell_softmax(node: onnx.NodeProto, writer: NodeWriter) -> Format:
    """The attribute ``opset`` says which version's meaning the axis has: it must be the model's."""
    attributes = _attributes(node)
    meant = int(attributes.get("opset", writer.opset))
    if (meant >= _ONE_AXIS_SOFTMAX) == (writer.opset >= _ONE_AXIS_SOFTMAX):
        attributes.pop("opset", None)
    return _finish(node, writer, "Softmax", [_real(node, writer, 0)], _format(node, 3), attributes)


def _spell_concat(node: onnx.NodeProto, writer: NodeWriter) -> Format:
    """The result's scale and zero point come first."""
    inputs = [_real(node, writer, index) for index in range(2, len(node.input), 3)]
    return _finish(node, writer, "Concat", inputs, _format(node, 0))


SPELLINGS: dict[str, Spelling] = {
    "QLinearConv": _spell_conv,
    "QLinearMatMul": _spell_matmul,
    "QGemm": _spell_gemm,
    "QLinearAdd": _of_two("Add"),
    "QLinearMul": _of_two("Mul"),
    "QLinearConcat": _spell_concat,
    "QLinearSigmoid": _of_one("Sigmoid"),
    "QLinearLeakyRelu": _of_one("LeakyRelu"),
    "QLinearGlobalAveragePool": _pool("GlobalAveragePool"),
    "QLinearAveragePool": _pool("AveragePool"),
    "QLinearSoftmax": _spell_softmax,
}
"""Operator type -> how it is spelt out; none of these names is in two domains."""

CONTRIB_OPERATORS = frozenset({"AveragePool", "QuantizeLinear", "DequantizeLinear"})
"""Operators of ``CONTRIB_DOMAIN`` that the walk meets after spelling out.

AveragePool there is this compiler's own name: the standard one has no ``count_overhang``.
"""

__all__ = ["CONTRIB_DOMAIN", "CONTRIB_OPERATORS", "SPELLINGS", "Spelling"]
