"""Write ONNX nodes between DequantizeLinear and QuantizeLinear, with names that are free."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import onnx
from onnx import helper

from cnnc.ir.names import unique_name

QUANTIZE = "QuantizeLinear"
DEQUANTIZE = "DequantizeLinear"
CONTRIB_DOMAIN = "com.microsoft"
"""Its QuantizeLinear and DequantizeLinear have an axis in every opset."""


class Format(NamedTuple):
    """The names of a scale and a zero point.

    Attributes:
        scale: One number, or one per element of an axis.
        zero_point: Of the same shape; empty for 0 of uint8.
    """

    scale: str
    zero_point: str = ""


class NodeWriter:
    """Collects nodes in order.

    Args:
        graph: Whose names are taken.
        opset: Version of the standard operators.

    Attributes:
        nodes: What was written.
        opset: As given.
    """

    def __init__(self, graph: onnx.GraphProto, opset: int) -> None:
        self.opset = opset
        self.nodes: list[onnx.NodeProto] = []
        self._taken = {tensor.name for tensor in graph.initializer}
        self._taken.update(value.name for value in graph.input)
        for node in graph.node:
            self._taken.update(node.output)

    def keep(self, node: onnx.NodeProto) -> None:
        """Add a node as it is."""
        self.nodes.append(node)

    def fresh(self, base: str) -> str:
        """Return the name of a new tensor, made from another one."""
        name = unique_name(f"{base}:exact", self._taken)
        self._taken.add(name)
        return name

    @staticmethod
    def copy(node: onnx.NodeProto) -> onnx.NodeProto:
        """Return a copy of a node."""
        copied = onnx.NodeProto()
        copied.CopyFrom(node)
        return copied

    def dequantize(self, source: str, format_: Format, axis: int | None = None) -> str:
        """Add the reals of an integer tensor; returns their name.

        Args:
            source: The integer tensor.
            format_: Its format.
            axis: Axis of the scales, where there are several.
        """
        real = self.fresh(source)
        self._convert(DEQUANTIZE, source, format_, real, axis)
        return real

    def quantize(self, source: str, format_: Format, target: str) -> None:
        """Add the integer tensor ``target`` of a real one."""
        self._convert(QUANTIZE, source, format_, target, None)

    def compute(
        self,
        node: onnx.NodeProto,
        op_type: str,
        inputs: Sequence[str],
        attributes: Mapping[str, Any],
        output: str = "",
        domain: str = "",
    ) -> str:
        """Add an operator on reals in the place of a node; returns the name of its result.

        Args:
            node: Gives its name and metadata.
            op_type: Standard operator, or one of ``CONTRIB_OPERATORS``.
            inputs: Names of its operands.
            attributes: All that it has.
            output: Name of the result; by default a new one.
            domain: Of the operator; by default the standard one.
        """
        result = output or self.fresh(node.output[0])
        added = helper.make_node(
            op_type, list(inputs), [result], name=node.name, domain=domain, **attributes
        )
        added.metadata_props.extend(node.metadata_props)
        self.nodes.append(added)
        return result

    def product(self, first: str, second: str) -> str:
        """Add the product of two constants; returns its name."""
        result = self.fresh(first)
        self.nodes.append(helper.make_node("Mul", [first, second], [result]))
        return result

    def zero(self, kind: int, base: str) -> str:
        """Add the constant 0; returns its name, made from another one.

        Args:
            kind: ONNX's number of its type.
            base: The other name.
        """
        result = self.fresh(base)
        value = helper.make_tensor(result, kind, (), [0])
        self.nodes.append(helper.make_node("Constant", [], [result], value=value))
        return result

    def difference(self, first: str, second: str) -> str:
        """Add the difference of two constants; returns its name."""
        result = self.fresh(first)
        self.nodes.append(helper.make_node("Sub", [first, second], [result]))
        return result

    def real_of_zero(self, format_: Format) -> str:
        """Add the real number that the integer 0 of a format stands for; returns its name."""
        zero = self.difference(format_.zero_point, format_.zero_point)
        return self.dequantize(zero, format_)

    def _convert(
        self, op_type: str, source: str, format_: Format, target: str, axis: int | None
    ) -> None:
        inputs = [source, *filter(None, format_)]
        node = helper.make_node(op_type, inputs, [target])
        if axis is not None:
            node.domain = CONTRIB_DOMAIN
            node.attribute.append(helper.make_attribute("axis", axis))
        self.nodes.append(node)
