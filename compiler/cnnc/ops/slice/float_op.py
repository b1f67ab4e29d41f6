"""Slice on real tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import ElementType, Shape, Tensor
from cnnc.ops._move import lower_view
from cnnc.ops.slice.axis import SlicedAxis, sliced_axes, view_of
from cnnc.ops.slice.quant_op import QuantSlice
from cnnc.quantize.context import QuantizeContext


@dataclass(frozen=True, eq=False)
class Slice(FloatOp):
    """Element i along axis k of the result is element ``starts[k] + i * steps[k]`` of the operand.

    Attributes:
        starts: First element of each axis in memory.
        steps: Distance between two elements; negative ones go backwards, never 0.
        shape: Extents of the result.
    """

    starts: tuple[int, ...]
    steps: tuple[int, ...]
    shape: Shape

    output_format = OutputFormat.SAME_AS_INPUT

    def axes(self, source: Shape) -> tuple[SlicedAxis, ...]:
        """Return the axes for an operand of this shape."""
        return sliced_axes(source, self.starts, self.steps, self.shape)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the extents of the result after checking that they fit the operand."""
        view_of(inputs[0], self.axes(inputs[0])).check("a slice")
        return self.shape

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the operand's type, whatever it is."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Slice every sample."""
        axes = self.axes(inputs[0].shape[1:])
        return inputs[0][(slice(None), *(axis.as_slice() for axis in axes))]

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantSlice(self.starts, self.steps, self.shape)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for elements of any type."""
        return lower_view(view_of(site.inputs[0], self.axes(site.inputs[0])), site)
