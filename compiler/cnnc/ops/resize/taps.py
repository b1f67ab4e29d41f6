"""Interpolation of float32 as weighted sums of a few elements along each axis."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.kernel import (
    Argument,
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    OutputArgument,
)
from cnnc.ir.types import F32, I32
from cnnc.ops.resize.geometry import Span, kept_indices, resized_shape


@dataclass(frozen=True, eq=False)
class Taps:
    """What the elements along one axis are made of.

    Attributes:
        indices: int32 [size][taps].
        weights: float32 [size][taps].
    """

    indices: I32
    weights: F32


def all_taps(span: Span, taps: Sequence[Taps]) -> list[Taps]:
    """Return the taps of each of the kernel's three axes; a kept axis has one of weight 1."""
    kept = [
        Taps(indices[:, np.newaxis], np.ones((len(indices), 1), np.float32))
        for indices in kept_indices(span)
    ]
    return [one if axis is None else taps[axis] for axis, one in zip(span.axes, kept, strict=True)]


def interpolate(
    operand: F32,
    span: Span,
    taps: Sequence[Taps],
    axes: Sequence[int],
    sizes: Sequence[int],
) -> F32:
    """Sum along the innermost axis first, taps from first to last, from 0, as the kernel does.

    Args:
        operand: (S, *shape).
        span: How the kernel sees it.
        taps: Of each resized axis.
        axes: The resized axes.
        sizes: Their sizes in the result.
    """
    result: F32 = operand.reshape(-1, *span.extents, span.inner)
    for axis, entry in reversed(list(enumerate(all_taps(span, taps), start=1))):
        total = np.zeros((), np.float32)
        for tap in range(entry.weights.shape[1]):
            weight = entry.weights[:, tap].reshape(-1, *(1,) * (result.ndim - axis - 1))
            product: F32 = weight * np.take(result, entry.indices[:, tap], axis)
            total = np.asarray(total + product, np.float32)
        result = total
    return result.reshape(len(operand), *resized_shape(operand.shape[1:], axes, sizes))


def lower_taps(span: Span, taps: Sequence[Taps]) -> Lowering:
    """Return the call of the kernel."""
    entries = all_taps(span, taps)
    parameters = span.parameters()
    parameters.update({f"taps_{k}": entry.weights.shape[1] for k, entry in enumerate(entries)})
    constants: list[ConstantArgument] = []
    for k, entry in enumerate(entries):
        indices = entry.indices.astype(np.int16)
        constants.append(ConstantArgument(f"indices_{k}", indices, alignment=2))
        constants.append(ConstantArgument(f"weights_{k}", entry.weights.astype(np.float32)))
    arguments: tuple[Argument, ...] = (InputArgument(0), *constants, OutputArgument())
    return Lowering(calls=(KernelCall("resize_taps_f32", "resize", parameters, arguments),))
