"""Where output goes: results to stdout, everything else to stderr."""

import json
import logging
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from rich.console import Console as RichConsole
from rich.console import RenderableType
from rich.logging import RichHandler
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from cnnc.errors import CnncError, UsageError

_FILE_WIDTH = 200


class _PipedConsole(RichConsole):
    """A console that leaves the exit status of a broken pipe to the program."""

    def on_broken_pipe(self) -> None:
        """Raise instead of exiting with 1, which means that outputs differ."""
        raise BrokenPipeError


@contextmanager
def _reported_faults() -> Generator[None]:
    """Turn a full disk behind stdout into a message; a broken pipe is the caller's affair."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(
            f"standard output cannot be written: {error.strerror or error}",
            "give it a place with room",
            "stdout",
        ) from error


class Console:
    """Prints results as text or as exactly one JSON document.

    Args:
        as_json: Whether ``--json`` was given.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = _rich_console(stderr=False)
        self._err = _rich_console(stderr=True)

    def result(self, document: Mapping[str, Any], *renderables: RenderableType) -> None:
        """Print a command's result: the document with ``--json``, else the renderables.

        Text may come from a model or a path: nothing in it, nor in a table's cells, is markup.
        """
        with _reported_faults():
            if self.as_json:
                sys.stdout.write(json.dumps(document, indent=2) + "\n")
            else:
                for renderable in renderables:
                    self._out.print(renderable)
            sys.stdout.flush()

    def text(self, text: str) -> None:
        """Print plain text that carries no markup to stdout (stderr with ``--json``)."""
        (self._err if self.as_json else self._out).print(text)

    def warning(self, text: str) -> None:
        """Print a warning to stderr."""
        self._labelled("warning:", "yellow", text)

    def error(self, error: CnncError) -> None:
        """Print an error, with its remedy, to stderr and with ``--json`` to stdout too."""
        self._labelled("error:", "red", error.problem)
        if error.remedy:
            self._labelled("remedy:", "green", error.remedy)
        if self.as_json:
            body = {"problem": error.problem, "remedy": error.remedy, "where": error.where}
            # Nothing can be told there if stdout itself is the fault.
            with suppress(OSError):
                sys.stdout.write(json.dumps({"error": body}, indent=2) + "\n")
                sys.stdout.flush()

    @contextmanager
    def log_on_stderr(self, *, verbose: bool) -> Generator[None]:
        """Show the package's log while the block runs: warnings, or every stage if verbose."""
        handler = RichHandler(console=self._err, show_time=False, show_path=False, markup=False)
        logger = logging.getLogger("cnnc")
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.INFO if verbose else logging.WARNING)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)

    @contextmanager
    def progress(self) -> Generator["StageProgress"]:
        """Show progress bars on stderr while the block runs, if stderr is a terminal."""
        bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._err,
            transient=True,
            disable=not self._err.is_terminal,
        )
        with bars:
            yield StageProgress(bars)

    def _labelled(self, label: str, style: str, text: str) -> None:
        self._err.print(label, style=style, end=" ")
        self._err.print(text)


def _rich_console(*, stderr: bool) -> RichConsole:
    console = _plain_console(stderr=stderr, width=None)
    # A pipe or a file has no width: nothing is to be cut there.
    return console if console.is_terminal else _plain_console(stderr=stderr, width=_FILE_WIDTH)


def _plain_console(*, stderr: bool, width: int | None) -> RichConsole:
    """Return a console that prints text as it is; colours come from styles alone."""
    return _PipedConsole(
        stderr=stderr, width=width, markup=False, emoji=False, highlight=False, soft_wrap=True
    )


class StageProgress:
    """Progress bars, one a stage."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report that ``done`` of ``total`` steps of a stage are behind us."""
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
        self._bars.update(self._tasks[stage], completed=done, total=total)
