"""Instructions, modelled cycles and bytes on Cortex-M, beside those of other libraries.

Run from the checkout: ``make bench-cortex-m`` or ``python -m bench.cortex_m [--core NAME]
[--network NAME] [--models DIR] [--only-networks] [--only-shapes] [--flash BYTES] [--json FILE]``.

The four MLPerf Tiny networks are no part of the repository: bench/README.md says where they come
from. Without them ``--only-shapes`` measures single layers. Every layer
is compared with the reference and with TFLite's reference kernels before a figure is shown.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import track

from bench.cortex_m_measure import (
    INPUTS,
    NETWORKS,
    NETWORKS_FOLDER,
    Measurement,
    Task,
    measure_or_say,
    missing_models,
)
from bench.cortex_m_peers import peers, sources
from bench.cortex_m_tables import (
    cycle_table,
    document,
    instruction_table,
    memory_table,
    shape_table,
)
from bench.shapes import SHAPES

PROCESSES = 2
WIDTH = 200
EXIT_DIFFERENT, EXIT_MISSING = 1, 2


def main() -> int:
    """Measure and print; 1 if bytes differ or a tool failed, 2 if the models are missing."""
    arguments = _arguments()
    console = Console(width=WIDTH)
    tasks = _tasks(arguments)
    missing = missing_models(tasks)
    if missing:
        console.print(how_to_get(missing), markup=False)
        return EXIT_MISSING
    rows, faults = _measure(tasks)
    _show(console, rows)
    for fault in faults:
        console.print(fault, style="red", markup=False)
    if arguments.json is not None:
        text = json.dumps(document(rows, peers()), indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return EXIT_DIFFERENT if faults else 0


def how_to_get(missing: Sequence[Path]) -> str:
    """Return what to do about networks that are not there."""
    return (
        f"missing: {', '.join(map(str, missing))}\n"
        "They are the int8 .tflite files of MLPerf Tiny, which are no part of this repository: "
        "bench/README.md says where they come from and which is which.\n"
        "--models DIR names the folder where they lie; --only-shapes measures single layers "
        "without them."
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--core", action="append", choices=list(peers()), help="a core (default: all)"
    )
    parser.add_argument(
        "--network", action="append", choices=list(NETWORKS), help="a network (default: all)"
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=NETWORKS_FOLDER,
        metavar="DIR",
        help="folder of the networks' .tflite files (default: %(default)s)",
    )
    parser.add_argument("--only-networks", action="store_true", help="leave out the single layers")
    parser.add_argument("--only-shapes", action="store_true", help="leave out the networks")
    parser.add_argument(
        "--flash", type=int, metavar="BYTES", help="program memory (default: the core's budget)"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the figures to a file"
    )
    return parser.parse_args()


def _tasks(arguments: argparse.Namespace) -> list[Task]:
    cores: Sequence[str] = arguments.core or list(peers())
    networks: Sequence[str] = [] if arguments.only_shapes else arguments.network or list(NETWORKS)
    tasks = [
        Task(core, name, arguments.flash, arguments.models) for core in cores for name in networks
    ]
    if arguments.only_networks or arguments.network:
        return tasks
    # Only where there is something to compare with.
    compared = [core for core in cores if peers()[core].instructions_per_mac]
    return tasks + [Task(core, name, arguments.flash) for core in compared for name in SHAPES]


def _measure(tasks: Sequence[Task]) -> tuple[list[Measurement], list[str]]:
    with ProcessPoolExecutor(PROCESSES) as pool:
        done = track(
            pool.map(measure_or_say, tasks),
            "measuring",
            total=len(tasks),
            console=Console(stderr=True),
            transient=True,
        )
        outcomes = list(done)
    rows = [outcome for outcome in outcomes if isinstance(outcome, Measurement)]
    return rows, [outcome for outcome in outcomes if isinstance(outcome, str)]


def _show(console: Console, rows: Sequence[Measurement]) -> None:
    networks = [row for row in rows if row.name in NETWORKS]
    shapes = [row for row in rows if row.name in SHAPES]
    for table in (instruction_table, cycle_table, memory_table):
        if networks:
            console.print(table(networks, peers()), "")
    if shapes:
        console.print(shape_table(shapes, peers()), "")
    if rows:
        console.print(
            f"every layer of {INPUTS} inputs equals the reference and TFLite's reference kernels; "
            "of int8: constants as a ratio to those of plain C; firmware: flash of the whole "
            "program without them and without the self-test's sample"
        )
        console.print("\npeers, whose figures are quoted, not measured here:")
        for figure, source in sources().items():
            console.print(f"  {figure}: {source}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
