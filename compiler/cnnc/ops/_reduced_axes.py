"""What readers of ONNX reductions share: which axes go, and how the result is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnc.ops._axes import normalized_axes

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


@dataclass(frozen=True)
class ReducedAxes:
    """A reduction of an operand in the order in which it is stored.

    Attributes:
        axes: Reduced axes in memory, ascending.
        keep_dims: Whether they stay with size 1.
        result: Axis k of the result in memory is its ONNX axis ``result[k]``.
    """

    axes: tuple[int, ...]
    keep_dims: bool
    result: tuple[int, ...]


def stored_axes(reader: "NodeReader", onnx_axes: Sequence[int], *, keep_dims: bool) -> ReducedAxes:
    """Return where the reduced ONNX axes of operand 0 are in memory.

    Args:
        reader: The node.
        onnx_axes: From 0, each once.
        keep_dims: Whether the axes stay with size 1.
    """
    stored = reader.stored(0).axes
    kept = [axis for axis in range(len(stored)) if axis not in onnx_axes]
    remaining = tuple(kept.index(axis) for axis in stored if axis in kept)
    axes = tuple(k for k, axis in enumerate(stored) if axis in onnx_axes)
    return ReducedAxes(axes, keep_dims, stored if keep_dims else remaining)


def requested_axes(reader: "NodeReader", input_since: int) -> tuple[int, ...]:
    """Return the ONNX axes that a Reduce node names; all of them where it names none.

    Args:
        reader: The node.
        input_since: First opset whose axes are an operand, not an attribute.

    Raises:
        UnsupportedAttributeError: Axes are computed, do not exist, or are named twice.
    """
    rank = len(reader.onnx_shape(0))
    keeps_all = bool(reader.int_attribute("noop_with_empty_axes", 0))
    named: Sequence[int] = ()
    if reader.opset < input_since:
        named = reader.ints_attribute("axes") or ()
    elif reader.has_input(1):
        named = [int(axis) for axis in reader.constant(1, "axes").reshape(-1)]
    axes = normalized_axes(named, rank)
    return axes if axes or keeps_all else tuple(range(rank))
