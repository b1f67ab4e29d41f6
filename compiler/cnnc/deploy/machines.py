"""Emulated machines that stand in for bare-metal boards, read from ``boards/machines.toml``."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cnnc.deploy.cores import Core, cores
from cnnc.deploy.description import check_choice, check_keys, check_numbers, tables_of
from cnnc.deploy.regions import check_regions
from cnnc.deploy.tools import check_tool
from cnnc.errors import BoardError

MACHINES_FILE = "machines.toml"

_REGIONS = {
    "vector_address": int,
    "flash_address": int,
    "flash_bytes": int,
    "ram_address": int,
    "ram_bytes": int,
}


@dataclass(frozen=True, kw_only=True)
class MemoryMap:
    """The regions that a linker script uses.

    Attributes:
        vector_address: Where the vector table lies (Arm), or the first instruction (RISC-V).
        flash_address: First byte of program memory.
        flash_bytes: Its size.
        ram_address: First byte of the RAM.
        ram_bytes: Its size.
    """

    vector_address: int
    flash_address: int
    flash_bytes: int
    ram_address: int
    ram_bytes: int


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One table of machines.toml.

    Attributes:
        name: Name of the table, e.g. ``mps2-an386``.
        description: One line.
        core: The core that it emulates.
        emulator: Command that starts it; ``-kernel FILE`` and options for consoles and
            semihosting follow.
        memory: Its regions.
        limits: What it does not show.
    """

    name: str
    description: str
    core: Core
    emulator: tuple[str, ...]
    memory: MemoryMap
    limits: str


@cache
def machines() -> dict[str, Machine]:
    """Return every machine by name.

    Raises:
        BoardError: machines.toml has a fault that ``parse_machine`` names.
    """
    return {name: parse_machine(name, table) for name, table in tables_of(MACHINES_FILE).items()}


def parse_machine(name: str, table: Mapping[str, Any]) -> Machine:
    """Build a machine from its table in machines.toml.

    Raises:
        BoardError: Unknown, missing or ill-typed field, unknown core, no emulator, a tool that
            tools.toml does not describe, regions that no linker script can use.
    """
    where = f"{MACHINES_FILE} [{name}]"
    text = {"description": str, "core": str, "limits": str}
    check_keys(where, table, {**text, "emulator": list, **_REGIONS})
    check_numbers(where, table)
    check_choice(where, "core", table["core"], cores())
    core = cores()[table["core"]]
    check_regions(where, table, has_vector_table=core.has_vector_table)
    if not table["emulator"]:
        raise BoardError(f"{where}: emulator is empty", "name the command", where)
    check_tool(table["emulator"][0], where)
    return Machine(
        name=name,
        description=table["description"],
        core=core,
        emulator=tuple(table["emulator"]),
        memory=MemoryMap(**{field: table[field] for field in _REGIONS}),
        limits=table["limits"],
    )


def machine_for(core: Core, name: str, where: str) -> Machine | None:
    """Return the machine of this name after checking that it can run the core's code.

    Args:
        core: What the code is built for.
        name: Table of machines.toml; empty for none.
        where: File and table that name the machine, for messages.

    Raises:
        BoardError: There is no such machine, or its core lacks an instruction set.
    """
    if not name:
        return None
    check_choice(where, "machine", name, machines())
    machine = machines()[name]
    missing = sorted(set(core.instruction_sets) - set(machine.core.instruction_sets))
    if missing or (core.startup == "riscv") != (machine.core.startup == "riscv"):
        what = f"it lacks {', '.join(missing)}" if missing else f"it is {machine.core.isa}"
        raise BoardError(
            f"{where}: machine '{name}' cannot run code for {core.name}: {what}",
            f"name one of those in boards/{MACHINES_FILE} whose core has the same instructions",
            where,
        )
    return machine
