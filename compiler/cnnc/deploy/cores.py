"""The cores that run emitted C, read from ``boards/cores.toml``."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from cnnc.deploy.description import check_choice, check_keys, check_numbers, tables_of
from cnnc.deploy.tools import check_tool
from cnnc.errors import BoardError

CORES_FILE = "cores.toml"

SYSTEMS = ("linux", "bare-metal")
"""Where a program runs."""
STARTUPS = ("", "armv6-m", "armv7-m", "armv8-m", "armv8.1-m", "riscv")
"""Families of start-up code; empty where a system, or the vendor's code, starts programs."""
INSTRUCTION_SETS = (
    "neon",
    "neon32",
    "neon64",
    "neon_dot",
    "armv6simd",
    "armv6m",
    "armv7m",
    "dsp",
    "mve",
    "avx2",
    "avx512vnni",
)
"""Kernel sets beyond plain C."""

_LISTS = (
    "instruction_sets",
    "compilers",
    "c_flags",
    "library_flags",
    "link_flags",
    "emulator",
    "run_time_cores",
)


@dataclass(frozen=True, kw_only=True)
class Core:
    """One table of cores.toml.

    Attributes:
        name: Name of the table, e.g. ``cortex-a53``.
        description: One line.
        isa: Instruction set architecture, e.g. ``aarch64``.
        system: ``linux`` or ``bare-metal``.
        startup: Family of start-up code, one of ``STARTUPS``.
        instruction_sets: Kernel sets beyond plain C; later ones include what they build on.
        compilers: C compilers by command name, preferred first; empty where Debian has none.
        clang_target: What Clang's ``--target`` takes for this core; empty where it is not used.
        c_flags: Compiler arguments on every file.
        library_flags: Arguments that choose GCC's C library, on every file and when linking.
        link_flags: Arguments when a program is linked.
        emulator: Command that runs the core's programs here; empty if none is needed, and for
            bare metal, where ``machine`` says it.
        machine: Table of machines.toml that stands in when the core is named on its own; empty if
            there is none.
        run_time_cores: Cores that run this one's programs and more, from less to more: programs
            hold kernels for each and choose at run time.
        timing: Name of a published cycle model; empty if there is none.
        flash_budget_bytes: Program memory assumed when the core is named on its own; None where
            programs are files.
    """

    name: str
    description: str
    isa: str
    system: str
    startup: str
    instruction_sets: tuple[str, ...]
    compilers: tuple[str, ...]
    clang_target: str
    c_flags: tuple[str, ...]
    library_flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    emulator: tuple[str, ...]
    machine: str
    timing: str
    run_time_cores: tuple[str, ...] = ()
    flash_budget_bytes: int | None = None

    @property
    def is_bare_metal(self) -> bool:
        """Whether programs run without an operating system."""
        return self.system == "bare-metal"

    @property
    def has_vector_table(self) -> bool:
        """Whether the core finds its handlers in a table, as Cortex-M does."""
        return self.startup.startswith("armv")


@cache
def cores() -> dict[str, Core]:
    """Return every core by name.

    Raises:
        BoardError: cores.toml has a fault that ``parse_core`` names.
    """
    return {name: parse_core(name, table) for name, table in tables_of(CORES_FILE).items()}


def parse_core(name: str, table: Mapping[str, Any]) -> Core:
    """Build a core from its table in cores.toml.

    Raises:
        BoardError: Unknown, missing or ill-typed field, unknown system, start-up code or
            instruction set, no compiler for a core that has start-up code, a tool that tools.toml
            does not describe.
    """
    where = f"{CORES_FILE} [{name}]"
    optional = {"flash_budget_bytes": int, "run_time_cores": list}
    required = {
        field.name: list if field.name in _LISTS else str
        for field in fields(Core)
        if field.name != "name" and field.name not in optional
    }
    check_keys(where, table, required, optional)
    check_numbers(where, table)
    check_choice(where, "system", table["system"], SYSTEMS)
    check_choice(where, "startup", table["startup"], STARTUPS)
    for instruction_set in table["instruction_sets"]:
        check_choice(where, "instruction_sets", instruction_set, INSTRUCTION_SETS)
    if not table["compilers"] and (table["startup"] or table["system"] == "linux"):
        raise BoardError(f"{where}: compilers is empty", "name at least one", where)
    for command in (*table["compilers"], *table["emulator"][:1]):
        check_tool(command, where)
    lists = {field: tuple(table[field]) for field in _LISTS if field in table}
    values: dict[str, Any] = {**table, **lists}
    return Core(name=name, **values)
