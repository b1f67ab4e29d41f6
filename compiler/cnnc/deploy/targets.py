"""What ``--target`` names: boards, read from ``boards/*.toml``, and cores on their own.

The files refuse unknown keys and have no silent defaults (boards/README.md says what each field
means, with its unit).
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from cnnc.deploy.board_checks import (
    ADDRESSES,
    check_bare_metal,
    check_boot,
    check_linux,
    check_name,
)
from cnnc.deploy.cores import CORES_FILE, Core, cores
from cnnc.deploy.description import check_choice, check_keys, check_numbers, parse_toml
from cnnc.deploy.machines import MACHINES_FILE, Machine, MemoryMap, machine_for
from cnnc.deploy.regions import check_regions, check_stand_in
from cnnc.deploy.tools import TOOLS_FILE
from cnnc.errors import BoardError
from cnnc.resources import tree

DEFAULT_TARGET = "host"

BOARD_SUFFIX = ".toml"
BOARD_COPY = "board.toml"
"""A user's own board in DIR/model, so that nothing outside the folder is needed later."""

_NEAR = 0.65
"""Least similarity of a name that is suggested."""
_SHARED_FILES = {CORES_FILE, MACHINES_FILE, TOOLS_FILE}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A board, or a core on its own.

    Attributes:
        name: As given on the command line.
        description: One line.
        core: The core that runs the code.
        ram_bytes: RAM of the board; None for a core on its own.
        flash_bytes: Program memory of the board, or the budget of a core on its own; None where
            programs are files.
        clock_hz: Highest clock of the core on this board; None for a core on its own and where
            boards of one name differ.
        memory: Regions of the board for a linker script; None for a core on its own, and where
            another's tools link.
        machine: The emulated machine that stands in; None on Linux, and where there is none.
        limits: What the emulation does not show.
        notes: What has to be known to run on the board itself; empty if nothing.
        boot: File of runtime/firmware that the board's boot ROM needs in front of or behind the
            vector table; empty if none.
        boot_address: Where its code lies; None behind the vector table.
        programming: Commands that put a program on the board, with ``FIRMWARE`` for the path of
            its ELF file without suffix; empty where there is no such command.
    """

    name: str
    description: str
    core: Core
    ram_bytes: int | None = None
    flash_bytes: int | None = None
    clock_hz: int | None = None
    memory: MemoryMap | None = None
    machine: Machine | None = None
    limits: str = ""
    notes: str = ""
    boot: str = ""
    boot_address: int | None = None
    programming: tuple[str, ...] = ()

    @property
    def is_host(self) -> bool:
        """Whether the target is the machine that cnnc runs on."""
        return self.core.isa == "host"

    @property
    def needs_vendor_tools(self) -> bool:
        """Whether nothing but another's tools makes a program that the target itself runs."""
        if not self.core.is_bare_metal:
            return False
        is_board = self.name != self.core.name
        return not self.core.startup or (is_board and self.memory is None)

    @property
    def emulator(self) -> tuple[str, ...]:
        """Command that stands in for the target here; empty if there is none or none is needed."""
        return self.machine.emulator if self.machine else self.core.emulator

    @property
    def emulated_by(self) -> str:
        """The stand-in in words; empty if there is none."""
        return self.machine.name if self.machine else " ".join(self.core.emulator)


@cache
def boards() -> dict[str, Target]:
    """Return every shipped board by name.

    Raises:
        BoardError: A file has an unknown, missing or ill-typed field.
    """
    return {name: _shipped_board(name) for name in _board_names()}


def target_names() -> list[str]:
    """Return the names of all shipped boards and cores, sorted; no board's file is read."""
    return sorted({*_board_names(), *cores()})


def find_target(name: str) -> Target:
    """Return the board or core of this name, or the board that a file describes.

    Only the named board's file is read, so a fault in another one does no harm.

    Args:
        name: Of a board or core, in any case; or the path of a board's file, ending in ``.toml``.

    Raises:
        BoardError: There is none, or its file has a fault; the message suggests the nearest valid
            names.
    """
    if name.endswith(BOARD_SUFFIX):
        return parse_board_file(name, board_file_content(name), PurePath(name).stem)
    meant = name.lower()
    if meant in _board_names():
        return _shipped_board(meant)
    if meant in cores():
        return core_alone(cores()[meant])
    raise BoardError(f"unknown target '{name}'", _suggestion(meant), "--target")


