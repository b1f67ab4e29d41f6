"""``cnnc boards``: what is known of each target."""

import argparse
import dataclasses

from rich.table import Table

from cnnc.cli.arguments import Verbs, add_json
from cnnc.cli.console import Console
from cnnc.deploy import targets
from cnnc.deploy.targets import Target


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "boards",
        help="what is known of each target",
        description="List the targets, or describe one: core, memory, its emulated stand-in.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="a board or a core")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the targets."""
    if arguments.name is not None:
        found = [targets.find_target(arguments.name)]
    else:
        found = [targets.find_target(name) for name in sorted(_names())]
    document = {"targets": [dataclasses.asdict(target) for target in found]}
    console.result(document, _details(found[0]) if arguments.name else _overview(found))
    return 0


def _names() -> set[str]:
    return {*targets.boards(), *targets.cores()}


def _overview(found: list[Target]) -> Table:
    table = Table("target", "core", "ISA", "RAM", "description", box=None)
    for target in found:
        table.add_row(
            target.name, target.core.name, target.core.isa, _mebibytes(target), target.description
        )
    return table


def _details(target: Target) -> Table:
    table = Table("", "", box=None, show_header=False)
    rows = {
        "target": target.name,
        "description": target.description,
        "core": f"{target.core.name}: {target.core.description}",
        "ISA": target.core.isa,
        "RAM": _mebibytes(target),
        "compilers": ", ".join(target.core.compilers),
        "flags": " ".join(target.core.c_flags),
        "emulated by": target.emulation.machine if target.emulation else "-",
        "limits of the emulation": target.emulation.limits if target.emulation else "-",
    }
    for label, value in rows.items():
        table.add_row(label, value)
    return table


def _mebibytes(target: Target) -> str:
    return f"{target.ram_bytes // 2**20} MiB" if target.ram_bytes else "-"
