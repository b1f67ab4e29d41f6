"""Which packages know which: a cycle would make two of them one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNKNOWN_TO = [
    ("compiler/cnnc/deploy", "cnnc.codegen"),
    ("compiler/cnnc/deploy", "cnnc.simulator"),
    ("compiler/cnnc/codegen", "cnnc.simulator"),
    ("compiler/cnnc", "cnnc.cli"),
    ("bench", "tests"),
    ("compiler/cnnc", "bench"),
    ("compiler/cnnc", "tests"),
]
ALLOWED = {"compiler/cnnc/__main__.py"}


def _imported(file: Path) -> Iterator[str]:
    for statement in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            yield statement.module or ""


@pytest.mark.parametrize(("folder", "package"), UNKNOWN_TO)
def test_package_is_unknown_to_a_lower_one(folder: str, package: str) -> None:
    inside = ROOT / "compiler" / package.replace(".", "/")
    files = [file for file in (ROOT / folder).rglob("*.py") if inside not in file.parents]
    assert files
    found = [
        (file.relative_to(ROOT).as_posix(), name)
        for file in files
        for name in _imported(file)
        if f"{name}.".startswith(f"{package}.")
    ]
    assert [(file, name) for file, name in found if file not in ALLOWED] == []
