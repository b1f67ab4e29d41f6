"""Count executed instructions with a plugin of QEMU: exact, and the same in every run.

The plugin is runtime/counting/cnnc_count.c; this machine's compiler builds it where it is used.
"""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cnnc.deploy.toolchain import find_compiler, host_core
from cnnc.errors import InternalError
from cnnc.resources import tree
from cnnc.simulator.faults import EngineFailedError

_SOURCE = "cnnc_count.c"
_FLAGS = ("-std=c99", "-O2", "-shared", "-fPIC", "-fvisibility=hidden")
_TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class Executions:
    """What happened to one instruction in an interval.

    Attributes:
        executed: How often it was executed.
        left: How often the next instruction was not the one behind it; for a branch, how often
            it was taken.
        pieces: Further accesses that a 32-bit bus needs where addresses were not aligned; 0 if
            that was not watched.
    """

    executed: int
    left: int
    pieces: int = 0

    def __add__(self, other: "Executions") -> "Executions":
        """Return what happened in both of two intervals."""
        return Executions(
            self.executed + other.executed, self.left + other.left, self.pieces + other.pieces
        )


@dataclass(frozen=True)
class Interval:
    """From one marked instruction, which is part of it, to the next.

    Attributes:
        mark: Address of the mark that began it; 0 for the start of the program.
        sites: Address of each instruction that was executed -> what happened to it.
    """

    mark: int
    sites: Mapping[int, Executions]

    @property
    def instructions(self) -> int:
        """Number of executed instructions."""
        return sum(site.executed for site in self.sites.values())


def build_plugin(folder: Path) -> Path:
    """Build the plugin for this machine's QEMU.

    Args:
        folder: Where to; exists.

    Raises:
        ToolchainError: No compiler for this machine is installed.
        EngineFailedError: The compiler fails.
    """
    compiler = find_compiler(host_core())
    source, plugin = folder / _SOURCE, folder / "cnnc_count.so"
    source.write_bytes((tree("runtime") / "counting" / _SOURCE).read_bytes())
    command = [compiler.path or compiler.command, *_FLAGS, str(source), "-o", str(plugin)]
    try:
        done = subprocess.run(  # noqa: S603 (a compiler found on the PATH)
            command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineFailedError(f"'{command[0]}' failed: {error}", where=command[0]) from error
    if done.returncode != 0:
        raise EngineFailedError(
            f"{compiler.command} cannot build the counting plugin:\n{done.stderr.strip()[:500]}",
            "'cnnc doctor' prints how to install the tools",
            compiler.command,
        )
    return plugin


def plugin_arguments(
    plugin: Path, counts: Path, marks: Iterable[int], *, unaligned: bool
) -> tuple[str, ...]:
    """Return the arguments that make any QEMU, of a whole machine or a process, count.

    Args:
        plugin: What ``build_plugin`` returned.
        counts: File that the plugin writes.
        marks: Addresses that divide the run into intervals.
        unaligned: Watch memory accesses too, which takes about as long again.
    """
    options = [_quoted(plugin), f"out={_quoted(counts)}", *(f"mark={mark:x}" for mark in marks)]
    options += ["unaligned=1"] if unaligned else []
    return ("-plugin", ",".join(options))


def read_counts(counts: Path) -> tuple[Interval, ...]:
    """Return the intervals of a run, in order.

    Args:
        counts: Written by the plugin.

    Raises:
        InternalError: The file is not what the plugin writes.
    """
    intervals: list[Interval] = []
    sites: dict[int, Executions] = {}
    for line in counts.read_text(encoding="ascii").splitlines():
        fields = line.split()
        if fields[0] == "=":
            sites = {}
            intervals.append(Interval(int(fields[1], 16), sites))
            continue
        if len(fields) != 4 or not intervals:
            raise InternalError(f"the counting plugin wrote '{line}'")
        sites[int(fields[0], 16)] = Executions(*map(int, fields[1:]))
    return tuple(intervals)


def _quoted(path: Path) -> str:
    """Return a path as QEMU reads it in a list of options."""
    return str(path).replace(",", ",,")
