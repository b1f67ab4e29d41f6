"""What an operator's .tflite reader may ask about one operator, and how it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cnnc.codegen.tflite_file import OperatorRecord, TensorRecord
from cnnc.errors import InternalError, UnsupportedAttributeError
from cnnc.importer.tflite.graph import TfliteGraphBuilder, quant_value, stored_value
from cnnc.importer.tflite.operands import (
    QuantizedWeights,
    check_formats,
    constant_bias,
    constant_int8,
    constant_integers,
    constant_weights,
)
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.quant_model import QuantNode, QuantValue
from cnnc.ir.types import (
    I8,
    I32,
    I64,
    Activation,
    Quantization,
    Rounding,
)
from cnnc.ops.reshape import QuantReshape, Reshape
from cnnc.quantize.context import QuantizeContext

_ACTIVATIONS: Mapping[int, Activation] = {
    0: Activation.NONE,
    1: Activation.RELU,
    2: Activation.RELU_N1_TO_1,
    3: Activation.RELU6,
}
_ACTIVATION_NAMES = {4: "TANH", 5: "SIGN_BIT"}


@dataclass(eq=False)
class TfliteNodeReader:
    """One operator of the file.

    Attributes:
        builder: The network so far.
        operator: The operator.
        name: Layer name, unique.
    """

    builder: TfliteGraphBuilder
    operator: OperatorRecord
    name: str
    _nodes: list[QuantNode] = field(default_factory=list)
    _read: set[str] = field(default_factory=set)

    @property
    def rounding(self) -> Rounding:
        """How accumulators are scaled."""
        return self.builder.rounding

    @property
    def input_count(self) -> int:
        """Number of operands, absent ones included."""
        return len(self.operator.inputs)

    @property
    def output_count(self) -> int:
        """Number of results."""
        return len(self.operator.outputs)

    def has_input(self, index: int) -> bool:
        """Return whether an optional operand is there."""
        return index < self.input_count and self.operator.inputs[index] != -1

    def tensor(self, index: int) -> TensorRecord:
        """Return an operand as the file has it.

        Raises:
            UnsupportedAttributeError: There is no such operand.
        """
        if not self.has_input(index):
            raise UnsupportedAttributeError(f"operand {index} is missing")
        return self.builder.file.tensors[self.operator.inputs[index]]

    @property
    def result(self) -> TensorRecord:
        """The result as the file has it."""
        return self.builder.file.tensors[self.operator.outputs[0]]

    def value(self, index: int) -> QuantValue:
        """Return shape and format of an int8 operand, constant or not."""
        return quant_value(self.tensor(index))

    def key(self, index: int) -> str:
        """Return the key of an int8 operand; a constant becomes one of the model."""
        self.tensor(index)
        return self.builder.operand(self.operator.inputs[index])

    @property
    def output(self) -> QuantValue:
        """Shape and format of the int8 result."""
        return quant_value(self.result)

    @property
    def stored_output(self) -> QuantValue:
        """Shape and format of the result, int8 or integers."""
        return stored_value(self.result)

    def is_constant(self, index: int) -> bool:
        """Return whether an operand is a constant of the file."""
        return self.tensor(index).data is not None

    def integers(self, index: int, role: str) -> I64:
        """Return a constant operand of shapes, axes or counts.

        Raises:
            UnsupportedAttributeError: It is computed at run time, or not of integers.
        """
        return constant_integers(self.tensor(index), role)

    def int8_constant(self, index: int) -> I8:
        """Return a constant int8 operand.

        Raises:
            UnsupportedAttributeError: It is computed at run time, or not int8.
        """
        return constant_int8(self.tensor(index))

    def weights(self, index: int, channel_axis: int) -> QuantizedWeights:
        """Return constant int8 weights of symmetric scales, per tensor or per output channel.

        Raises:
            UnsupportedAttributeError: Not constant, not int8, or quantized in another way.
        """
        return constant_weights(self.tensor(index), channel_axis)

    def bias(self, index: int, channels: int) -> I32:
        """Return the constant int32 bias; zeros where the operand is absent.

        Raises:
            UnsupportedAttributeError: Not constant, not int32, or not one for each channel.
        """
        if not self.has_input(index):
            return np.zeros(channels, np.int32)
        return constant_bias(self.tensor(index), channels)

    def option(self, field_name: str, default: int) -> int:
        """Return an integer, enumeration or flag among the options."""
        value = self._option(field_name, default)
        return int(value) if isinstance(value, int | float) else default

    def real_option(self, field_name: str, default: float) -> float:
        """Return a float among the options."""
        value = self._option(field_name, default)
        return float(value) if isinstance(value, int | float) else default

    def activation(self) -> Activation:
        """Return the fused activation.

        Raises:
            UnsupportedAttributeError: It is none that clamps.
        """
        number = self.option("FusedActivationFunction", 0)
        if number not in _ACTIVATIONS:
            name = _ACTIVATION_NAMES.get(number, str(number))
            raise UnsupportedAttributeError(
                f"the fused activation {name} is not supported; "
                f"{', '.join(_ACTIVATIONS.values())} are"
            )
        return _ACTIVATIONS[number]

    def ignore(self, *field_names: str) -> None:
        """Declare options that change nothing here."""
        self._read.update(field_names)

    def emit_inner(
        self, op: FloatOp | QuantOp, inputs: Sequence[str], suffix: str, format_: Quantization
    ) -> str:
        """Add a node whose result is no tensor of the file; returns its key.

        Args:
            op: A float op is quantized for the formats around it.
            inputs: Keys of its operands.
            suffix: Appended to the layer's name and to the result's key.
            format_: Of the result.
        """
        shapes = [self.builder.values[name].shape for name in inputs]
        key = self.builder.unique(f"{self.result.name}/{suffix}")
        value = QuantValue(op.output_shape(shapes), format_)
        self._add(f"{self.name}/{suffix}", op, inputs, key, value)
        return key

    def emit(self, op: FloatOp | QuantOp, inputs: Sequence[str], result: int = 0) -> None:
        """Add the node whose result is one of the operator's, by default the first.

        Raises:
            UnsupportedAttributeError: The op gives another shape than the file says, or needs
                other formats.
        """
        output = stored_value(self.builder.file.tensors[self.operator.outputs[result]])
        shape = op.output_shape([self.builder.values[name].shape for name in inputs])
        if shape != output.shape:
            raise UnsupportedAttributeError(
                f"the result is {list(output.shape)} in the file but computes to {list(shape)}"
            )
        key = self.builder.define(self.operator.outputs[result], output)
        name = f"{self.name}/{result}" if result else self.name
        self._add(name, op, inputs, key, output)

    def is_graph_input(self, index: int) -> bool:
        """Return whether an operand is an input of the whole graph."""
        return self.has_input(index) and self.operator.inputs[index] in self.builder.file.inputs

    @property
    def is_graph_output(self) -> bool:
        """Whether the result is an output of the whole graph."""
        return self.operator.outputs[0] in self.builder.file.outputs

    def become_input(self) -> None:
        """Let the int8 result take the place of the first operand, an input of the whole graph.

        Raises:
            UnsupportedAttributeError: Another operator has made it int8 in another format.
        """
        source, output = self.operator.inputs[0], self.output
        known = self.builder.inputs.get(source)
        if known is None:
            self.builder.inputs[source] = self.builder.define(self.operator.outputs[0], output)
        elif self.builder.values[known] == output:
            self.builder.keys[self.operator.outputs[0]] = known
        else:
            raise UnsupportedAttributeError(
                f"input '{self.tensor(0).name}' becomes int8 in two formats; one is supported"
            )

    def become_output(self) -> None:
        """Let the int8 first operand take the place of the result, an output of the graph."""
        self.builder.outputs[self.operator.outputs[0]] = self.key(0)

    def check(self, op: FloatOp) -> None:
        """Let a float op judge shapes and formats of the operator's first operand and its result.

        Raises:
            UnsupportedAttributeError: It refuses them.
        """
        source = self.value(0)
        op.output_shape([source.shape])
        check_formats(op, [source.quantization], self.output.quantization)

    def finish(self) -> tuple[QuantNode, ...]:
        """Return what was added.

        Raises:
            UnsupportedAttributeError: An option was not read although it is set.
        """
        options = {} if self.operator.options is None else self.operator.options.fields
        for name, value in options.items():
            if name not in self._read and value not in (0, False, ()):
                raise UnsupportedAttributeError(f"the option {name} = {value} is not supported")
        undefined = [
            result
            for result in self.operator.outputs
            if result not in self.builder.keys and result not in self.builder.outputs
        ]
        if undefined and len(self.operator.outputs) > 1:
            raise UnsupportedAttributeError(
                f"it has {len(self.operator.outputs)} results instead of one"
            )
        if undefined:
            raise InternalError(f"the reader of {self.operator.code} defines no result")
        return tuple(self._nodes)

    def _option(self, name: str, default: float) -> float | tuple[int, ...]:
        self._read.add(name)
        if self.operator.options is None:
            return default
        return self.operator.options.fields.get(name, default)

    def _add(
        self, name: str, op: FloatOp | QuantOp, inputs: Sequence[str], key: str, value: QuantValue
    ) -> None:
        quantized = op if isinstance(op, QuantOp) else self._quantize(op, inputs, value)
        node = QuantNode(name, quantized, tuple(inputs), key, (self.result.name,))
        self.builder.values[key] = value
        self.builder.nodes.append(node)
        self._nodes.append(node)

    def _quantize(self, op: FloatOp, inputs: Sequence[str], output: QuantValue) -> QuantOp:
        values = [self.builder.values[name] for name in inputs]
        if not all(value.is_quantized for value in (*values, output)):
            return self._quantize_integers(op, values)
        check_formats(op, [value.quantization for value in values], output.quantization)
        context = QuantizeContext(
            node=self.name,
            rounding=self.rounding,
            inputs=tuple(value.quantization for value in values),
            input_shapes=tuple(value.shape for value in values),
            output=output.quantization,
            output_shape=output.shape,
            constants=tuple(self.builder.constants.get(name) for name in inputs),
            input_types=tuple(value.element_type for value in values),
            is_quantized=tuple(value.is_quantized for value in values),
        )
        return op.quantize(context)

    def _quantize_integers(self, op: FloatOp, values: Sequence[QuantValue]) -> QuantOp:
        """Return the op on integers, which only ops that compute nothing can be."""
        if not isinstance(op, Reshape):
            kinds = ", ".join(value.element_type.value for value in values)
            raise UnsupportedAttributeError(f"operands of type {kinds} are not supported; int8 is")
        return QuantReshape(op.shape)
