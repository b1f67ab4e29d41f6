"""Gather on real tensors, with constant indices and with computed ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import ElementType, Shape, Tensor
from cnnc.ops.gather.quant_op import (
    QuantGather,
    QuantGatherAt,
    entries,
    gathered_shape,
    lower_computed,
    lower_constant,
)
from cnnc.quantize.context import QuantizeContext


@dataclass(frozen=True, eq=False)
class Gather(FloatOp):
    """Entry i of an axis of the result is entry ``indices[i]`` of the operand's.

    Attributes:
        axis: Storage axis, >= 0.
        indices: 0..extent-1.
    """

    axis: int
    indices: tuple[int, ...]

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape with another extent, after checking the indices."""
        shape = inputs[0]
        outside = [index for index in self.indices if not 0 <= index < shape[self.axis]]
        if outside or not self.indices:
            what = f"index {outside[0]} is outside of" if outside else "no indices for"
            raise UnsupportedAttributeError(f"{what} an axis of {shape[self.axis]} entries")
        return gathered_shape(shape, self.axis, len(self.indices))

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the operand's type, whatever it is."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Gather from every sample."""
        return np.take(inputs[0], self.indices, axis=self.axis + 1)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantGather(self.axis, self.indices)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for elements of any type."""
        return lower_constant(self.axis, self.indices, site)


@dataclass(frozen=True, eq=False)
class GatherAt(FloatOp):
    """Entry i of an axis of the result is the entry of operand 0 that operand 1 names.

    Operand 1 is int32 of one axis. Negative indices count from the end; those that are outside
    nevertheless mean the first or last entry.

    Attributes:
        axis: Storage axis of operand 0, >= 0.
    """

    axis: int

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the shape of operand 0 with as many entries as there are indices."""
        return gathered_shape(inputs[0], self.axis, inputs[1][0])

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the type of operand 0.

        Raises:
            UnsupportedAttributeError: The indices are no int32.
        """
        if inputs[1] is not ElementType.INT32:
            raise UnsupportedAttributeError(f"indices of the type {inputs[1].value}, not int32")
        return inputs[0]

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Gather from every sample."""
        return entries(inputs[0], inputs[1], self.axis)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantGatherAt(self.axis)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for elements of any type."""
        return lower_computed(self.axis, site)
