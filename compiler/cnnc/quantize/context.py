"""What an op is told when it becomes an integer op."""

from dataclasses import dataclass

from cnnc.ir.types import AnyArray, ElementType, Quantization, Rounding, Shape


@dataclass(frozen=True)
class QuantizeContext:
    """The formats around one node.

    Attributes:
        node: Name of the node, for messages.
        rounding: How accumulators are scaled.
        inputs: Format of each operand (constants included); scale 1 and zero point 0 for integers.
        input_shapes: Shape of each operand.
        output: Format of the result; as that of an operand.
        output_shape: Shape of the result.
        constants: int8 array of each operand that is a constant, None for the others.
        input_types: Element type of each operand; int8 for real numbers, which are quantized.
        is_quantized: Whether each operand stands for real numbers; integers do not.
    """

    node: str
    rounding: Rounding
    inputs: tuple[Quantization, ...]
    input_shapes: tuple[Shape, ...]
    output: Quantization
    output_shape: Shape
    constants: tuple[AnyArray | None, ...] = ()
    input_types: tuple[ElementType, ...] = ()
    is_quantized: tuple[bool, ...] = ()
