"""The table of ``cnnc simulate --profile``."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table


def profile_table(target: Mapping[str, Any]) -> Table:
    """Return what each layer costs, and the whole inference below.

    Args:
        target: JSON object of the target engine, with ``profile``. Milliseconds are shown where
            cycles are modelled and the board has a clock.
    """
    total = int(target["instructions_per_inference"])
    layers = target["profile"]
    clock = int(target["clock_hz"] or 0)
    has_time = clock > 0 and target["cycles_per_inference"] is not None
    table = Table("layer", "op", "kernel", box=None, show_footer=True)
    table.columns[0].footer = "inference"
    columns = {
        "MACs": f"{sum(layer['macs'] for layer in layers):,}",
        "instructions": f"{total:,}",
        "instr/MAC": _per_mac(_ratio(total, sum(layer["macs"] for layer in layers))),
        "cycles": _count(target["cycles_per_inference"]),
        **({"ms": _milliseconds(target["cycles_per_inference"], clock)} if has_time else {}),
        "share": "100.0 %",
    }
    for title, footer in columns.items():
        table.add_column(title, footer, justify="right")
    for layer in layers:
        table.add_row(
            layer["layer"],
            layer["op"],
            layer["kernel"],
            f"{layer['macs']:,}",
            f"{layer['instructions']:,}",
            _per_mac(layer["instructions_per_mac"]),
            _count(layer["cycles"]),
            *([_milliseconds(layer["cycles"], clock)] if has_time else []),
            f"{100 * layer['share']:.1f} %",
        )
    return table


def _ratio(instructions: int, macs: int) -> float | None:
    return instructions / macs if macs else None


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _milliseconds(cycles: int | None, clock_hz: int) -> str:
    return "-" if cycles is None else f"{1e3 * cycles / clock_hz:,.3f}"


def _per_mac(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
