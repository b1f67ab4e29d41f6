"""Normalization by mean and variance, in double and in the order of the C."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.op import FloatOp, NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, Shape
from cnnc.ops._sums import sum_in_blocks
from cnnc.ops.normalization.geometry import (
    MAXIMUM_GROUPS,
    group_count,
    kernel_fields,
    normalized_groups,
    reduced_count,
)
from cnnc.quantize.context import QuantizeContext

_BLOCK = 256
"""CNNC_NORMALIZATION_BLOCK of the kernel."""


def check_axes(shape: Shape, axes: tuple[int, ...], scale_shape: Shape) -> None:
    """Check that axes exist and that the kernel has room for their runs.

    Raises:
        ModelError: An axis does not exist, or there is none.
        UnsupportedAttributeError: Kept and reduced axes alternate too often.
    """
    if not axes or any(not 0 <= axis < len(shape) for axis in axes):
        raise ModelError(f"a normalization over axes {list(axes)} of shape {list(shape)}")
    padded = (*scale_shape, *(1 for _ in shape[len(scale_shape) :]))
    if group_count(normalized_groups(shape, axes, padded)) > MAXIMUM_GROUPS:
        raise UnsupportedAttributeError(
            f"kept and reduced axes of {list(shape)} alternate more than {MAXIMUM_GROUPS} times"
        )


def mean_in_order(x: F32, storage_axes: tuple[int, ...]) -> F32:
    """Return the mean as the kernels compute it; the axes stay with size 1.

    Args:
        x: (S, *shape).
        storage_axes: Of the shape, ascending, from 0.
    """
    axes = tuple(axis + 1 for axis in storage_axes)
    kept = tuple(axis for axis in range(x.ndim) if axis not in axes)
    count = reduced_count(x.shape[1:], storage_axes)
    rows = x.transpose(*axes, *kept).reshape(count, *(x.shape[axis] for axis in kept))
    mean = sum_in_blocks(rows, _BLOCK) / np.float32(count)
    return mean.reshape([1 if axis in axes else n for axis, n in enumerate(x.shape)])


@dataclass(frozen=True, eq=False)
class Normalization(FloatOp):
    """y = (x - mean) / (sqrt(variance + variance_epsilon) + deviation_epsilon) scale + offset.

    Attributes:
        axes: Axes in memory that mean and variance are taken over, ascending, from 0.
        scale: As many axes as the operand, each as long as the operand's or 1.
        offset: The shape of ``scale``.
        variance_epsilon: A float32 value, >= 0; likewise the next.
        deviation_epsilon: Added to the root.
        is_centered: Whether the mean is subtracted; else it counts as 0.
    """

    axes: tuple[int, ...]
    scale: F32
    offset: F32
    variance_epsilon: float
    deviation_epsilon: float = 0.0
    is_centered: bool = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape after checking axes and scale."""
        shape = inputs[0]
        check_axes(shape, self.axes, self.scale.shape)
        pairs = zip(self.scale.shape, shape, strict=False)
        fits = self.scale.ndim == len(shape) and all(one in (1, extent) for one, extent in pairs)
        if not fits or self.offset.shape != self.scale.shape:
            raise ModelError(
                f"a scale of shape {list(self.scale.shape)} and an offset of shape "
                f"{list(self.offset.shape)} do not fit a tensor of shape {list(shape)}"
            )
        return shape

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float64."""
        x = inputs[0].astype(np.float64)
        axes = tuple(axis + 1 for axis in self.axes)
        if self.is_centered:
            x = x - x.mean(axis=axes, keepdims=True)
        variance = np.square(x).mean(axis=axes, keepdims=True)
        deviation = np.sqrt(variance + self.variance_epsilon) + self.deviation_epsilon
        result: F32 = (x / deviation * self.scale + self.offset).astype(np.float32)
        return result

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Add in blocks, then the blocks; everything in float32."""
        x = inputs[0]
        if self.is_centered:
            x = x - mean_in_order(x, self.axes)
        variance = mean_in_order(x * x, self.axes) + np.float32(self.variance_epsilon)
        deviation = np.sqrt(variance) + np.float32(self.deviation_epsilon)
        result = x * (np.float32(1) / deviation) * self.scale + self.offset
        return np.asarray(result, np.float32)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse: there is no rule on integers."""
        raise NoIntegerRuleError("mean and variance of the data are computed on real numbers")

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel; an element is read for the last time before its result is written."""
        groups = normalized_groups(site.inputs[0], self.axes, self.scale.shape)
        call = KernelCall(
            kernel="normalization_f32",
            folder="normalization",
            parameters={**kernel_fields(groups), "is_centered": int(self.is_centered)},
            reals={
                "variance_epsilon": self.variance_epsilon,
                "deviation_epsilon": self.deviation_epsilon,
            },
            arguments=(
                InputArgument(0),
                ConstantArgument("scale", self.scale),
                ConstantArgument("offset", self.offset),
                OutputArgument(),
            ),
        )
        return Lowering(calls=(call,), in_place=(0,))
