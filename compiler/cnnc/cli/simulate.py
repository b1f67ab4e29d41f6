"""``cnnc simulate``: the same bytes from every engine, or where they first differ."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cnnc.cli.arguments import Verbs, add_json, positive_count
from cnnc.cli.console import Console
from cnnc.cli.profile_table import profile_table
from cnnc.cli.wording import class_agreement, counted, distance
from cnnc.errors import EXIT_DIFFERENT, EXIT_EQUAL
from cnnc.simulator.compare import Divergence, EngineResult
from cnnc.simulator.report import SimulationReport
from cnnc.simulator.request import DEFAULT_RANDOM, DEFAULT_SEED, ENGINES, SimulationRequest
from cnnc.simulator.run import simulate


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "simulate",
        help="run a compiled folder through every engine and compare every layer",
        description="Run the NumPy reference, the C on this machine, the C cross-compiled in an "
        "emulator and TFLite's reference kernels on the same inputs; compare every byte of "
        "every layer. ONNX Runtime shows the distance from the original.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="written by 'cnnc compile'")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--inputs", type=Path, metavar="FILE", help=".npz or .npy of inputs")
    source.add_argument(
        "--random",
        type=positive_count,
        metavar="N",
        help=f"N inputs of noise: uniform int8, or normal float32 (default: {DEFAULT_RANDOM})",
    )
    parser.add_argument(
        "--seed", type=int, metavar="S", help=f"of --random (default: {DEFAULT_SEED})"
    )
    parser.add_argument(
        "--limit",
        type=positive_count,
        metavar="N",
        help="use the first N rows of --inputs; a static batch is filled up",
    )
    parser.add_argument(
        "--engines",
        type=_engine_names,
        metavar="LIST",
        help=f"comma-separated, of {','.join(ENGINES)} (default: all that are available)",
    )
    parser.add_argument(
        "--model", type=Path, metavar="MODEL", help="the source model, if DIR holds no copy"
    )
    parser.add_argument(
        "--sanitize",
        action="store_true",
        help="build the host engine with AddressSanitizer and UndefinedBehaviorSanitizer",
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help="show the instructions of every layer on the target, exactly, and modelled cycles "
        "where the core's timing is published",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Simulate and print the comparison; 1 if anything differs or nothing was compared."""
    request = SimulationRequest(
        inputs=arguments.inputs,
        random=arguments.random,
        seed=arguments.seed,
        engines=arguments.engines,
        model=arguments.model,
        sanitize=arguments.sanitize,
        limit=arguments.limit,
        profile=arguments.profile,
    )
    with console.progress() as progress:
        report = simulate(arguments.directory, request, progress)
    profile = _profile(report) if arguments.profile else []
    console.result(report.to_json(), _table(report), *_notes(report), *profile)
    if report.target_missing is not None:
        console.warning(f"the code for the target was NOT run: {report.target_missing}")
    return EXIT_EQUAL if report.equal else EXIT_DIFFERENT


def _engine_names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _table(report: SimulationReport) -> Table:
    table = Table("engine", "layers", "values compared", "different", "verdict", box=None)
    for name, result in _rows(report).items():
        if result.skipped is not None:
            table.add_row(name, "-", "-", "-", Text("skipped", style="yellow"))
            continue
        if result.failed is not None:
            table.add_row(name, "-", "-", "-", Text("FAILED", style="red"))
            continue
        table.add_row(
            name,
            f"{result.layers_compared}/{result.layers_total}",
            f"{result.compared_values:,}",
            f"{result.mismatched_values:,}",
            _verdict(result),
        )
    return table


def _profile(report: SimulationReport) -> list[RenderableType]:
    """Return the table of the layers, and what its cycles mean."""
    tables = [_profile_of(name, result.to_json()) for name, result in report.targets().items()]
    return [row for table in tables for row in table]


def _profile_of(name: str, target: Mapping[str, Any]) -> list[RenderableType]:
    if target["profile"] is None:
        return []
    model = target["cycle_model"] or f"not modelled, {target['not_modelled']}"
    note = f"\n{name}: one inference of the first input; cycles: {model}"
    if target["cycles_per_inference"] is not None and target["clock_hz"] is not None:
        note += f"; ms: these cycles at the board's {target['clock_hz'] / 1e6:g} MHz"
    return ["", profile_table(target), note, *_float32_share(target["profile"])]


