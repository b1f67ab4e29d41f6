"""Shapes of a matrix product, and what the kernels see of them."""

from dataclasses import dataclass

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import Shape, Tensor
from cnnc.ops._broadcast import merge_axes

MAXIMUM_BATCH_AXES = 3
"""Leading axes of the kernels, after neighbours that repeat alike are merged."""
MAXIMUM_DEPTH = (2**31 - 1) // 255**2
"""Products of two differences of int8 whose sum stays within int32."""


@dataclass(frozen=True)
class Product:
    """Which of the last two axes of each operand is summed over.

    Attributes:
        transpose_first: Whether the first operand is [...][k][m] in memory, not [...][m][k].
        transpose_second: Whether the second operand is [...][n][k], not [...][k][n].
    """

    transpose_first: bool
    transpose_second: bool

    def sizes(self, first: Shape, second: Shape) -> tuple[int, int, int]:
        """Return m, k, n.

        Raises:
            UnsupportedAttributeError: The shapes cannot be multiplied.
        """
        listed = f"{list(first)} and {list(second)}"
        if min(len(first), len(second)) < 2:
            raise UnsupportedAttributeError(f"operands of shapes {listed} are no matrices")
        rows, depth = reversed(first[-2:]) if self.transpose_first else first[-2:]
        inner, cols = reversed(second[-2:]) if self.transpose_second else second[-2:]
        if depth != inner:
            raise UnsupportedAttributeError(f"{listed} cannot be multiplied")
        return rows, depth, cols

    def output_shape(self, first: Shape, second: Shape) -> Shape:
        """Return [...][m][n] after checking the operands.

        Raises:
            UnsupportedAttributeError: The shapes cannot be multiplied, or their leading axes
                alternate too often.
        """
        rows, _, cols = self.sizes(first, second)
        listed = f"{list(first[:-2])} and {list(second[:-2])}"
        try:
            batch = np.broadcast_shapes(first[:-2], second[:-2])
        except ValueError:
            raise UnsupportedAttributeError(
                f"leading axes {listed} do not broadcast together"
            ) from None
        if len(merge_axes(first[:-2], second[:-2]).extents) > MAXIMUM_BATCH_AXES:
            raise UnsupportedAttributeError(
                f"leading axes {listed} alternate between repeating and not more than "
                f"{MAXIMUM_BATCH_AXES} times"
            )
        return (*batch, rows, cols)

    def parameters(self, first: Shape, second: Shape) -> dict[str, int]:
        """Return the fields of the kernels that are about shapes."""
        rows, depth, cols = self.sizes(first, second)
        axes = merge_axes(first[:-2], second[:-2])
        first_strides = [stride * rows * depth for stride in axes.strides(axes.first)]
        second_strides = [stride * depth * cols for stride in axes.strides(axes.second)]
        missing = MAXIMUM_BATCH_AXES - len(axes.extents)
        fields = {
            "batch": (*(1,) * missing, *axes.extents),
            "first_stride": (*(0,) * missing, *first_strides),
            "second_stride": (*(0,) * missing, *second_strides),
        }
        parameters = {
            f"{name}_{axis}": value
            for name, values in fields.items()
            for axis, value in enumerate(values)
        }
        return {
            **parameters,
            "rows": rows,
            "depth": depth,
            "cols": cols,
            "first_row_step": 1 if self.transpose_first else depth,
            "first_depth_step": rows if self.transpose_first else 1,
            "second_depth_step": 1 if self.transpose_second else cols,
            "second_col_step": depth if self.transpose_second else 1,
        }

    def matrices(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Return the operands (S, ...) as [S][...][m][k] and [S][...][k][n] of one rank."""
        rank = max(first.ndim, second.ndim)
        first, second = (
            operand.reshape(len(operand), *(1,) * (rank - operand.ndim), *operand.shape[1:])
            for operand in (first, second)
        )
        return (
            first.swapaxes(-1, -2) if self.transpose_first else first,
            second.swapaxes(-1, -2) if self.transpose_second else second,
        )
