"""Constant arrays as text and as a binary blob."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.layer_constants import element_type
from cnnc.codegen.program import ConstantArray
from cnnc.ir.types import AnyArray
from cnnc.memory.place import ALIGNMENT

_ROW_CHARACTERS = 92
_INT32_MIN = -(2**31)


@dataclass(frozen=True)
class ArrayText:
    """A constant array as C text.

    Attributes:
        symbol: C identifier.
        element_type: e.g. ``int8_t``.
        length: Elements.
        alignment: Bytes.
        rows: Lines of the initializer, each ending in a comma.
    """

    symbol: str
    element_type: str
    length: int
    alignment: int
    rows: tuple[str, ...]


@dataclass(frozen=True)
class BlobEntry:
    """Where an array is in the blob; ``macro`` is the name that the program reads it by."""

    macro: str
    element_type: str
    offset: int


@dataclass(frozen=True)
class Blob:
    """All arrays in one piece of memory, little-endian, each on its alignment.

    Attributes:
        data: The bytes.
        alignment: Of the whole, bytes.
        entries: In the order of the arrays.
    """

    data: bytes
    alignment: int
    entries: tuple[BlobEntry, ...]

    @property
    def crc32(self) -> int:
        """CRC-32 of the bytes as zlib computes it."""
        return zlib.crc32(self.data)


def array_text(constant: ConstantArray) -> ArrayText:
    """Return an array as rows of right-aligned decimal numbers."""
    return ArrayText(
        constant.symbol,
        element_type(constant.array),
        constant.array.size,
        constant.alignment,
        number_rows(constant.array),
    )


def number_rows(array: AnyArray) -> tuple[str, ...]:
    """Return the elements in rows of equal width, each row ending in a comma."""
    number = float_literal if array.dtype.kind == "f" else _number
    texts = [number(value) for value in array.reshape(-1).tolist()]
    width = max((len(text) for text in texts), default=1)
    per_row = max(1, _ROW_CHARACTERS // (width + 2))
    # Powers of two are easier to count in.
    per_row = 1 << (per_row.bit_length() - 1)
    return tuple(
        ", ".join(text.rjust(width) for text in texts[start : start + per_row]) + ","
        for start in range(0, len(texts), per_row)
    )


def build_blob(arrays: Sequence[ConstantArray]) -> Blob:
    """Return the arrays one behind the other; the total is a positive multiple of the alignment."""
    entries: list[BlobEntry] = []
    # Joined once: the arrays may be hundreds of megabytes.
    parts: list[bytes | memoryview] = []
    size = 0
    alignment = max([ALIGNMENT, *(constant.alignment for constant in arrays)])
    for constant in arrays:
        gap = -size % constant.alignment
        macro = constant.symbol.upper()
        entries.append(BlobEntry(macro, element_type(constant.array), size + gap))
        parts += [bytes(gap), little_endian(constant.array)]
        size += gap + constant.array.nbytes
    # C has no arrays of no elements.
    parts.append(bytes(-size % alignment or (0 if size else alignment)))
    return Blob(b"".join(parts), alignment, tuple(entries))


def little_endian(array: AnyArray) -> memoryview:
    """Return an array's bytes, little-endian, in C order; without a copy where they are so."""
    stored = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return stored.reshape(-1).view(np.uint8).data


def _number(value: int) -> str:
    # The literal 2147483648 is not an int, so its negation would not be one either.
    return f"({_INT32_MIN + 1} - 1)" if value == _INT32_MIN else str(value)


def float_literal(value: float) -> str:
    """Return a C float constant that reads back as exactly this float32 value.

    Nine significant digits are enough for every float32; hexadecimal constants are not C++11.
    """
    if math.isinf(value):
        return "CNNC_INFINITY" if value > 0 else "-CNNC_INFINITY"
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"
