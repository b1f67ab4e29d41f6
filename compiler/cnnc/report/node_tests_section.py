"""The part of docs/operators.md on ONNX's own node tests, from bench/onnx_node_tests.json."""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[3] / "bench" / "onnx_node_tests.json"
"""Written by ``python -m bench.onnx_node_tests --update``; only a checkout has it."""

_IN_A_ROW = 4


def node_tests_section(results: Path = RESULTS) -> list[str]:
    """Return the lines of the section; none where the results are not there."""
    if not results.is_file():
        return []
    found: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    passed, applicable = found["passed"], found["applicable"]
    return [
        "## ONNX's own node tests",
        "",
        f"The `onnx` package ({found['onnx']}) has tests of every operator. Those of the operators",
        "above whose tensors are static and hold numbers of float32 or integers are compiled with",
        "`--dtype float32`, built for the host, run on the test's inputs and compared with its",
        "outputs, within its own tolerance; a test is also run through the NumPy reference, which",
        "must give the same bits. Expanded tests, in which primitive operators stand for one,",
        "count where all of these are supported. `python -m bench.onnx_node_tests` runs them.",
        "",
        f"**{passed} of {applicable} pass.** In {len(found['bound'])} of them inputs that the",
        "compiler has to know (shapes, axes, pads, weights) became constants of the model.",
        "",
        *_operator_rows(found["operators"]),
        "",
        *_exceptions(found["exceptions"]),
        *_not_applicable(found["not_applicable"]),
    ]


def _operator_rows(operators: dict[str, dict[str, int]]) -> list[str]:
    """Return the counts, several operators in a row."""
    cells = [
        f"{name} | {counts['passed']} of {counts['applicable']}"
        for name, counts in operators.items()
    ]
    cells += [" | "] * (-len(cells) % _IN_A_ROW)
    rows = [cells[begin : begin + _IN_A_ROW] for begin in range(0, len(cells), _IN_A_ROW)]
    return [
        "| " + " | ".join(["operator | pass"] * _IN_A_ROW) + " |",
        "|" + "---|---|" * _IN_A_ROW,
        *("| " + " | ".join(row) + " |" for row in rows),
    ]


def _exceptions(reasons: dict[str, list[str]]) -> list[str]:
    if not reasons:
        return []
    lines = [f"- {reason}: {', '.join(tests)}" for reason, tests in reasons.items()]
    return ["Those that do not, and why:", "", *lines, ""]


def _not_applicable(reasons: dict[str, int]) -> list[str]:
    if not reasons:
        return []
    listed = ", ".join(f"{reason} ({count})" for reason, count in reasons.items())
    return [f"Not counted, for what they are about: {listed}.", ""]
