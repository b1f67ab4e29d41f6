"""Build the int8 network node by node, once every format is known.

An op without an integer rule runs on real numbers: its operands are dequantized, once for all that
read them so, and its result is quantized where an int8 layer or an output of the network needs it.
The real form of value ``v`` is ``v:real``; the int8 form keeps the name.
"""

import logging
from dataclasses import dataclass, field, replace

from cnnc.errors import CalibrationError, CnncError, ModelError
from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.op import NoIntegerRuleError, QuantOp
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import (
    INT8_MAX,
    INT8_MIN,
    ElementType,
    Quantization,
    Rounding,
    Tensor,
)
from cnnc.ops._real_op import RealOp
from cnnc.ops.dequantize import QuantDequantize
from cnnc.ops.fake_quantize import FakeQuantize
from cnnc.ops.quantize import QuantQuantize
from cnnc.ops.requantize import requantize
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import quantize_real
from cnnc.quantize.formats import Formats

_logger = logging.getLogger(__name__)

_INTEGERS = Quantization(1.0, 0)
"""What an integer tensor means as a quantized one."""


@dataclass
class QuantModelBuilder:
    """The int8 network while it is built; inputs and constants are there from the start.

    Attributes:
        model: The float network.
        formats: Format of every value.
        rounding: How accumulators are scaled.
        nodes: Layers so far, those between formats included.
        values: Shape and format of every value so far.
        constants: Constant operands: int8, or as they are where they are read so.
    """

    model: FloatModel
    formats: Formats
    rounding: Rounding
    nodes: list[QuantNode] = field(default_factory=list)
    values: dict[str, QuantValue] = field(default_factory=dict)
    constants: dict[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for port in self.model.inputs:
            self._define(port.value)
        for name, array in self.model.constants.items():
            self._define(name)
            self.constants[name] = self._stored_constant(name, array)

    def finish(self) -> QuantModel:
        """Return the network, without constants that nobody reads."""
        outputs = tuple(self._output(port) for port in self.model.outputs)
        self._drop_unread_constants()
        added = len(self.nodes) - len(self.model.nodes)
        _logger.info("quantized %d nodes, %d layers between formats", len(self.model.nodes), added)
        return QuantModel(
            name=self.model.name,
            rounding=self.rounding,
            inputs=self.model.inputs,
            outputs=outputs,
            nodes=tuple(self.nodes),
            constants=self.constants,
            values=self.values,
        )

    def forget_nodes(self) -> None:
        """Let go of the nodes that were added, with their weights; ``finish`` is not to follow."""
        self.nodes.clear()

    def _output(self, port: Port) -> Port:
        """Return the port of an output: int8, unless it has to stay real."""
        if port.value in self.formats.real_outputs:
            producer = self.model.producer(port.value)
            _logger.warning(
                "output '%s' is float32: it %s; to have it int8, end the network before the join",
                port.name,
                self.formats.real[producer.name] if producer is not None else "is real",
            )
            return replace(port, value=self._real_form(port.value))
        self._integer_form(port.value)
        return port

    def _define(self, value: str) -> None:
        """Define a value that is int8, or of integers that are not quantized."""
        kind = self.model.element_type(value)
        if kind is ElementType.FLOAT32:
            described = QuantValue(self.model.shapes[value], self.formats.values[value])
        else:
            described = QuantValue(self.model.shapes[value], None, kind)
        self.values[value] = described

    def _stored_constant(self, name: str, array: Tensor) -> Tensor:
        format_ = self.values[name].format
        return array if format_ is None else quantize_real(array, format_)

    def add(self, node: FloatNode) -> tuple[QuantNode, ...]:
        """Add a node of the float network, after what brings its operands into their formats.

        Returns:
            What was added, in order.

        Raises:
            CalibrationError: No multiplier exists for the formats; names the node.
            ModelError: The op cannot be expressed on int8; names the node.
        """
        before, known = len(self.nodes), dict(self.values)
        if node.name in self.formats.real:
            self._add_real(node, self.formats.real[node.name])
            return tuple(self.nodes[before:])
        try:
            self._add_integer(node)
        except NoIntegerRuleError as error:
            del self.nodes[before:]
            self.values = known
            self._add_real(node, str(error))
        return tuple(self.nodes[before:])

    def _add_integer(self, node: FloatNode) -> None:
        if isinstance(node.op, FakeQuantize) and node.inputs[0] not in self.values:
            self._quantize_real(node, node.op.format)
            return
        operands = [self._operand(node, index) for index in range(len(node.inputs))]
        self._define(node.output)
        result = self.values[node.output]
        context = QuantizeContext(
            node=node.name,
            rounding=self.rounding,
            inputs=tuple(self.values[name].format or _INTEGERS for name in operands),
            input_shapes=tuple(self.values[name].shape for name in operands),
            output=result.format or _INTEGERS,
            output_shape=result.shape,
            constants=tuple(self.constants.get(name) for name in operands),
            input_types=tuple(self.values[name].element_type for name in operands),
            is_quantized=tuple(self.values[name].is_quantized for name in operands),
        )
        op = _quantize_op(node, context)
        self.nodes.append(QuantNode(node.name, op, tuple(operands), node.output, node.sources))

    def _quantize_real(self, node: FloatNode, format_: Quantization) -> None:
        """Add the quantization of a value that is real only; it needs no format of its own."""
        real = self._real_form(node.inputs[0])
        self._define(node.output)
        op = QuantQuantize(*_fields(format_))
        self.nodes.append(QuantNode(node.name, op, (real,), node.output, node.sources))

    def _add_real(self, node: FloatNode, reason: str) -> None:
        operands = tuple(self._real_form(name) for name in node.inputs)
        kind = self.model.element_type(node.output)
        label = node.output if kind is not ElementType.FLOAT32 else self._real_name(node.output)
        self.values[label] = QuantValue(self.model.shapes[node.output], None, kind)
        op = RealOp(node.op, reason)
        self.nodes.append(QuantNode(node.name, op, operands, label, node.sources))
        _logger.info("%s '%s' runs on real numbers: %s", node.op.kind, node.name, reason)

    def _real_name(self, value: str) -> str:
        label = f"{value}:real"
        while label in self.model.shapes:
            label += "_"
        return label

    def _real_form(self, value: str) -> str:
        """Return the key of the value as real numbers, dequantized where it is int8 only."""
        if self.model.element_type(value) is not ElementType.FLOAT32:
            return value
        label = self._real_name(value)
        if label in self.values:
            return label
        shape = self.model.shapes[value]
        self.values[label] = QuantValue(shape, None, ElementType.FLOAT32)
        if value in self.model.constants:
            self.constants[label] = self.model.constants[value]
            return label
        op = QuantDequantize(*_fields(self.formats.values[value]))
        self.nodes.append(QuantNode(f"{value}/dequantize", op, (value,), label))
        return label

    def _integer_form(self, value: str) -> str:
        """Return the key of the value as int8, quantized where it is real only."""
        if value in self.values:
            return value
        self._define(value)
        op = QuantQuantize(*_fields(self.formats.values[value]))
        label = f"{value}/quantize"
        self.nodes.append(QuantNode(label, op, (self._real_name(value),), value))
        return value

    def bring_to_int8(self, value: str) -> tuple[QuantNode, ...]:
        """Add the layer that quantizes a value which is real only; returns what was added."""
        before = len(self.nodes)
        self._integer_form(value)
        return tuple(self.nodes[before:])

    def _operand(self, node: FloatNode, index: int) -> str:
        """Return the operand's key; of its requantized copy where the node needs another format."""
        name = self._integer_form(node.inputs[index])
        target = self.formats.requantized.get((node.name, index))
        if target is None or not self.values[name].is_quantized:
            return name
        if name in self.constants:
            return self._requantized_constant(node, index, target)
        label = self._unique(f"{node.name}/requantize_{index}")
        op = requantize(self.values[name].quantization, target, self.rounding)
        self.values[label] = QuantValue(self.values[name].shape, target)
        self.nodes.append(QuantNode(label, op, (name,), label, node.sources))
        _logger.debug("%s: operand %d ('%s') is requantized", node.name, index, name)
        return label

    def _requantized_constant(self, node: FloatNode, index: int, target: Quantization) -> str:
        """Add a copy of a constant that several nodes read, in the format of this one."""
        name = node.inputs[index]
        label = self._unique(f"{node.name}/constant_{index}")
        self.values[label] = QuantValue(self.values[name].shape, target)
        self.constants[label] = quantize_real(self.model.constants[name], target)
        return label

    def _unique(self, label: str) -> str:
        while label in self.model.shapes or label in self.values:
            label += "_"
        return label

    def _drop_unread_constants(self) -> None:
        """Forget constants that every reader needs in another format."""
        read = {name for node in self.nodes for name in node.inputs}
        read.update(port.value for port in self.model.outputs)
        for name in [name for name in self.constants if name not in read]:
            del self.constants[name], self.values[name]


def _fields(format_: Quantization) -> tuple[float, int]:
    return format_.scale, format_.zero_point


def _quantize_op(node: FloatNode, context: QuantizeContext) -> QuantOp:
    place = f"{node.op.kind} node '{node.name}'"
    try:
        return node.op.quantize(context)
    except CnncError as error:
        problem = error.problem if node.name in error.problem else f"{place}: {error.problem}"
        kind = CalibrationError if isinstance(error, CalibrationError) else ModelError
        raise kind(problem, error.remedy, error.where or node.name) from error
    except ValueError as error:
        raise CalibrationError(
            f"{place} has no int8 form for the calibrated ranges ({_ranges(context)}): {error}",
            "check the scale of the calibration data and of the weights",
            node.name,
        ) from error


def _ranges(context: QuantizeContext) -> str:
    operands = ", ".join(_range(format_) for format_ in context.inputs)
    return f"operands {operands}, result {_range(context.output)}"


def _range(format_: Quantization) -> str:
    low = format_.scale * (INT8_MIN - format_.zero_point)
    high = format_.scale * (INT8_MAX - format_.zero_point)
    return f"[{low:.3g}, {high:.3g}]"
