"""Time of one inference on this machine, in turns with XNNPACK and ONNX Runtime on one thread.

Run from the checkout: ``make bench-host`` or ``python -m bench.host [--network NAME]
[--compiler gcc|clang] [--target NAME] [--models DIR] [--seconds S] [--json FILE]``.

The four MLPerf Tiny networks are no part of the repository: bench/README.md says where they come
from. MobileNetV1, MobileNetV2 and ResNet-18 for 224x224 pictures are made on the spot. XNNPACK
(ai-edge-litert) runs the .tflite that cnnc exports, whose arithmetic is the C's. The C's outputs
are compared with the reference before anything is timed.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.cortex_m_measure import NETWORKS_FOLDER
from bench.host_measure import ALL_NETWORKS, HostMeasurement, HostTask, measure_host_or_say

EXIT_DIFFERENT, EXIT_MISSING = 1, 2
COMPILERS = ("gcc", "clang")
MUST = {
    "AD": 0.75,
    "KWS": 0.45,
    "VWW": 0.40,
    "IC": 0.78,
    "MBv2_224": 0.65,
    "MBv1_224": 0.80,
    "ResNet18": 0.65,
}
"""Ratios to XNNPACK that are to be reached with AVX-512 VNNI."""
_SECONDS = 3.0
_RUNTIMES = ("XNNPACK", "ONNX Runtime int8", "ONNX Runtime float")


def main() -> int:
    """Measure and print; 1 if bytes differ or a tool failed, 2 if the models are missing."""
    arguments = _arguments()
    console = Console(width=140)
    tasks = _tasks(arguments)
    missing = [path for task in tasks if (path := task.needed_file) and not path.is_file()]
    if missing:
        console.print(
            f"missing: {', '.join(map(str, missing))}\n--models DIR names the folder of the MLPerf "
            "Tiny networks; bench/README.md says where they come from.",
            markup=False,
        )
        return EXIT_MISSING
    progress = Console(stderr=True)
    outcomes = [measure_host_or_say(t) for t in track(tasks, "measuring", console=progress)]
    rows = [outcome for outcome in outcomes if isinstance(outcome, HostMeasurement)]
    console.print(_table(rows, tasks[0].compilers))
    console.print(
        "microseconds, the shortest of many in turns on one thread, called from Python; ratios: "
        "the C's time to XNNPACK's; outputs equal the reference's"
    )
    for outcome in outcomes:
        if isinstance(outcome, str):
            console.print(outcome, style="red", markup=False)
    if arguments.json is not None:
        text = json.dumps([asdict(row) for row in rows], indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return EXIT_DIFFERENT if len(rows) < len(tasks) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--network", action="append", choices=ALL_NETWORKS, help="a network (default: all)"
    )
    parser.add_argument(
        "--compiler",
        action="append",
        choices=COMPILERS,
        help="a C compiler (default: those that are installed)",
    )
    parser.add_argument(
        "--target",
        default="host",
        help="what the C is made for (default: %(default)s, which chooses its kernels as it runs)",
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=NETWORKS_FOLDER,
        metavar="DIR",
        help="folder of the networks' .tflite files (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=_SECONDS,
        help="how long each engine runs for each network (default: %(default)s)",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the figures to a file"
    )
    return parser.parse_args()


def _tasks(arguments: argparse.Namespace) -> list[HostTask]:
    installed = [name for name in COMPILERS if shutil.which(name) is not None]
    compilers: Sequence[str] = arguments.compiler or installed
    names: Sequence[str] = arguments.network or ALL_NETWORKS
    return [
        HostTask(name, arguments.models, arguments.target, tuple(compilers), arguments.seconds)
        for name in names
    ]


def _table(rows: Sequence[HostMeasurement], compilers: Sequence[str]) -> Table:
    table = Table(title="time of one inference", title_justify="left")
    table.add_column("network")
    for engine in (*compilers, *_RUNTIMES):
        table.add_column(engine, justify="right")
    for compiler in compilers:
        table.add_column(f"{compiler} / XNNPACK", justify="right")
    table.add_column("must", justify="right")
    for column in ("arena", "library"):
        table.add_column(f"{column} bytes", justify="right")
    for row in rows:
        peer = row.microseconds["XNNPACK"]
        table.add_row(
            row.name,
            *(_time(row.microseconds.get(engine)) for engine in (*compilers, *_RUNTIMES)),
            *(f"{row.microseconds[compiler] / peer:.3f}" for compiler in compilers),
            f"{MUST[row.name]:.2f}",
            f"{row.arena_bytes:,}",
            f"{row.library_bytes:,}",
        )
    return table


def _time(microseconds: float | None) -> str:
    if microseconds is None:
        return "-"
    return f"{microseconds:.2f}" if microseconds < 100 else f"{microseconds:.0f}"


if __name__ == "__main__":
    sys.exit(main())
