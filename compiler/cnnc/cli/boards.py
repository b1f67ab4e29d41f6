"""``cnnc boards``: what is known of each target."""

import argparse
import dataclasses

from rich.table import Table

from cnnc.cli.arguments import Verbs, add_json
from cnnc.cli.console import Console
from cnnc.deploy import targets
from cnnc.deploy.kernel_sets import kernel_sets
from cnnc.deploy.targets import Target

_MEBIBYTE = 2**20
_KIBIBYTE = 2**10


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "boards",
        help="what is known of each target",
        description="List the targets, or describe one: core, memory, its emulated stand-in. A "
        "file of a board of yours is checked first.",
    )
    parser.add_argument(
        "name", nargs="?", metavar="NAME|FILE.toml", help="a board, a core, or a file of a board"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the targets."""
    if arguments.name is not None:
        found = [targets.find_target(arguments.name)]
    else:
        found = [targets.find_target(name) for name in targets.target_names()]
    document = {"targets": [dataclasses.asdict(target) for target in found]}
    console.result(document, _details(found[0]) if arguments.name else _overview(found))
    return 0


def _overview(found: list[Target]) -> Table:
    table = Table("target", "core", "RAM", "flash", "emulated by", "description", box=None)
    for target in found:
        table.add_row(
            target.name,
            target.core.name,
            _size(target.ram_bytes),
            _size(target.flash_bytes),
            target.emulated_by or "-",
            target.description,
        )
    return table


def _details(target: Target) -> Table:
    table = Table("", "", box=None, show_header=False)
    core = target.core
    rows = {
        "target": target.name,
        "description": target.description,
        "core": f"{core.name}: {core.description}",
        "ISA": core.isa,
        "kernel sets": ", ".join(core.instruction_sets) or "plain C",
        "chosen at run time": ", ".join(s.name for s in kernel_sets(core)) or "-",
        "clock": f"{target.clock_hz / 1e6:g} MHz" if target.clock_hz else "-",
        "RAM": _size(target.ram_bytes, target.memory.ram_address if target.memory else None),
        "flash": _size(target.flash_bytes, target.memory.flash_address if target.memory else None),
        "compilers": ", ".join(core.compilers) or "the vendor's own",
        "flags": " ".join(core.c_flags) or "-",
        "emulated by": target.emulated_by or "-",
        "limits of the emulation": target.limits or "-",
        "on the board": target.notes or "-",
    }
    for label, value in rows.items():
        table.add_row(label, value)
    return table


def _size(size_bytes: int | None, address: int | None = None) -> str:
    if not size_bytes:
        return "-"
    unit, name = (_MEBIBYTE, "MiB") if size_bytes % _MEBIBYTE == 0 else (_KIBIBYTE, "KiB")
    place = f" at {address:#010x}" if address is not None else ""
    return f"{size_bytes / unit:g} {name}{place}"
