"""The network in int8: what is emitted, what the reference runs, what is written to DIR."""

from dataclasses import dataclass, field

from cnnc.errors import InternalError
from cnnc.ir.channels import ChannelMap
from cnnc.ir.float_model import Port
from cnnc.ir.op import QuantOp
from cnnc.ir.types import AnyArray, Dtype, ElementType, Quantization, Rounding, Shape, elements


@dataclass(frozen=True)
class QuantValue:
    """One tensor in storage order.

    Attributes:
        shape: Extents.
        format: What its int8 values mean; None where they are not quantized.
        element_type: int8 where there is a format.
    """

    shape: Shape
    format: Quantization | None = None
    element_type: ElementType = ElementType.INT8

    def __post_init__(self) -> None:
        if self.format is not None and self.element_type is not ElementType.INT8:
            raise InternalError(f"a {self.element_type.value} tensor has no int8 format")

    @property
    def quantization(self) -> Quantization:
        """The int8 format.

        Raises:
            InternalError: The tensor is not quantized.
        """
        if self.format is None:
            raise InternalError(f"a {self.element_type.value} tensor is read as a quantized one")
        return self.format

    @property
    def is_quantized(self) -> bool:
        """Whether the elements are int8 numbers with a format."""
        return self.format is not None

    @property
    def bytes(self) -> int:
        """Size of the tensor."""
        return elements(self.shape) * self.element_type.bytes


@dataclass(frozen=True, eq=False)
class QuantNode:
    """One integer op, its operands and its result; a layer of every report.

    Attributes:
        name: Unique layer name; the ONNX node's name where it has one.
        op: The integer operator.
        inputs: Values or constants.
        output: The one value that it defines.
        sources: Names of the ONNX nodes that were merged into it.
    """

    name: str
    op: QuantOp
    inputs: tuple[str, ...]
    output: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class QuantModel:
    """A network in topological order: int8, with layers on real numbers among them or throughout.

    Attributes:
        name: C identifier that prefixes every symbol.
        rounding: How accumulators are scaled (spec 2.3).
        inputs: Graph inputs.
        outputs: Graph outputs.
        nodes: Layers in execution order.
        constants: Constant operands that are not a weight of an op.
        values: Shape and format of every input, constant and value.
        channel_maps: By value of the network before ``passes/remove_constant_channels.py``: what
            became of its channels, where not all of them are still computed.
    """

    name: str
    rounding: Rounding
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    nodes: tuple[QuantNode, ...]
    constants: dict[str, AnyArray]
    values: dict[str, QuantValue]
    channel_maps: dict[str, ChannelMap] = field(default_factory=dict[str, ChannelMap])

    @property
    def dtype(self) -> Dtype:
        """What the network computes in: int8 where any of its values is quantized."""
        quantized = any(value.is_quantized for value in self.values.values())
        return "int8" if quantized else "float32"

    def input_shapes(self, node: QuantNode) -> tuple[Shape, ...]:
        """Return the shapes of a node's operands."""
        return tuple(self.values[name].shape for name in node.inputs)

    def macs(self) -> int:
        """Return multiply-accumulates of one inference."""
        return sum(node.op.macs(self.input_shapes(node)) for node in self.nodes)
