"""What ``--target`` names: boards, read from ``boards/*.toml``, and cores on their own.

The files refuse unknown keys and have no silent defaults (boards/README.md says what each field
means, with its unit).
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cnnc.deploy.cores import CORES_FILE, Core, cores
from cnnc.deploy.description import check_choice, check_keys, check_numbers, read_toml
from cnnc.deploy.machines import MACHINES_FILE, Machine, MemoryMap, machine_for
from cnnc.deploy.tools import TOOLS_FILE
from cnnc.errors import BoardError
from cnnc.resources import tree

DEFAULT_TARGET = "host"

_SHARED_FILES = {CORES_FILE, MACHINES_FILE, TOOLS_FILE}
_ADDRESSES = ("flash_address", "ram_address")


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
    """Return every board by name.

    Raises:
        BoardError: A file has an unknown, missing or ill-typed field.
    """
    names = sorted(entry.name for entry in tree("boards").iterdir() if entry.name.endswith(".toml"))
    files = [name for name in names if name not in _SHARED_FILES]
    return {name.removesuffix(".toml"): parse_board(name, read_toml(name)) for name in files}


def find_target(name: str) -> Target:
    """Return the board or core of this name.

    Raises:
        BoardError: There is none; the message suggests the nearest valid names.
    """
    if name in boards():
        return boards()[name]
    if name in cores():
        return core_alone(cores()[name])
    valid = sorted({*boards(), *cores()})
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.4)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise BoardError(
        f"unknown target '{name}'",
        f"{hint}valid targets: {', '.join(valid)} ('cnnc boards' describes them)",
        "--target",
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


def parse_board(file: str, table: Mapping[str, Any]) -> Target:
    """Build a board from its file's content.

    Args:
        file: File name, ``<name>.toml``; for messages and to check ``name``.
        table: Parsed TOML.

    Raises:
        BoardError: Unknown, missing or ill-typed field, unknown core or machine, name unlike the
            file's.
    """
    required = {"name": str, "description": str, "core": str, "ram_bytes": int, "emulation": dict}
    numbers = dict.fromkeys(
        ("flash_bytes", "clock_hz", "vector_address", "boot_address", *_ADDRESSES), int
    )
    texts = {"notes": str, "boot": str, "programming": list}
    check_keys(file, table, required, optional={**numbers, **texts})
    check_numbers(file, table)
    emulation = table["emulation"]
    check_keys(f"{file} [emulation]", emulation, {"limits": str}, optional={"machine": str})
    if table["name"] != file.removesuffix(".toml"):
        raise BoardError(f"{file}: name is '{table['name']}', unlike the file's", where=file)
    check_choice(file, "core", table["core"], cores())
    core = cores()[table["core"]]
    check_system = _check_bare_metal if core.is_bare_metal else _check_linux
    check_system(file, table)
    _check_boot(file, table)
    machine = machine_for(core, emulation.get("machine", ""), f"{file} [emulation]")
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


def _check_bare_metal(file: str, table: Mapping[str, Any]) -> None:
    # Boards of which another's tools know the memory map leave both addresses out.
    given = [field for field in ("vector_address", *_ADDRESSES) if field in table]
    addresses = _ADDRESSES if given else ()
    missing = [field for field in ("flash_bytes", "clock_hz", *addresses) if field not in table]
    if missing:
        raise BoardError(f"{file}: missing {', '.join(missing)}", "", file)


def _check_boot(file: str, table: Mapping[str, Any]) -> None:
    boot = table.get("boot")
    if boot is None:
        return
    files = [entry.name for entry in (tree("runtime") / "firmware").iterdir()]
    check_choice(file, "boot", boot, [name for name in files if name.startswith("cnnc_boot_")])


def _check_linux(file: str, table: Mapping[str, Any]) -> None:
    for field in ("flash_bytes", "vector_address", *_ADDRESSES):
        if field in table:
            raise BoardError(f"{file}: '{field}' means nothing under Linux", "leave it out", file)
    if "machine" in table["emulation"]:
        raise BoardError(
            f"{file} [emulation]: 'machine' is for bare-metal boards",
            f"leave it out; the core's emulator in {CORES_FILE} runs the programs",
            file,
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
