"""Build the int8 network node by node, once every format is known."""

import logging
from dataclasses import dataclass, field

from cnnc.errors import CalibrationError, CnncError, ModelError
from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import QuantOp
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import INT8_MAX, INT8_MIN, AnyArray, Quantization, Rounding
from cnnc.ops.requantize import requantize
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import quantize_real
from cnnc.quantize.formats import Formats

_logger = logging.getLogger(__name__)


@dataclass
class QuantModelBuilder:
    """The int8 network while it is built; inputs and constants are there from the start.

    Attributes:
        model: The float network.
        formats: Format of every value.
        rounding: How accumulators are scaled.
        nodes: Layers so far, requantizations included.
        values: Shape and format of every value so far.
        constants: int8 constant operands.
    """

    model: FloatModel
    formats: Formats
    rounding: Rounding
    nodes: list[QuantNode] = field(default_factory=list)
    values: dict[str, QuantValue] = field(default_factory=dict)
    constants: dict[str, AnyArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for port in self.model.inputs:
            self._define(port.value)
        for name, array in self.model.constants.items():
            self._define(name)
            self.constants[name] = quantize_real(array, self.formats.values[name])

    def finish(self) -> QuantModel:
        """Return the network, without constants that nobody reads."""
        self._drop_unread_constants()
        added = len(self.nodes) - len(self.model.nodes)
        _logger.info("quantized %d nodes, %d requantizations", len(self.model.nodes), added)
        return QuantModel(
            name=self.model.name,
            rounding=self.rounding,
            inputs=self.model.inputs,
            outputs=self.model.outputs,
            nodes=tuple(self.nodes),
            constants=self.constants,
            values=self.values,
        )

    def _define(self, value: str) -> None:
        self.values[value] = QuantValue(self.model.shapes[value], self.formats.values[value])

    def add(self, node: FloatNode) -> tuple[QuantNode, ...]:
        """Add a node of the float network, after any requantization of its operands.

        Returns:
            What was added, in order.

        Raises:
            CalibrationError: No multiplier exists for the formats; names the node.
            ModelError: The op cannot be expressed on int8; names the node.
        """
        before = len(self.nodes)
        operands = [self._operand(node, index) for index in range(len(node.inputs))]
        self._define(node.output)
        context = QuantizeContext(
            node=node.name,
            rounding=self.rounding,
            inputs=tuple(self.values[name].quantization for name in operands),
            input_shapes=tuple(self.values[name].shape for name in operands),
            output=self.values[node.output].quantization,
            output_shape=self.values[node.output].shape,
            constants=tuple(self.constants.get(name) for name in operands),
        )
        op = _quantize_op(node, context)
        self.nodes.append(QuantNode(node.name, op, tuple(operands), node.output, node.sources))
        return tuple(self.nodes[before:])

    def _operand(self, node: FloatNode, index: int) -> str:
        """Return the operand's key; of its requantized copy where the node needs another format."""
        name = node.inputs[index]
        target = self.formats.requantized.get((node.name, index))
        if target is None:
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
