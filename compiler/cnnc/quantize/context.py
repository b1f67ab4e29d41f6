"""What an op is told when it becomes an integer op."""

from dataclasses import dataclass

from cnnc.ir.types import AnyArray, Quantization, Rounding, Shape


@dataclass(frozen=True)
class QuantizeContext:
    """The formats around one node.

    Attributes:
        node: Name of the node, for messages.
        rounding: How accumulators are scaled.
        inputs: Format of each operand (constants included).
        input_shapes: Shape of each operand.
        output: Format of the result.
        output_shape: Shape of the result.
        constants: int8 array of each operand that is a constant, None for the others.
    """

    node: str
    rounding: Rounding
    inputs: tuple[Quantization, ...]
    input_shapes: tuple[Shape, ...]
    output: Quantization
    output_shape: Shape
    constants: tuple[AnyArray | None, ...] = ()
