"""The tables of the Cortex-M benchmark: ours, the peers', and the ratio."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from bench.cortex_m_measure import NETWORKS, Measurement
from bench.cortex_m_peers import Peers, ratio

PeersByCore = Mapping[str, Peers]


def instruction_table(rows: Sequence[Measurement], peers: PeersByCore) -> Table:
    """Return executed instructions beside the peers', and whether the ratio is reached."""
    table = _table(
        "instructions of one inference",
        ("core", "network", "kernels"),
        ("instructions", "instr/MAC", "peers", "ratio", "must", "goal"),
    )
    table.add_column("reached")
    for row in rows:
        theirs = peers[row.core]
        measured = ratio(row.instructions, theirs.instructions.get(row.name))
        must, goal = theirs.must.get(row.name), theirs.goal.get(row.name)
        table.add_row(
            row.core,
            row.name,
            row.kernels,
            _count(row.instructions),
            f"{row.instructions / row.macs:.3f}",
            _count(theirs.instructions.get(row.name)),
            *map(_ratio, (measured, must, goal)),
            _reached(measured, must, goal),
        )
    return table


def cycle_table(rows: Sequence[Measurement], peers: PeersByCore) -> Table:
    """Return modelled cycles beside the peers' modelled ones and the best silicon."""
    table = _table(
        "modelled cycles, zero wait states",
        ("core", "network"),
        ("cycles", "cycles/instr", "peers, modelled", "ratio", "best silicon", "ratio"),
    )
    for row in rows:
        if row.cycles is None:
            continue
        theirs = peers[row.core]
        modelled = theirs.modelled_cycles.get(row.name)
        silicon = theirs.silicon_cycles.get(row.name)
        table.add_row(
            row.core,
            row.name,
            _count(row.cycles),
            f"{row.cycles / row.instructions:.2f}",
            *(_count(modelled), _ratio(ratio(row.cycles, modelled))),
            *(_count(silicon), _ratio(ratio(row.cycles, silicon))),
        )
    return table


def memory_table(rows: Sequence[Measurement], peers: PeersByCore) -> Table:
    """Return arena, stack, flash without constants, and constants beside the peers' bytes."""
    sizes = ("arena", "stack", "firmware", "constants")
    columns = [title for size in sizes for title in (size, "peers", "ratio")]
    table = _table("bytes", ("core", "network"), (*columns, "of int8", "network's code"))
    for row in rows:
        theirs = peers[row.core]
        pairs = (
            (row.arena_bytes, theirs.arena_bytes.get(row.name)),
            (row.stack_bytes, theirs.stack_bytes.get(row.name)),
            (row.firmware_bytes, theirs.firmware_bytes.get(row.name)),
            (row.constant_bytes, theirs.model_bytes.get(row.name)),
        )
        cells = [cell for pair in pairs for cell in (*map(_count, pair), _ratio(ratio(*pair)))]
        packed = ratio(row.constant_bytes, row.plain_constant_bytes)
        table.add_row(row.core, row.name, *cells, _ratio(packed), _count(row.code_bytes))
    return table


def shape_table(rows: Sequence[Measurement], peers: PeersByCore) -> Table:
    """Return instructions per MAC of single layers."""
    table = _table(
        "single layers: instructions per MAC",
        ("core", "layer", "kernels"),
        ("instructions", "instr/MAC", "peers", "ratio", "cycles/MAC", "code"),
    )
    for row in rows:
        measured = row.instructions / row.macs
        theirs = peers[row.core].instructions_per_mac.get(row.name)
        table.add_row(
            row.core,
            row.name,
            row.kernels,
            _count(row.instructions),
            f"{measured:.3f}",
            "-" if theirs is None else f"{theirs:.3f}",
            _ratio(ratio(measured, theirs)),
            "-" if row.cycles is None else f"{row.cycles / row.macs:.3f}",
            _count(row.code_bytes),
        )
    return table


def document(rows: Sequence[Measurement], peers: PeersByCore) -> dict[str, Any]:
    """Return everything that the tables show as one JSON object."""
    entries = [_entry(row, peers[row.core]) for row in rows]
    return {
        "networks": [entry for entry in entries if entry["name"] in NETWORKS],
        "shapes": [entry for entry in entries if entry["name"] not in NETWORKS],
    }


def _entry(row: Measurement, theirs: Peers) -> dict[str, Any]:
    ours = {
        **vars(row),
        "layers": list(row.layers),
        "instructions_per_mac": row.instructions / row.macs,
    }
    beside = {name: figures[row.name] for name, figures in _figures(theirs) if row.name in figures}
    ratios = {
        "instructions": ratio(row.instructions, beside.get("instructions")),
        "instructions_per_mac": ratio(
            row.instructions / row.macs, beside.get("instructions_per_mac")
        ),
        "modelled_cycles": ratio(row.cycles, beside.get("modelled_cycles")),
        "silicon_cycles": ratio(row.cycles, beside.get("silicon_cycles")),
        "arena_bytes": ratio(row.arena_bytes, beside.get("arena_bytes")),
        "stack_bytes": ratio(row.stack_bytes, beside.get("stack_bytes")),
        "firmware_bytes": ratio(row.firmware_bytes, beside.get("firmware_bytes")),
        "model_bytes": ratio(row.constant_bytes, beside.get("model_bytes")),
    }
    known = {name: round(value, 4) for name, value in ratios.items() if value is not None}
    return {**ours, "peers": beside, "ratios": known}


def _figures(theirs: Peers) -> Iterator[tuple[str, Mapping[str, float]]]:
    yield from vars(theirs).items()


def _table(title: str, names: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(*names, title=title, title_justify="left", box=None)
    for number in numbers:
        table.add_column(number, justify="right")
    return table


def _reached(measured: float | None, must: float | None, goal: float | None) -> Text:
    if measured is None or (must is None and goal is None):
        return Text("-")
    if goal is not None and measured <= goal:
        return Text("goal", style="green")
    if must is not None and measured <= must:
        return Text("must", style="green")
    return Text("no", style="red")


def _count(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
