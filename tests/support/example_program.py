"""Build the example program of an emitted project, and run it on files."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.emitted import C_FLAGS, SANITIZERS, include_flags, run_tool, sources


def build_example(project: Path, *flags: str) -> Path:
    """Return the example program, built under the sanitizers."""
    program = project / "build" / "checked"
    program.parent.mkdir(exist_ok=True)
    files = [project / "main.c", *(project / "example").glob("*.c"), *sources(project)]
    compiler = ["gcc", "-O1", *C_FLAGS, *SANITIZERS, *flags, *include_flags([project])]
    run_tool([*compiler, *files, "-o", program])
    return program


def run_example(program: Path, *arguments: object) -> list[list[str]]:
    """Return the words of every line that the program prints."""
    text = run_tool([program, *arguments]).decode()
    return [line.split() for line in text.splitlines()]


def complaint_of(program: Path, arguments: Sequence[object]) -> str:
    """Return what the program says of a fault; it prints nothing else and exits with 1."""
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    return done.stderr
