"""Instructions and bytes on Raspberry Pi, beside those of other runtimes.

Run from the checkout: ``make bench-rpi`` or ``python -m bench.raspberry_pi [--board NAME]
[--network NAME] [--compiler gcc|clang] [--models DIR] [--layers] [--json FILE]``.

The MLPerf Tiny networks are no part of the repository (bench/README.md); MobileNets and ResNet-18
are made on the spot with seeded weights. Every layer is compared with the reference before a figure
is shown.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.cortex_m import EXIT_DIFFERENT, EXIT_MISSING, PROCESSES, WIDTH, how_to_get
from bench.cortex_m_measure import NETWORKS, NETWORKS_FOLDER
from bench.cortex_m_peers import Peers, ratio
from bench.cortex_m_tables import count_text, new_table, ratio_text, reached_text
from bench.networks_224 import NETWORKS_224
from bench.raspberry_pi_measure import (
    COMPILERS,
    Measurement,
    Task,
    measure_or_say,
    missing_models,
)

PEERS_FILE = Path(__file__).parent / "peers_raspberry_pi.json"
ALL_NETWORKS = (*NETWORKS, *NETWORKS_224)


def main() -> int:
    """Measure and print; 1 if bytes differ or a tool failed, 2 if the models are missing."""
    arguments = _arguments()
    console = Console(width=WIDTH)
    tasks = [
        Task(board, name, tuple(arguments.compiler or COMPILERS), arguments.models)
        for board in arguments.board or list(peers())
        for name in arguments.network or ALL_NETWORKS
    ]
    missing = missing_models(tasks)
    if missing:
        console.print(how_to_get(missing), markup=False)
        return EXIT_MISSING
    rows, faults = _measure(tasks)
    console.print(_instruction_table(rows), "", _memory_table(rows), "")
    if arguments.layers:
        for row in rows:
            console.print(_layer_table(row), "")
    for fault in faults:
        console.print(fault, style="red", markup=False)
    for figure, source in _document()["sources"].items():
        console.print(f"  {figure}: {source}", markup=False, soft_wrap=True)
    if arguments.json is not None:
        text = json.dumps({"rows": [entry(row) for row in rows]}, indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return EXIT_DIFFERENT if faults else 0


def peers() -> dict[str, Peers]:
    """Return the peers' figures by board, in the order of the file."""
    boards: Mapping[str, Any] = _document()["boards"]
    return {board: Peers(**figures) for board, figures in boards.items()}


def _document() -> Any:  # noqa: ANN401 (JSON)
    return json.loads(PEERS_FILE.read_text(encoding="utf-8"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", action="append", choices=list(peers()), help="default: all")
    parser.add_argument("--network", action="append", choices=ALL_NETWORKS, help="default: all")
    parser.add_argument("--compiler", action="append", choices=COMPILERS, help="default: both")
    parser.add_argument(
        "--models",
        type=Path,
        default=NETWORKS_FOLDER,
        metavar="DIR",
        help="folder of the MLPerf Tiny .tflite files (default: %(default)s)",
    )
    parser.add_argument("--layers", action="store_true", help="also show what each layer costs")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the figures to a file"
    )
    return parser.parse_args()


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
    rows = [row for outcome in outcomes if isinstance(outcome, list) for row in outcome]
    return rows, [outcome for outcome in outcomes if isinstance(outcome, str)]


def _instruction_table(rows: Sequence[Measurement]) -> Table:
    table = new_table(
        "instructions of one inference, one thread",
        ("board", "network", "compiler"),
        ("instructions", "instr/MAC", "peers", "ratio", "must", "goal"),
    )
    table.add_column("reached")
    for row in rows:
        theirs = peers()[row.board]
        measured = ratio(row.instructions, theirs.instructions.get(row.name))
        must, goal = theirs.must.get(row.name), theirs.goal.get(row.name)
        table.add_row(
            row.board,
            row.name,
            row.compiler,
            count_text(row.instructions),
            f"{row.instructions / row.macs:.3f}",
            count_text(theirs.instructions.get(row.name)),
            *map(ratio_text, (measured, must, goal)),
            reached_text(measured, must, goal),
        )
    return table


def _memory_table(rows: Sequence[Measurement]) -> Table:
    table = new_table(
        "bytes", ("board", "network", "compiler"), ("arena", "constants", "network's code")
    )
    for row in rows:
        sizes = (row.arena_bytes, row.constant_bytes, row.code_bytes)
        table.add_row(row.board, row.name, row.compiler, *map(count_text, sizes))
    return table


def _layer_table(row: Measurement) -> Table:
    table = new_table(
        f"{row.name} for {row.board}, {row.compiler}",
        ("layer", "op", "kernel"),
        ("MACs", "instructions", "instr/MAC", "share"),
    )
    for layer in row.layers:
        per_mac = layer["instructions_per_mac"]
        table.add_row(
            layer["layer"],
            layer["op"],
            layer["kernel"],
            count_text(layer["macs"]),
            count_text(layer["instructions"]),
            "-" if per_mac is None else f"{per_mac:.3f}",
            f"{100 * layer['share']:.1f} %",
        )
    return table


def entry(row: Measurement) -> dict[str, Any]:
    """Return a measurement as a JSON object, with the ratio of instructions to the peers'."""
    measured = ratio(row.instructions, peers()[row.board].instructions.get(row.name))
    return {**vars(row), "layers": list(row.layers), "ratio": measured}


if __name__ == "__main__":
    sys.exit(main())
