"""Conv2d in float32."""

from dataclasses import dataclass

from cnnc.ir.op import QuantOp
from cnnc.ir.types import Window
from cnnc.ops._float_convolution import ConvolutionOp
from cnnc.ops._requantize import quantize_weighted
from cnnc.ops.conv2d.quant_op import QuantConv2d
from cnnc.quantize.context import QuantizeContext


@dataclass(frozen=True, eq=False)
class Conv2d(ConvolutionOp):
    """2-D convolution, see ``ConvolutionOp``.

    Attributes:
        weight: [out][kernel_row][kernel_col][in / groups].
        window: Kernel extents as in ``weight``; zero padding.
        groups: Divides input and output channels.
    """

    window: Window

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the integer convolution, weights per output channel."""
        fields = quantize_weighted(
            self.weight, self.bias, self.activation, 0, context, self.weight_scale
        )
        return QuantConv2d(**fields, window=self.window, groups=self.groups)
