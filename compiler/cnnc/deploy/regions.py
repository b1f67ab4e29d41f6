"""What a linker script can do with the regions of a board or a machine."""

from collections.abc import Mapping
from typing import Any

from cnnc.errors import BoardError

_ADDRESS_SPACE = 2**32
_MULTIPLES = {"ram_address": 16, "ram_bytes": 8, "flash_address": 4, "boot_address": 4}
"""The arena is aligned to 16 bytes, the stack, which begins at the end of the RAM, to 8 (AAPCS)."""
_VECTOR_TABLE = 256
"""What VTOR can hold on Cortex-M0+, the coarsest of the cores (Armv6-M ARM, B3.2.5)."""


def check_regions(where: str, table: Mapping[str, Any], *, has_vector_table: bool) -> None:
    """Check that regions are aligned, within 32 bits of address, and apart.

    Args:
        where: File and table, for messages.
        table: Fields ``*_address`` and ``*_bytes``; nothing is checked without addresses.
        has_vector_table: Whether the core finds its handlers in a table (Arm).

    Raises:
        BoardError: Names the field.
    """
    if "ram_address" not in table:
        return
    multiples = dict(_MULTIPLES)
    if has_vector_table:
        multiples["vector_address"] = _VECTOR_TABLE
        if "vector_address" not in table:
            multiples["flash_address"] = _VECTOR_TABLE
    for field, multiple in multiples.items():
        if table.get(field, 0) % multiple:
            shown = f"{table[field]:#x}" if field.endswith("_address") else f"{table[field]:,}"
            raise BoardError(
                f"{where}: '{field}' must be a multiple of {multiple}, not {shown}", "", where
            )
    spans = {kind: _span(where, table, kind) for kind in ("flash", "ram")}
    if max(span.start for span in spans.values()) < min(span.stop for span in spans.values()):
        raise BoardError(f"{where}: flash and RAM overlap", "", where)


def check_stand_in(
    where: str, table: Mapping[str, Any], machine: str, sizes: Mapping[str, int]
) -> None:
    """Check that a machine has at least the memory of the board that it stands in for.

    Args:
        where: File of the board, for messages.
        table: Its fields.
        machine: Name of the machine.
        sizes: ``ram_bytes`` and ``flash_bytes`` of the machine.

    Raises:
        BoardError: It has less.
    """
    for field, available in sizes.items():
        if table[field] > available:
            raise BoardError(
                f"{where}: '{field}' is {table[field]:,}, more than the {available:,} of "
                f"'{machine}', which cannot stand in for it",
                "leave 'machine' out of [emulation], or describe what programs may use",
                where,
            )


def _span(where: str, table: Mapping[str, Any], kind: str) -> range:
    first = table[f"{kind}_address"]
    end = first + table[f"{kind}_bytes"]
    if end > _ADDRESS_SPACE:
        raise BoardError(f"{where}: the {kind} ends beyond 32 bits of address", "", where)
    return range(first, end)
