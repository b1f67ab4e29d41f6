"""Convolutions that are rows times weights: nothing about them is two-dimensional."""

from dataclasses import dataclass, fields

from cnnc.codegen.kernel import LoweringSite, geometry
from cnnc.ir.types import Shape, Window
from cnnc.ops._requantize import QuantWeightedOp
from cnnc.ops.conv2d.quant_op import QuantConv2d
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected


@dataclass(frozen=True, eq=False)
class Rows:
    """A fully connected layer that reads and writes the bytes of a convolution.

    Attributes:
        op: The layer.
        site: Where it is; its operand is [rows][inputs].
    """

    op: QuantFullyConnected
    site: LoweringSite

    @property
    def count(self) -> int:
        """How many rows there are."""
        return self.site.inputs[0][0]


def as_rows(op: QuantConv2d, site: LoweringSite) -> Rows | None:
    """Return a convolution as rows times weights, or None where inputs are not rows in memory.

    They are for 1x1 with stride 1, and where the window covers the whole image; without padding
    and groups.

    Args:
        op: The convolution.
        site: Where it is.
    """
    if op.groups > 1 or op.window.has_padding:
        return None
    if not (_is_pointwise(op.window) or _is_whole_image(op.window, site.inputs[0])):
        return None
    outputs, *extents = op.weight.shape
    inputs = extents[0] * extents[1] * extents[2]
    batch, rows, cols, _ = geometry(site.output)
    shared = {field.name: getattr(op, field.name) for field in fields(QuantWeightedOp)}
    shared["weight"] = op.weight.reshape(outputs, inputs)
    count = batch * rows * cols
    return Rows(
        QuantFullyConnected(**shared),
        LoweringSite(
            inputs=((count, inputs),),
            output=(count, outputs),
            instruction_sets=site.instruction_sets,
            rounding=site.rounding,
        ),
    )


def _is_pointwise(window: Window) -> bool:
    steps = (window.kernel_rows, window.kernel_cols, window.stride_rows, window.stride_cols)
    return steps == (1, 1, 1, 1)


def _is_whole_image(window: Window, image: Shape) -> bool:
    apart = (window.dilation_rows > 1 and window.kernel_rows > 1) or (
        window.dilation_cols > 1 and window.kernel_cols > 1
    )
    return not apart and (window.kernel_rows, window.kernel_cols) == image[1:3]
