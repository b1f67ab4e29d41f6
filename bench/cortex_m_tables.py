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
    table = new_table(
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
            count_text(row.instructions),
            f"{row.instructions / row.macs:.3f}",
            count_text(theirs.instructions.get(row.name)),
            *map(ratio_text, (measured, must, goal)),
            reached_text(measured, must, goal),
        )
    return table


def cycle_table(rows: Sequence[Measurement], peers: PeersByCore) -> Table:
    """Return modelled cycles beside the peers' modelled ones and the best silicon."""
    table = new_table(
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
            count_text(row.cycles),
            f"{row.cycles / row.instructions:.2f}",
            *(count_text(modelled), ratio_text(ratio(row.cycles, modelled))),
            *(count_text(silicon), ratio_text(ratio(row.cycles, silicon))),
        )
    return table


def memory_table(rows: Sequence[Measurement], peers: PeersByCore) -> Table:
    """Return arena, stack, flash without constants, and constants beside the peers' bytes."""
    sizes = ("arena", "stack", "firmware", "constants")
    columns = [title for size in sizes for title in (size, "peers", "ratio")]
    table = new_table("bytes", ("core", "network"), (*columns, "of int8", "network's code"))
    for row in rows:
        theirs = peers[row.core]
        pairs = (
            (row.arena_bytes, theirs.arena_bytes.get(row.name)),
            (row.stack_bytes, theirs.stack_bytes.get(row.name)),
            (row.firmware_bytes, theirs.firmware_bytes.get(row.name)),
            (row.constant_bytes, theirs.model_bytes.get(row.name)),
        )
        cells = [
            cell for pair in pairs for cell in (*map(count_text, pair), ratio_text(ratio(*pair)))
        ]
        packed = ratio(row.constant_bytes, row.plain_constant_bytes)
        table.add_row(row.core, row.name, *cells, ratio_text(packed), count_text(row.code_bytes))
    return table


def shape_table(rows: Sequence[Measurement], peers: PeersByCore) -> Table:
    """Return instructions per MAC of single layers."""
    table = new_table(
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
            count_text(row.instructions),
            f"{measured:.3f}",
            "-" if theirs is None else f"{theirs:.3f}",
            ratio_text(ratio(measured, theirs)),
            "-" if row.cycles is None else f"{row.cycles / row.macs:.3f}",
            count_text(row.code_bytes),
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


def new_table(title: str, names: Sequence[str], numbers: Sequence[str]) -> Table:
    """Return an empty table.

    Args:
        title: Above it.
        names: Columns of text, on the left.
        numbers: Columns of numbers, aligned to the right.
    """
    table = Table(*names, title=title, title_justify="left", box=None)
    for number in numbers:
        table.add_column(number, justify="right")
    return table


def reached_text(measured: float | None, must: float | None, goal: float | None) -> Text:
    """Return which of two ratios a measured one reaches."""
    if measured is None or (must is None and goal is None):
        return Text("-")
    if goal is not None and measured <= goal:
        return Text("goal", style="green")
    if must is not None and measured <= must:
        return Text("must", style="green")
    return Text("no", style="red")


def count_text(value: float | None) -> str:
    """Return a number with separators, a dash for none."""
    return "-" if value is None else f"{value:,.0f}"


def ratio_text(value: float | None) -> str:
    """Return a ratio with three decimals, a dash for none."""
    return "-" if value is None else f"{value:.3f}"
