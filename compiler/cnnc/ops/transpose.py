"""Transpose: move elements to another axis order."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, Shape
from cnnc.quantize.context import QuantizeContext


@dataclass(frozen=True, eq=False)
class Transpose(FloatOp):
    """Axis k of the result is axis ``permutation[k]`` of the operand.

    Attributes:
        permutation: A permutation of 0..rank-1.
    """

    permutation: tuple[int, ...]

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the permuted shape."""
        return tuple(inputs[0][axis] for axis in self.permutation)

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Transpose every sample."""
        return inputs[0].transpose(0, *(axis + 1 for axis in self.permutation))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        raise NotImplementedError