def board_file_content(path: str) -> bytes:
    """Return the content of a board's file of the user's.

    Raises:
        BoardError: It cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise BoardError(
            f"board file '{path}' cannot be read: {reason}",
            "give the path of a board's TOML file, or a name that 'cnnc boards' lists",
            path,
        ) from error


def parse_board_file(where: str, data: bytes, name: str) -> Target:
    """Build a board from a file's bytes.

    Args:
        where: Its path, for messages.
        data: What it holds.
        name: What the board has to be called.

    Raises:
        BoardError: As ``parse_board``, with a remedy in any case.
    """
    try:
        return parse_board(where, parse_toml(where, data), name)
    except BoardError as error:
        guide = tree("boards") / "README.md"
        remedy = error.remedy or f"correct {where}; {guide} says what each field means"
        raise BoardError(error.problem, remedy, error.where) from error


def _board_names() -> list[str]:
    files = (entry.name for entry in tree("boards").iterdir())
    names = (name for name in files if name.endswith(BOARD_SUFFIX) and name not in _SHARED_FILES)
    return sorted(name.removesuffix(BOARD_SUFFIX) for name in names)


def _shipped_board(name: str) -> Target:
    file = tree("boards") / f"{name}{BOARD_SUFFIX}"
    return parse_board_file(f"boards/{file.name}", file.read_bytes(), name)


def _suggestion(name: str) -> str:
    """Return what may have been meant: all names that begin so, otherwise the nearest one."""
    valid = target_names()
    begun = [entry for entry in valid if entry.startswith(name)] if name else []
    near = begun or difflib.get_close_matches(name, valid, n=1, cutoff=_NEAR)
    hint = f"did you mean {' or '.join(repr(entry) for entry in near)}? " if near else ""
    return (
        f"{hint}'cnnc boards' lists all; for a board that is not among them name its core, or "
        f"describe it in a file of yours: --target PATH{BOARD_SUFFIX}"
    )


def core_alone(core: Core) -> Target:
    """Return the target of a core without a board.

    Raises:
        BoardError: Its machine is unknown or cannot run its code.
    """
    machine = machine_for(core, core.machine, f"{CORES_FILE} [{core.name}]")
    return Target(
        name=core.name,
        description=core.description,
        core=core,
        flash_bytes=core.flash_budget_bytes,
        machine=machine,
        limits=machine.limits if machine else "",
    )


def parse_board(file: str, table: Mapping[str, Any], name: str) -> Target:
    """Build a board from its file's content.

    Args:
        file: Path of the file, for messages.
        table: Parsed TOML.
        name: What the board has to be called: the file's name without ``.toml``.

    Raises:
        BoardError: Unknown, missing or ill-typed field, unknown core or machine, name unlike the
            file's, regions that no linker script can use, a machine with less memory.
    """
    required = {"name": str, "description": str, "core": str, "ram_bytes": int, "emulation": dict}
    numbers = dict.fromkeys(
        ("flash_bytes", "clock_hz", "vector_address", "boot_address", *ADDRESSES), int
    )
    texts = {"notes": str, "boot": str, "programming": list}
    check_keys(file, table, required, optional={**numbers, **texts})
    check_numbers(file, table)
    emulation = table["emulation"]
    check_keys(f"{file} [emulation]", emulation, {"limits": str}, optional={"machine": str})
    check_name(file, table, name)
    check_choice(file, "core", table["core"], cores())
    core = cores()[table["core"]]
    check_system = check_bare_metal if core.is_bare_metal else check_linux
    check_system(file, table)
    check_boot(file, table)
    check_regions(file, table, has_vector_table=core.has_vector_table)
    machine = machine_for(core, emulation.get("machine", ""), f"{file} [emulation]")
    if machine is not None:
        sizes = {key: getattr(machine.memory, key) for key in ("ram_bytes", "flash_bytes")}
        check_stand_in(file, table, machine.name, sizes)
    return Target(
        name=table["name"],
        description=table["description"],
        core=core,
        ram_bytes=table["ram_bytes"],
        flash_bytes=table.get("flash_bytes"),
        clock_hz=table.get("clock_hz"),
        memory=_memory(table),
        machine=machine,
        limits="; ".join(filter(None, (emulation["limits"], machine.limits if machine else ""))),
        notes=table.get("notes", ""),
        boot=table.get("boot", ""),
        boot_address=table.get("boot_address"),
        programming=tuple(table.get("programming", ())),
    )


def _memory(table: Mapping[str, Any]) -> MemoryMap | None:
    if "flash_address" not in table:
        return None
    return MemoryMap(
        vector_address=table.get("vector_address", table["flash_address"]),
        flash_address=table["flash_address"],
        flash_bytes=table["flash_bytes"],
        ram_address=table["ram_address"],
        ram_bytes=table["ram_bytes"],
    )
