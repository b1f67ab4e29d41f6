"""Average pooling, float, and how it is quantized."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, AnyWindow, Shape, Window3
from cnnc.ops._convolution import tap_count
from cnnc.ops._pool_window import pooled_shape, sum_windows, volume_parameters
from cnnc.ops.average_pool.counting import Counting
from cnnc.ops.average_pool.quant_op import QuantAveragePool, QuantAveragePool3
from cnnc.quantize.context import QuantizeContext

_MAXIMUM_TAPS = 2**23
"""|sum| + n/2 <= 128 n + n/2 stays within int32."""


@dataclass(frozen=True, eq=False)
class AveragePool(FloatOp):
    """Average over a window that slides over the middle axes of a [batch][...][channel] tensor.

    Attributes:
        window: Each of its positions holds at least one element of the image.
        count_include_pad: Whether padding counts as 0.
        uncounted: How much of the end padding along each axis counts in no case (ceil_mode);
            empty for none.
    """

    window: AnyWindow
    count_include_pad: bool = False
    uncounted: tuple[int, ...] = ()

    output_format = OutputFormat.SAME_AS_INPUT

    @property
    def counting(self) -> Counting:
        """Which taps count."""
        return Counting(self.window, self.count_include_pad, self.uncounted)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the pooled shape after checking that every window meets the image."""
        if tap_count(self.window) > _MAXIMUM_TAPS:
            raise UnsupportedAttributeError(f"an average over more than {_MAXIMUM_TAPS} elements")
        return pooled_shape(self.window, inputs[0])

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Divide float64 sums by the counts."""
        counts = self.counting.taps(inputs[0].shape[1:])[..., np.newaxis]
        sums = sum_windows(inputs[0].astype(np.float64), self.window, 0.0)
        average: F32 = (sums / counts).astype(np.float32)
        return average

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Divide sums in float32, added in the order of the taps."""
        counts = self.counting.taps(inputs[0].shape[1:])[..., np.newaxis]
        # From 0 on, as in C: the sum of zeros never is -0, so padding may be added.
        sums = np.float32(0) + sum_windows(inputs[0], self.window, 0.0)
        average: F32 = sums / counts.astype(np.float32)
        return average

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for real numbers."""
        shape = site.inputs[0]
        counted = self.counting.kernel_extents(shape)
        call = KernelCall(
            kernel="average_pool_f32",
            folder="average_pool",
            parameters=volume_parameters(self.window, shape, site.output, counted),
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op that averages the int8 values themselves."""
        zero_point = context.inputs[0].zero_point
        if isinstance(self.window, Window3):
            return QuantAveragePool3(
                self.window, self.count_include_pad, self.uncounted, zero_point
            )
        return QuantAveragePool(self.window, self.count_include_pad, self.uncounted, zero_point)
