"""Names that nothing else has."""

from collections.abc import Container


def unique_name(name: str, taken: Container[str], separator: str = ":") -> str:
    """Return the name, or the first of name:2, name:3, ... that is free."""
    number = 2
    candidate = name
    while candidate in taken:
        candidate = f"{name}{separator}{number}"
        number += 1
    return candidate
