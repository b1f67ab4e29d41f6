"""Where the maxima of a max pool are, its second result.

Each is an index into the whole tensor [batch][channel][...]; the first of several equal maxima
counts. With column_major, rows run faster than columns in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp, NoIntegerRuleError, QuantOp
from cnnc.ir.types import I32, AnyWindow, ElementType, Shape, Tensor, elements
from cnnc.ops._pool_window import pooled_shape, volume_parameters, window_taps
from cnnc.quantize.context import QuantizeContext

_PADDING = ("counted_planes", "counted_rows", "counted_cols", "padding_value")


@dataclass(frozen=True, eq=False)
class MaxPoolIndices(FloatOp):
    """Indices of the maxima over a sliding window of [batch][...][channel], int32.

    Attributes:
        window: Each of its positions holds at least one element of the image.
        column_major: Whether rows run faster than columns; only along two axes.
    """

    window: AnyWindow
    column_major: bool

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the pooled shape."""
        if self.column_major and len(self.window.axes) != 2:
            raise UnsupportedAttributeError("indices by columns (storage_order 1) of a volume")
        return pooled_shape(self.window, inputs[0])

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return int32."""
        if inputs[0] is not ElementType.FLOAT32:
            raise UnsupportedAttributeError(f"indices in a tensor of {inputs[0]}, not of float32")
        return ElementType.INT32

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Keep the index of the first tap that no later one exceeds."""
        shape = inputs[0].shape[1:]
        values = window_taps(inputs[0], self.window, -np.inf)
        places = window_taps(self._indices(shape), self.window, -1)
        largest, found = next(values).copy(), next(places).copy()
        found = np.broadcast_to(found, largest.shape).copy()
        for value, place in zip(values, places, strict=True):
            # Where all taps so far are padding, minus infinity in the image counts too.
            wins = (value > largest) | ((found < 0) & (place >= 0))
            np.copyto(largest, value, where=wins)
            np.copyto(found, place, where=wins)
        return found

    def _indices(self, shape: Shape) -> I32:
        """Return the index of every element, (1, *shape)."""
        batch, *image, channels = shape
        order = image[::-1] if self.column_major else image
        indices = np.arange(elements(shape), dtype=np.int32).reshape(batch, channels, *order)
        if self.column_major:
            indices = indices.swapaxes(2, 3)
        return np.moveaxis(indices, 1, -1)[np.newaxis]

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse: int8 operands are dequantized, which keeps their order."""
        raise NoIntegerRuleError("places of maxima are searched on real numbers")

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        volume = volume_parameters(self.window, site.inputs[0], site.output)
        geometry = {name: value for name, value in volume.items() if name not in _PADDING}
        call = KernelCall(
            kernel="max_pool_indices_f32",
            folder="max_pool",
            parameters={**geometry, "column_major": int(self.column_major)},
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))
