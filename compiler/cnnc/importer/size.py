"""How large a value may be."""

from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.types import Shape, elements

MAXIMUM_ELEMENTS = (2**31 - 1) // 4
"""Kernels count bytes in int32_t, and any value may be float32."""
_REMEDY = "choose a smaller input; cnnc inspect shows the shape of every node's result"


def check_size(shape: Shape) -> None:
    """Refuse a value whose bytes C could not count.

    Raises:
        UnsupportedAttributeError: It has more than ``MAXIMUM_ELEMENTS`` elements.
    """
    if elements(shape) > MAXIMUM_ELEMENTS:
        raise UnsupportedAttributeError(_problem("a result", shape), _REMEDY)


def check_input_size(name: str, shape: Shape) -> None:
    """Refuse an input whose bytes C could not count.

    Raises:
        ModelError: It has more than ``MAXIMUM_ELEMENTS`` elements.
    """
    if elements(shape) > MAXIMUM_ELEMENTS:
        raise ModelError(_problem(f"input '{name}'", shape), _REMEDY, name)


def _problem(value: str, shape: Shape) -> str:
    return (
        f"{value} of shape {list(shape)} has {elements(shape):,} elements; at most "
        f"{MAXIMUM_ELEMENTS:,} can be indexed in C"
    )
