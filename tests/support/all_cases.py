"""Every case in the tables of tests/ops."""

import importlib
from collections.abc import Iterator
from pathlib import Path

from tests.support.op_cases import OpCase

OP_TESTS = Path(__file__).parents[1] / "ops"


def all_cases() -> Iterator[OpCase]:
    """Yield the cases of all operators, by file."""
    for path in sorted(OP_TESTS.glob("test_*.py")):
        if path.stem != "test_conformance":
            yield from _cases_in(vars(importlib.import_module(f"tests.ops.{path.stem}")))


def _cases_in(found: object) -> Iterator[OpCase]:
    """Yield the cases in a module's tables, wherever they stand in a row."""
    if isinstance(found, OpCase):
        yield found
    elif isinstance(found, dict):
        for entry in found.values():
            yield from _cases_in(entry)
    elif isinstance(found, list | tuple):
        for entry in found:
            yield from _cases_in(entry)
