"""Faults of a board's file beyond the types of its fields."""

import re
from collections.abc import Mapping
from typing import Any

from cnnc.deploy.cores import CORES_FILE
from cnnc.deploy.description import check_choice
from cnnc.errors import BoardError
from cnnc.resources import tree

ADDRESSES = ("flash_address", "ram_address")
"""Given together, or not at all."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def check_name(file: str, table: Mapping[str, Any], name: str) -> None:
    """Check the name, and that the description can stand in comments of emitted files.

    Raises:
        BoardError: The name is not ``name`` or has letters that file names should not have, or the
            description is not one plain line.
    """
    if table["name"] != name:
        raise BoardError(f"{file}: name is '{table['name']}', unlike the file's", where=file)
    if not _NAME.fullmatch(name):
        raise BoardError(
            f"{file}: a board cannot be called '{name}'",
            "use letters, digits, '-', '_' and '.', in the file's name too",
            file,
        )
    if not table["description"].isprintable() or "*/" in table["description"]:
        raise BoardError(f"{file}: 'description' must be one line without '*/'", where=file)


def check_bare_metal(file: str, table: Mapping[str, Any]) -> None:
    """Check that a board without a system has all that its programs need.

    Raises:
        BoardError: Names the missing fields.
    """
    # Boards of which another's tools know the memory map leave both addresses out.
    given = [field for field in ("vector_address", *ADDRESSES) if field in table]
    addresses = ADDRESSES if given else ()
    missing = [field for field in ("flash_bytes", "clock_hz", *addresses) if field not in table]
    if missing:
        raise BoardError(f"{file}: missing {', '.join(missing)}", "", file)


def check_boot(file: str, table: Mapping[str, Any]) -> None:
    """Check that what the boot ROM needs is there.

    Raises:
        BoardError: runtime/firmware has no such file.
    """
    boot = table.get("boot")
    if boot is None:
        return
    files = [entry.name for entry in (tree("runtime") / "firmware").iterdir()]
    check_choice(file, "boot", boot, [name for name in files if name.startswith("cnnc_boot_")])


def check_linux(file: str, table: Mapping[str, Any]) -> None:
    """Check that a board under Linux has no fields that mean nothing there.

    Raises:
        BoardError: Names the first.
    """
    for field in ("flash_bytes", "vector_address", *ADDRESSES):
        if field in table:
            raise BoardError(f"{file}: '{field}' means nothing under Linux", "leave it out", file)
    if "machine" in table["emulation"]:
        raise BoardError(
            f"{file} [emulation]: 'machine' is for bare-metal boards",
            f"leave it out; the core's emulator in {CORES_FILE} runs the programs",
            file,
        )
