"""What other libraries need for the same work on Cortex-M, and what this project asks of itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PEERS_FILE = Path(__file__).parent / "peers_cortex_m.json"

Figures = Mapping[str, float]
"""Name of a network or layer shape -> figure."""


@dataclass(frozen=True)
class Peers:
    """Figures for one core; empty where nothing is known.

    Attributes:
        instructions: Of one inference.
        modelled_cycles: Of one inference, with zero wait states.
        silicon_cycles: Best published measurement.
        instructions_per_mac: Of single layers, by shape.
        arena_bytes: RAM for activations.
        stack_bytes: Most that is on the stack.
        firmware_bytes: Flash of the whole program without the model.
        model_bytes: The model in flash.
        must: Ratio of instructions that has to be reached.
        goal: Ratio that is aimed at.
    """

    instructions: Figures = field(default_factory=dict)
    modelled_cycles: Figures = field(default_factory=dict)
    silicon_cycles: Figures = field(default_factory=dict)
    instructions_per_mac: Figures = field(default_factory=dict)
    arena_bytes: Figures = field(default_factory=dict)
    stack_bytes: Figures = field(default_factory=dict)
    firmware_bytes: Figures = field(default_factory=dict)
    model_bytes: Figures = field(default_factory=dict)
    must: Figures = field(default_factory=dict)
    goal: Figures = field(default_factory=dict)


def peers() -> dict[str, Peers]:
    """Return the peers' figures by the name of the core, in the order of the file."""
    cores: Mapping[str, Any] = json.loads(PEERS_FILE.read_text(encoding="utf-8"))["cores"]
    return {core: Peers(**figures) for core, figures in cores.items()}


def sources() -> dict[str, str]:
    """Return where each kind of figure comes from: which library, version, compiler."""
    document: Mapping[str, Any] = json.loads(PEERS_FILE.read_text(encoding="utf-8"))
    return {figure: str(source) for figure, source in document["sources"].items()}


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """Return ours / theirs; None if either is not known."""
    return None if ours is None or theirs is None else ours / theirs
