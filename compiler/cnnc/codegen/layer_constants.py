"""Constant arrays of one layer, and the C types of their elements."""

from dataclasses import dataclass, field

import numpy as np

from cnnc.codegen.kernel import ConstantArgument
from cnnc.codegen.names import array_symbol
from cnnc.codegen.program import ArrayPointer, ConstantArray, Pointer
from cnnc.errors import InternalError
from cnnc.ir.types import AnyArray

ELEMENT_TYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "uint32": "uint32_t",
    "float32": "float",
}
"""C type of a constant array's elements by NumPy dtype."""


def element_type(array: AnyArray) -> str:
    """Return the C type of an array's elements."""
    return ELEMENT_TYPES[array.dtype.name]


@dataclass
class LayerConstants:
    """The constant arrays of one layer, each different one stored once.

    Versions of a layer for several processors often differ in the order of the weights alone.
    """

    model: str
    layer: int
    arrays: list[ConstantArray] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    sources: list[AnyArray] = field(default_factory=list)

    def add(self, argument: ConstantArgument, element_type: str) -> Pointer:
        """Store an operand's array and return where it is.

        Args:
            argument: What the operator passes.
            element_type: What the kernel reads.

        Raises:
            InternalError: The array is of another type.
        """
        array = argument.array
        if ELEMENT_TYPES.get(array.dtype.name) != element_type:
            raise InternalError(
                f"array '{argument.role}' of layer {self.layer} is {array.dtype}, "
                f"its kernel reads {element_type}"
            )
        for known, source in zip(self.arrays, self.sources, strict=True):
            if source is array or _serves_for(known, argument):
                return ArrayPointer(known.symbol)
        symbol = array_symbol(
            self.model, self.layer, argument.role, self.roles.count(argument.role)
        )
        flat = np.ascontiguousarray(array).reshape(-1)
        self.arrays.append(ConstantArray(symbol, flat, argument.alignment))
        self.roles.append(argument.role)
        self.sources.append(array)
        return ArrayPointer(symbol)


def _serves_for(known: ConstantArray, argument: ConstantArgument) -> bool:
    """Whether a stored array has the bytes and the alignment that an argument asks for."""
    array = argument.array
    return (
        known.array.dtype == array.dtype
        and known.array.size == array.size
        and known.alignment % argument.alignment == 0
        and bool(np.array_equal(known.array, array.reshape(-1)))
    )
