"""Call compilers and linkers, and say whose fault it is when they fail."""

import logging
import os
import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from cnnc.errors import CnncError, MemoryFitError
from cnnc.simulator.faults import EngineFailedError, FaultyCodeError
from cnnc.simulator.toolsets import Toolset

logger = logging.getLogger(__name__)

_TIMEOUT_SECONDS = 600
_PARALLEL_COMPILERS = 2
_SHOWN_LINES = 5
_SOURCES = {".c", ".S"}

_CODE_FAULT = re.compile(r":\d+: (fatal )?error: |undefined reference|multiple definition", re.I)
_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes")
_INSTALLATION_FAULT = re.compile(
    r"fatal error: '?(assert|std\w+|string)\.h'?[: ]"
    r"|cannot find (-l|lib|crt)|cannot read spec|cannot execute|error trying to exec"
    r"|unrecognized (command[- ]line )?option|bad value .* for|unknown (target|argument)"
    r"|internal compiler error|[Kk]illed|No space left"
)
"""What no file of a project brings about."""


@cache
def machine_of(compiler: str) -> str:
    """Return what a compiler calls the machine that it compiles for; empty if it does not say.

    Args:
        compiler: Its path.
    """
    done = subprocess.run(  # noqa: S603 (a compiler found on the PATH)
        [compiler, "-dumpmachine"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def link(toolset: Toolset, objects: Sequence[Path], flags: Sequence[str], output: Path) -> None:
    """Link a program.

    Args:
        toolset: With what.
        objects: What to link.
        flags: Arguments beside those of the toolset.
        output: The program.

    Raises:
        EngineFailedError: The linker fails.
        FaultyCodeError: A symbol is missing or defined twice.
        MemoryFitError: The program does not fit the memory of its linker script.
    """
    names = map(str, objects)
    _call([toolset.compiler, *names, *flags, *toolset.link_flags, "-o", str(output)])


def compile_files(
    toolset: Toolset, sources: Sequence[Path], flags: Sequence[str], folder: Path
) -> tuple[Path, ...]:
    """Compile files, a few at the same time.

    Args:
        toolset: With what.
        sources: C and assembly; no two have the same stem.
        flags: Arguments beside those of the toolset.
        folder: Where the object files go; exists.

    Raises:
        EngineFailedError: The compiler fails.
        FaultyCodeError: A file does not compile.
    """
    objects = tuple(folder / f"{source.stem}.o" for source in sources)
    commands = [
        [toolset.compiler, *toolset.compile_flags, *flags, "-c", str(source), "-o", str(target)]
        for source, target in zip(sources, objects, strict=True)
    ]
    with ThreadPoolExecutor(_PARALLEL_COMPILERS) as pool:
        list(pool.map(_call, commands))
    return objects


def _call(command: Sequence[str]) -> None:
    logger.debug("%s", " ".join(command))
    try:
        done = subprocess.run(  # noqa: S603 (a compiler found on the PATH)
            command,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
            # Messages are read below, so they must not be translated.
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFailedError(f"'{command[0]}' failed: {error}", where=command[0]) from error
    if done.returncode == 0:
        return
    raise _compiler_fault(command, done.stderr)


def _compiler_fault(command: Sequence[str], stderr: str) -> CnncError:
    """Return whose fault it is: the project's, or that of an installation that lacks something."""
    compiler = Path(command[0]).name
    lines = stderr.strip().splitlines()
    excess = _OVERFLOW.findall(stderr)
    if excess:
        wanted = " and ".join(f"{int(size):,} more bytes of {region}" for region, size in excess)
        return MemoryFitError(
            f"the program needs {wanted}",
            "choose a smaller network, or a board with more memory",
            "firmware",
        )
    if _INSTALLATION_FAULT.search(stderr) or not _is_of_project(command, stderr):
        return EngineFailedError(
            f"{compiler} failed:\n" + "\n".join(lines[:_SHOWN_LINES]),
            "'cnnc doctor' prints how to install the tools",
            compiler,
        )
    faults = [line for line in lines if _CODE_FAULT.search(line)] or lines
    does = "compile" if "-c" in command else "link"
    return FaultyCodeError(
        f"the emitted C does not {does} with {compiler}:\n" + "\n".join(faults[:_SHOWN_LINES]),
        "compile the model again with cnnc; if that does not help, report it",
        "src" if "-c" in command else "firmware",
    )


def _is_of_project(command: Sequence[str], stderr: str) -> bool:
    """Whether the C is at fault, or a message names a file that the command was given."""
    if _CODE_FAULT.search(stderr):
        return True
    # A linker script's own checks fail without its name.
    return "-T" in command or any(
        word in stderr for word in command[1:] if Path(word).suffix in _SOURCES
    )
