"""Read the files of ``boards/`` and refuse what they should not say."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from cnnc.errors import BoardError
from cnnc.resources import tree


def read_toml(name: str) -> dict[str, Any]:
    """Return the content of one file of ``boards/``.

    Raises:
        BoardError: It is not valid TOML.
    """
    return parse_toml(f"boards/{name}", (tree("boards") / name).read_bytes())


def parse_toml(where: str, data: bytes) -> dict[str, Any]:
    """Return the content of a TOML file.

    Args:
        where: Its path, for messages.
        data: What it holds.

    Raises:
        BoardError: It is not UTF-8, or not valid TOML.
    """
    try:
        return tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BoardError(f"{where} is not valid TOML: {error}", "", where) from error


def tables_of(name: str) -> dict[str, dict[str, Any]]:
    """Return the tables of a file that holds nothing but tables.

    Raises:
        BoardError: It is not valid TOML, or a field stands outside the tables.
    """
    content = read_toml(name)
    check_keys(name, content, dict.fromkeys(content, dict))
    return content


def check_keys(
    where: str,
    table: Mapping[str, Any],
    required: Mapping[str, type],
    optional: Mapping[str, type] | None = None,
) -> None:
    """Check the fields of a table; lists hold text.

    Args:
        where: File and table, for messages.
        table: What was read.
        required: Type of each field that must be there.
        optional: Type of each that may be.

    Raises:
        BoardError: Unknown, missing or ill-typed field.
    """
    allowed = {**required, **(optional or {})}
    for key, value in table.items():
        if key not in allowed:
            raise BoardError(f"{where}: unknown key '{key}'", nearest(key, allowed), where)
        if not _has_type(value, allowed[key]):
            kind = "list of text" if allowed[key] is list else allowed[key].__name__
            raise BoardError(f"{where}: '{key}' must be of type {kind}, not {value!r}", "", where)
    missing = [key for key in required if key not in table]
    if missing:
        raise BoardError(f"{where}: missing {', '.join(missing)}", "", where)


def check_choice(where: str, key: str, value: str, allowed: Iterable[str]) -> None:
    """Check that a field names one of the things that it may name.

    Raises:
        BoardError: It does not; the remedy is the nearest, or all of them.
    """
    names = list(allowed)
    if value not in names:
        raise BoardError(f"{where}: unknown {key} '{value}'", nearest(value, names), where)


def check_numbers(where: str, table: Mapping[str, Any]) -> None:
    """Check that sizes and rates are above zero, and addresses not below.

    Raises:
        BoardError: Names the first number that is not.
    """
    for key, value in table.items():
        least = 0 if key.endswith("_address") else 1
        if isinstance(value, int) and value < least:
            raise BoardError(f"{where}: '{key}' must be at least {least}, not {value}", "", where)


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Return the remedy for a name that is not among those allowed."""
    names = list(allowed)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean '{near[0]}'?" if near else f"allowed: {', '.join(names)}"


def _has_type(value: object, kind: type) -> bool:
    if isinstance(value, list):
        return kind is list and all(isinstance(item, str) for item in value)
    return isinstance(value, kind) and not isinstance(value, bool)
