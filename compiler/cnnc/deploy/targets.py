"""What is known of each target: boards and cores, read from ``boards/*.toml``.

The files refuse unknown keys and have no silent defaults (boards/README.md says what each field
means, with its unit).
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from cnnc.deploy.description import check_keys, read_toml, tables_of
from cnnc.deploy.tools import TOOLS_FILE, check_tool
from cnnc.errors import BoardError
from cnnc.resources import tree

DEFAULT_TARGET = "host"

_CORES_FILE = "cores.toml"


@dataclass(frozen=True)
class Core:
    """One table of cores.toml.

    Attributes:
        name: Name of the table, e.g. ``cortex-a53``.
        description: One line.
        isa: Instruction set architecture, e.g. ``aarch64``.
        system: ``linux``.
        instruction_sets: Kernel sets beyond plain C.
        compilers: C compilers by command name, preferred first.
        c_flags: Compiler arguments on every file.
        link_flags: Arguments when a program is linked.
        emulator: Command that runs the core's programs here; empty if none is needed.
    """

    name: str
    description: str
    isa: str
    system: str
    instruction_sets: tuple[str, ...]
    compilers: tuple[str, ...]
    c_flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    emulator: tuple[str, ...]


@dataclass(frozen=True)
class Emulation:
    """The machine that stands in for a board, and what it does not show."""

    machine: str
    limits: str


@dataclass(frozen=True)
class Target:
    """What ``--target`` names: a board, or a core on its own.

    Attributes:
        name: As given on the command line.
        description: One line.
        core: The core that runs the code.
        ram_bytes: RAM of the board; None for a core on its own.
        flash_bytes: Program memory; None where programs are files.
        emulation: The stand-in; None for a core on its own.
    """

    name: str
    description: str
    core: Core
    ram_bytes: int | None = None
    flash_bytes: int | None = None
    emulation: Emulation | None = None

    @property
    def is_host(self) -> bool:
        """Whether the target is the machine that cnnc runs on."""
        return self.core.isa == "host"


@cache
def cores() -> dict[str, Core]:
    """Return every core by name.

    Raises:
        BoardError: cores.toml has a fault that ``parse_core`` names.
    """
    return {name: parse_core(name, table) for name, table in tables_of(_CORES_FILE).items()}


@cache
def boards() -> dict[str, Target]:
    """Return every board by name.

    Raises:
        BoardError: A file has an unknown, missing or ill-typed field.
    """
    names = sorted(entry.name for entry in tree("boards").iterdir() if entry.name.endswith(".toml"))
    files = [name for name in names if name not in {_CORES_FILE, TOOLS_FILE}]
    return {name.removesuffix(".toml"): parse_board(name, read_toml(name)) for name in files}


def find_target(name: str) -> Target:
    """Return the board or core of this name.

    Raises:
        BoardError: There is none; the message suggests the nearest valid names.
    """
    if name in boards():
        return boards()[name]
    if name in cores():
        core = cores()[name]
        return Target(name, core.description, core)
    valid = sorted({*boards(), *cores()})
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.4)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise BoardError(
        f"unknown target '{name}'",
        f"{hint}valid targets: {', '.join(valid)} ('cnnc boards' describes them)",
        "--target",
    )


def parse_board(file: str, table: Mapping[str, Any]) -> Target:
    """Build a board from its file's content.

    Args:
        file: File name, ``<name>.toml``; for messages and to check ``name``.
        table: Parsed TOML.

    Raises:
        BoardError: Unknown, missing or ill-typed field, unknown core, name unlike the file's.
    """
    required = {"name": str, "description": str, "core": str, "ram_bytes": int, "emulation": dict}
    check_keys(file, table, required, optional={"flash_bytes": int})
    emulation = table["emulation"]
    check_keys(f"{file} [emulation]", emulation, {"machine": str, "limits": str})
    if table["name"] != file.removesuffix(".toml"):
        raise BoardError(f"{file}: name is '{table['name']}', unlike the file's", where=file)
    if table["core"] not in cores():
        raise BoardError(
            f"{file}: unknown core '{table['core']}'", f"one of {', '.join(cores())}", file
        )
    return Target(
        name=table["name"],
        description=table["description"],
        core=cores()[table["core"]],
        ram_bytes=table["ram_bytes"],
        flash_bytes=table.get("flash_bytes"),
        emulation=Emulation(emulation["machine"], emulation["limits"]),
    )


def parse_core(name: str, table: Mapping[str, Any]) -> Core:
    """Build a core from its table in cores.toml.

    Raises:
        BoardError: Unknown, missing or ill-typed field, no compiler, a tool that tools.toml does
            not describe.
    """
    where = f"{_CORES_FILE} [{name}]"
    lists = ("instruction_sets", "compilers", "c_flags", "link_flags", "emulator")
    required = {f.name: list if f.name in lists else str for f in fields(Core) if f.name != "name"}
    check_keys(where, table, required)
    if not table["compilers"]:
        raise BoardError(f"{where}: compilers is empty", "name at least one", where)
    for command in (*table["compilers"], *table["emulator"][:1]):
        check_tool(command, where)
    return Core(
        name=name,
        description=table["description"],
        isa=table["isa"],
        system=table["system"],
        instruction_sets=tuple(table["instruction_sets"]),
        compilers=tuple(table["compilers"]),
        c_flags=tuple(table["c_flags"]),
        link_flags=tuple(table["link_flags"]),
        emulator=tuple(table["emulator"]),
    )
