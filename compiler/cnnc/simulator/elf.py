"""Read the symbols of an ELF file: where functions are, and how large.

Layout: System V ABI, chapters 4 and 5 (file header, section headers, symbol table); little-endian
files of 32 and 64 bits.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cnnc.errors import InternalError

_MAGIC = b"\x7fELF"
_LITTLE_ENDIAN = 1
_SYMBOL_TABLE = 2
_FUNCTION = 2
_ARM = 40


@dataclass(frozen=True)
class _Format:
    """Where things are in a file of one word size.

    Attributes:
        header: e_type .. e_shstrndx.
        section: sh_name .. sh_entsize.
        symbol: One symbol.
    """

    header: str
    section: str
    symbol: str


_FORMATS = {
    1: _Format("<HHIIIIIHHHHHH", "<10I", "<IIIBBH"),
    2: _Format("<HHIQQQIHHHHHH", "<IIQQQQIIQQ", "<IBBHQQ"),
}
"""By e_ident[EI_CLASS]."""


@dataclass(frozen=True)
class _Section:
    """The fields of a section header that are used here."""

    kind: int
    offset: int
    size: int
    link: int


def function_addresses(path: Path) -> dict[str, int]:
    """Return the address of every function by name, of local ones too.

    The lowest bit, which says Thumb on Arm, is cleared there. Of local functions with the same
    name the last one counts.

    Args:
        path: An executable that was not stripped.

    Raises:
        InternalError: It is no little-endian ELF file.
    """
    data = path.read_bytes()
    if data[:4] != _MAGIC or data[4] not in _FORMATS or data[5] != _LITTLE_ENDIAN:
        raise InternalError(f"'{path.name}' is not a little-endian ELF file")
    layout = _FORMATS[data[4]]
    header = struct.unpack_from(layout.header, data, 16)
    machine, sections_offset, section_size, section_count = (header[i] for i in (1, 5, 10, 11))
    sections = [
        _section(layout, data, sections_offset + i * section_size) for i in range(section_count)
    ]
    address_mask = ~1 if machine == _ARM else ~0
    return {
        name: address & address_mask
        for table in sections
        if table.kind == _SYMBOL_TABLE
        for name, address in _functions(layout, data, table, sections[table.link])
    }


def _section(layout: _Format, data: bytes, offset: int) -> _Section:
    fields = struct.unpack_from(layout.section, data, offset)
    return _Section(kind=fields[1], offset=fields[4], size=fields[5], link=fields[6])


def _functions(
    layout: _Format, data: bytes, table: _Section, names: _Section
) -> Iterator[tuple[str, int]]:
    symbols = data[table.offset : table.offset + table.size]
    for fields in struct.iter_unpack(layout.symbol, symbols):
        if layout is _FORMATS[1]:
            name, address, _, info, _, _ = fields
        else:
            name, info, _, _, address, _ = fields
        if info & 0xF != _FUNCTION:
            continue
        begin = names.offset + name
        yield data[begin : data.index(b"\0", begin)].decode("ascii", "replace"), address
