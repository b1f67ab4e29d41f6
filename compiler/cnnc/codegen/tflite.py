"""Write the quantized graph as a .tflite flatbuffer, operator by operator."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnnc.codegen.tflite_file import OperatorRecord, TensorRecord, TfliteOptions, write_file
from cnnc.errors import InternalError
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import AnyArray, ElementType, Quantization, Rounding, Shape

__all__ = [
    "NotCompared",
    "NotExpressibleError",
    "TfliteExport",
    "TfliteGraph",
    "TfliteOperands",
    "TfliteOptions",
    "export_tflite",
]

_LOGGER = logging.getLogger(__name__)


class NotExpressibleError(Exception):
    """TFLite has no operator with exactly this integer rule; the text says why."""


@dataclass(frozen=True)
class TfliteOperands:
    """Tensors around the op that is being exported.

    Attributes:
        inputs: Tensor index of each operand.
        input_values: Shape and format of each operand.
        output: Tensor index of the result; the export must define it.
        output_value: Shape and format of the result.
    """

    inputs: tuple[int, ...]
    input_values: tuple[QuantValue, ...]
    output: int
    output_value: QuantValue


@dataclass(frozen=True)
class NotCompared:
    """A layer that TFLite cannot compute by the same rule.

    Attributes:
        layer: Name of the node.
        op: Kind of its operator.
        reason: Why there is no exact form.
    """

    layer: str
    op: str
    reason: str


@dataclass(frozen=True)
class TfliteExport:
    """A .tflite file and how its tensors relate to the model's values.

    The subgraph's inputs are the model's input ports in order, then ``extra_inputs``.

    Attributes:
        data: The file.
        outputs: Model value of each subgraph output, in the subgraph's order.
        extra_inputs: Values whose op TFLite cannot compute; whoever runs the file feeds them.
        not_expressible: The layers that define ``extra_inputs``, with the reason.
    """

    data: bytes
    outputs: tuple[str, ...]
    extra_inputs: tuple[str, ...]
    not_expressible: tuple[NotCompared, ...]


class TfliteGraph:
    """One subgraph under construction.

    Attributes:
        rounding: Of the network that is exported.
    """

    def __init__(self, rounding: Rounding = "double") -> None:
        self.rounding = rounding
        self._tensors: list[TensorRecord] = []
        self._operators: list[OperatorRecord] = []

    def activation(self, name: str, value: QuantValue) -> int:
        """Add an activation that is a value of the model; returns its tensor index."""
        if value.format is None:
            return self._add(TensorRecord(name, value.shape, value.element_type.value))
        quantization = value.quantization
        return self._add(
            TensorRecord(name, value.shape, "int8", (quantization.scale,), quantization.zero_point)
        )

    def intermediate(self, shape: Shape, quantization: Quantization) -> int:
        """Add an int8 activation that is not a value of the model; returns its tensor index."""
        value = QuantValue(shape, quantization)
        return self.activation(f"intermediate_{len(self._tensors)}", value)

    def reshaped(self, value: QuantValue, shape: Shape) -> int:
        """Add an activation of a value's type and format; returns its tensor index."""
        name = f"intermediate_{len(self._tensors)}"
        return self.activation(name, replace(value, shape=tuple(shape)))

    def integers(self, shape: Shape) -> int:
        """Add an int32 activation that is not a value of the model; returns its tensor index."""
        value = QuantValue(shape, None, ElementType.INT32)
        return self.activation(f"intermediate_{len(self._tensors)}", value)

    def constant(
        self,
        array: AnyArray,
        scales: Sequence[float] = (),
        zero_point: int = 0,
        quantized_axis: int = 0,
    ) -> int:
        """Add a constant tensor; returns its tensor index.

        Args:
            array: int8, int32 or uint8; the shape is the tensor's.
            scales: None, one, or one per element of ``quantized_axis``.
            zero_point: The same for all scales.
            quantized_axis: Axis of per-channel scales.

        Raises:
            InternalError: The number of scales fits neither the tensor nor the axis.
        """
        if len(scales) > 1 and len(scales) != array.shape[quantized_axis]:
            raise InternalError(
                f"{len(scales)} scales for axis {quantized_axis} of a constant {array.shape}"
            )
        return self._add(
            TensorRecord(
                name=f"constant_{len(self._tensors)}",
                shape=array.shape,
                element_type=array.dtype.name,
                scales=tuple(float(scale) for scale in scales),
                zero_point=zero_point,
                quantized_axis=quantized_axis,
                data=array,
            )
        )

    def operator(
        self,
        code: str,
        inputs: Sequence[int],
        output: int | Sequence[int],
        options: TfliteOptions | None = None,
        version: int = 1,
    ) -> None:
        """Add one operator.

        Args:
            code: Name in ``tflite.BuiltinOperator``, e.g. ``CONV_2D``.
            inputs: Tensor indices, constants included; -1 for an optional operand that is absent.
            output: Tensor index of the result, or of each result.
            options: Builtin options, if the operator has any.
            version: Version of the operator, e.g. 3 for CONV_2D with scales per channel.
        """
        outputs = (output,) if isinstance(output, int) else tuple(output)
        self._operators.append(OperatorRecord(code, version, tuple(inputs), outputs, options))

    def reshape(self, source: int, shape: Shape, output: int) -> None:
        """Add RESHAPE."""
        target = self.constant(np.array(shape, dtype=np.int32))
        options = TfliteOptions("ReshapeOptions", {"NewShape": tuple(shape)})
        self.operator("RESHAPE", [source, target], output, options)

    def defines(self, tensor: int) -> bool:
        """Return whether an operator computes the tensor."""
        return any(tensor in record.outputs for record in self._operators)

    def mark(self) -> tuple[int, int]:
        """Return a point that ``roll_back`` can return to."""
        return len(self._tensors), len(self._operators)

    def roll_back(self, mark: tuple[int, int]) -> None:
        """Drop every tensor and operator that was added since the mark."""
        tensors, operators = mark
        del self._tensors[tensors:]
        del self._operators[operators:]

    def file(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """Return the flatbuffer with these tensors as the subgraph's inputs and outputs."""
        return write_file(self._tensors, self._operators, inputs, outputs)

    def _add(self, record: TensorRecord) -> int:
        self._tensors.append(record)
        return len(self._tensors) - 1


def export_tflite(model: QuantModel, all_outputs: bool = False) -> TfliteExport:
    """Write the model as a .tflite file that computes the same bytes in the reference kernels.

    Ports keep their storage order (channel-last) and int8 format. The result of an op that TFLite
    cannot express exactly becomes an extra input of the file, so that what follows is still there
    to run and compare; such a value is never among the outputs.

    Args:
        model: The quantized network, before passes that change shapes.
        all_outputs: Make every value that a node defines a subgraph output, reshapes included,
            so that each layer can be compared; else only the model's own outputs.
    """
    export = _Exporter(model)
    for node in model.nodes:
        export.add(node)
    wanted = [node.output for node in model.nodes] if all_outputs else []
    result = export.finish([*wanted, *(port.value for port in model.outputs)])
    _LOGGER.info(
        "wrote %d of %d layers as TFLite operators, %d bytes",
        len(model.nodes) - len(result.not_expressible),
        len(model.nodes),
        len(result.data),
    )
    return result


class _Exporter:
    """Keeps which tensor holds which value of the model."""

    def __init__(self, model: QuantModel) -> None:
        self._model = model
        self._graph = TfliteGraph(model.rounding)
        self._extra_inputs: list[str] = []
        self._refused: list[NotCompared] = []
        # A dict drops the second of two ports that share a value: a tensor is listed once.
        self._tensor = {
            port.value: self._graph.activation(port.value, model.values[port.value])
            for port in {port.value: port for port in model.inputs}.values()
        }

    def add(self, node: QuantNode) -> None:
        for name in node.inputs:
            if name in self._model.constants:
                self._add_constant(name)
        values = self._model.values
        output = self._graph.activation(node.output, values[node.output])
        self._tensor[node.output] = output
        operands = TfliteOperands(
            inputs=tuple(self._tensor[name] for name in node.inputs),
            input_values=tuple(values[name] for name in node.inputs),
            output=output,
            output_value=values[node.output],
        )
        mark = self._graph.mark()
        try:
            node.op.export_tflite(self._graph, operands)
        except NotExpressibleError as error:
            self._graph.roll_back(mark)
            self._extra_inputs.append(node.output)
            self._refused.append(NotCompared(node.name, node.op.kind, str(error)))
            _LOGGER.debug("'%s' (%s) stays out of TFLite: %s", node.name, node.op.kind, error)
            return
        if not self._graph.defines(output):
            raise InternalError(f"the TFLite export of {node.op.kind} defines no output")

    def finish(self, wanted: Sequence[str]) -> TfliteExport:
        computed = dict.fromkeys(name for name in wanted if name not in self._extra_inputs)
        for name in computed:
            if name in self._model.constants:
                self._add_constant(name)
        port_count = len({port.value for port in self._model.inputs})
        inputs = [*range(port_count), *(self._tensor[name] for name in self._extra_inputs)]
        return TfliteExport(
            data=self._graph.file(inputs, [self._tensor[name] for name in computed]),
            outputs=tuple(computed),
            extra_inputs=tuple(self._extra_inputs),
            not_expressible=tuple(self._refused),
        )

    def _add_constant(self, name: str) -> None:
        if name in self._tensor:
            return
        format_ = self._model.values[name].format
        scales, zero_point = ((format_.scale,), format_.zero_point) if format_ else ((), 0)
        array = self._model.constants[name]
        self._tensor[name] = self._graph.constant(array, scales, zero_point)