def _float32_share(layers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what the layers in float32 cost among others; nothing where all or none are."""
    real = [layer for layer in layers if layer["dtype"] == "float32"]
    if len(real) in (0, len(layers)):
        return []
    instructions = sum(layer["instructions"] for layer in real)
    share = 100 * sum(layer["share"] for layer in real)
    return [
        f"{len(real)} layers compute in float32 or convert from and to it: "
        f"{instructions:,} instructions, {share:.1f} %"
    ]


def _rows(report: SimulationReport) -> dict[str, EngineResult]:
    if report.channel_removal is None:
        return dict(report.results)
    return {"channel removal": report.channel_removal, **report.results}


def _verdict(result: EngineResult) -> Text:
    if result.mismatched_values:
        return Text("DIFFERENT", style="red")
    if not result.compared_values:
        return Text("nothing compared", style="yellow")
    if not result.is_accounted_for:
        return Text("INCOMPLETE", style="red")
    missing = result.layers_total - result.layers_compared
    if not missing:
        return Text("equal", style="green")
    layers = f"{missing} of {counted(result.layers_total, 'layer')} not wholly compared"
    return Text(f"equal where compared ({layers})", style="green")


def _notes(report: SimulationReport) -> list[str]:
    notes = [f"\n{counted(report.inputs, 'input')}, every engine compared with the NumPy reference"]
    for name, result in _rows(report).items():
        if result.skipped is not None:
            notes.append(f"{name}: skipped, {result.skipped}")
        if result.failed is not None:
            notes.append(f"{name}: {result.failed}")
        notes += [
            f"{name}: layer '{entry.layer}' ({entry.op}) not wholly compared: {entry.reason}"
            for entry in result.not_compared
        ]
        if result.first_divergence is not None:
            notes.append(f"{name}: first difference: {_difference(result.first_divergence)}")
    if report.idle:
        notes.append(f"nothing was compared by: {', '.join(report.idle)}; so nothing is proven")
    notes += _costs(report)
    notes += _float_notes(report.float_result)
    return notes


def _float_notes(measured: Mapping[str, Any] | None) -> list[str]:
    """Return how far the network is from the original."""
    if measured is None:
        return []
    if measured["skipped"] is not None:
        return [f"float: skipped, {measured['skipped']}"]
    outputs = measured["outputs"]
    notes = [
        f"float (ONNX Runtime): {_port(output, outputs)}{class_agreement(output)}{distance(output)}"
        for output in outputs
    ]
    if measured["within_tolerance"] is None:
        return notes
    verdict = "within" if measured["within_tolerance"] else "BEYOND"
    relative = measured["max_relative_error"]
    largest = "infinite" if relative is None else f"{relative:.2g} of the largest magnitude"
    notes.append(
        f"float: largest difference {largest}, {verdict} the tolerance of {measured['tolerance']:g}"
    )
    return notes


def _difference(found: Divergence) -> str:
    return (
        f"layer '{found.layer}' ({found.op}), input {found.sample}, element {found.element}: "
        f"{found.found} instead of {found.expected}"
    )


def _costs(report: SimulationReport) -> list[str]:
    """Return what an inference costs on the target, or why that is not known."""
    notes = [note for name, result in report.targets().items() for note in _costs_of(name, result)]
    if report.failed_selftest is not None:
        notes.append(f"target: the emitted firmware fails its self-test: {report.failed_selftest}")
    return notes


def _costs_of(name: str, result: EngineResult) -> list[str]:
    target = result.to_json()
    notes = []
    instructions, reason = target.get("instructions_per_inference"), target.get("not_counted")
    if instructions is not None:
        notes.append(f"{name}: {instructions:,} instructions for an inference")
    elif reason:
        notes.append(f"{name}: instructions not counted, {reason}")
    if target.get("code_bytes") is not None:
        parts = f"weights {target['weights_bytes']:,}, network's code {target['code_bytes']:,}"
        notes.append(
            f"{name}: firmware of {target['flash_bytes']:,} bytes of flash ({parts}) and "
            f"{target['ram_bytes']:,} bytes of RAM"
        )
    if target.get("stack_bytes") is not None:
        notes.append(f"{name}: an inference has {target['stack_bytes']:,} bytes on the stack")
    return notes


def _port(output: Mapping[str, Any], outputs: Sequence[object]) -> str:
    """Return which output is meant, where there are several."""
    return f"'{output['name']}': " if len(outputs) > 1 else ""
