"""Movements of elements that are a strided view of the operand, written out one after the other.

Element i of the result is at ``offset + sum over k of index_k(i) * strides[k]`` of the operand,
for every type of element: one kernel moves them all.
"""

import math
from dataclasses import dataclass, replace

from cnnc.codegen.kernel import (
    ALIAS,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import Shape, elements

MOVE_KERNEL = "move_bytes"
MAXIMUM_AXES = 6
"""Axes of the C kernel, after neighbours that can be taken as one are merged."""


@dataclass(frozen=True)
class View:
    """A strided view of a tensor.

    Attributes:
        shape: Extents of the result, outermost first.
        strides: Step in the operand, in elements, for each axis; 0 repeats, negative ones reverse.
        offset: Place of the first element.
    """

    shape: Shape
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether the view is a tensor of as many elements from its first one on, in its order."""
        axes = self.merged()
        return self.offset == 0 and all(stride == 1 for _, stride in axes) and len(axes) <= 1

    def merged(self) -> tuple[tuple[int, int], ...]:
        """Return extent (> 1) and stride of each axis after neighbours in step became one."""
        axes: list[tuple[int, int]] = []
        for extent, stride in zip(self.shape, self.strides, strict=True):
            if extent == 1:
                continue
            if axes and axes[-1][1] == stride * extent:
                extent *= axes.pop()[0]  # noqa: PLW2901 (the merged axis takes its place)
            axes.append((extent, stride))
        return tuple(axes)

    def check(self, what: str) -> None:
        """Refuse more axes than the kernel has; ``what`` names the movement.

        Raises:
            UnsupportedAttributeError: Too many axes are left after merging.
        """
        if len(self.merged()) > MAXIMUM_AXES:
            raise UnsupportedAttributeError(f"{what} that moves more than {MAXIMUM_AXES} axes")

    def split(self, axis: int, outer: int) -> "View":
        """Return the view with an axis in two: ``outer`` blocks of equal length."""
        extent, stride = self.shape[axis], self.strides[axis]
        inner = extent // outer
        return replace(
            self,
            shape=(*self.shape[:axis], outer, inner, *self.shape[axis + 1 :]),
            strides=(*self.strides[:axis], stride * inner, stride, *self.strides[axis + 1 :]),
        )

    def transposed(self, order: tuple[int, ...]) -> "View":
        """Return the view whose axis k is axis ``order[k]`` of this one."""
        shape = tuple(self.shape[axis] for axis in order)
        return replace(self, shape=shape, strides=tuple(self.strides[axis] for axis in order))


def whole(shape: Shape) -> View:
    """Return the view of a tensor as it is."""
    return View(shape, tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape))))


def lower_view(view: View, site: LoweringSite) -> Lowering:
    """Return the call that writes out a view of operand 0, or an alias where nothing moves."""
    if view.is_whole and elements(view.shape) == elements(site.inputs[0]):
        return ALIAS
    axes = view.merged()
    axes = ((1, 0),) * (MAXIMUM_AXES - len(axes)) + axes
    parameters = {"element_bytes": site.output_type.bytes}
    parameters.update({f"extent_{k}": extent for k, (extent, _) in enumerate(axes)})
    parameters.update({f"stride_{k}": stride for k, (_, stride) in enumerate(axes)})
    arguments = (InputArgument(0, view.offset), OutputArgument())
    return Lowering(calls=(KernelCall(MOVE_KERNEL, "move", parameters, arguments),))
