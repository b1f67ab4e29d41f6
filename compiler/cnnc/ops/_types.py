"""Checks of the element types of operands."""

from collections.abc import Sequence

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import ElementType


def common_type(operator: str, inputs: Sequence[ElementType]) -> ElementType:
    """Return the one element type of all operands.

    Raises:
        UnsupportedAttributeError: They differ.
    """
    if len(set(inputs)) != 1:
        listed = ", ".join(kind.value for kind in inputs)
        raise UnsupportedAttributeError(
            f"the operands of {operator} have the types {listed}; they must be the same"
        )
    return inputs[0]
