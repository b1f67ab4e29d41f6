"""Run a build of the harness in processes of its own, so that no fault of the C ends cnnc."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import I8, Tensor, elements
from cnnc.simulator.faults import EngineFailedError, FaultyCodeError
from cnnc.simulator.records import (
    MACHINE_STATUSES,
    NO_KERNELS_STATUS,
    STATUS_TEXTS,
    RecordLayout,
    Records,
)

_SLOWEST_OPERATIONS_PER_SECOND = 2_000_000
"""Far below any emulator's or sanitizer's pace: what takes longer hangs."""

_SHOWN_LINES = 8
_EMULATORS = 2
"""How many run at the same time."""

_REQUEST, _RECORDS, _STACK = "request", "records", "stack"
"""Files in a process's folder; runtime/harness/cnnc_harness_bare.c names them too."""

_LATEST_LAYER = re.compile(r"fault .*, after layer (-?\d+)")
_FINDING = re.compile(r"(ERROR: \w*Sanitizer|runtime error): ")


class Runner(Protocol):
    """Something that answers a request of the harness."""

    def run(self, layout: RecordLayout, inputs: Mapping[str, Tensor]) -> Records:
        """Run all samples.

        Args:
            layout: What to record.
            inputs: Value key of each graph input -> (S, *storage_shape).

        Raises:
            FaultyCodeError: The emitted C crashed, hung or reported an error.
            EngineFailedError: The emulator or this machine failed.
        """
        ...


@dataclass(frozen=True)
class ProgramRunner:
    """Spreads the samples over one process for each core of this machine.

    Attributes:
        program: Built by ``build_program``.
        emulator: Command that the program's path is appended to; empty for this machine.
        grace_seconds: Time limit of a process, beside what its arithmetic takes at most.
        bare: Whether the program has no operating system: it knows the names of its files, and
            measures its stack.
        kernel_set: Number of the kernels that are used, 0 for those of every processor of the
            target; None for the best that the processor has.
    """

    program: Path
    emulator: tuple[str, ...] = ()
    grace_seconds: float = 60.0
    bare: bool = False
    kernel_set: int | None = None

    def has_kernels(self) -> bool:
        """Whether the processor runs the wanted kernels.

        Raises:
            FaultyCodeError: The program crashed, hung or failed where it only asks that.
            EngineFailedError: The emulator or this machine failed.
        """
        command = [*self.emulator, str(self.program.resolve()), str(self.kernel_set)]
        done = _finished(command, None, self.grace_seconds)
        if done.returncode not in (0, NO_KERNELS_STATUS):
            raise _fault(done.returncode, done.stderr.decode(errors="replace"), None)
        return done.returncode == 0

    def run(self, layout: RecordLayout, inputs: Mapping[str, Tensor]) -> Records:
        """Run all samples."""
        packed = layout.pack_inputs(inputs)
        most = _EMULATORS if self.bare else os.cpu_count() or 1
        parts = np.array_split(packed, min(most, len(packed)))
        with ThreadPoolExecutor(len(parts)) as pool:
            answers = list(pool.map(partial(self._answer, layout), parts))
        records = layout.parse(b"".join(answer.records for answer in answers), len(packed))
        stacks = [answer.stack_bytes for answer in answers if answer.stack_bytes is not None]
        return replace(records, stack_bytes=max(stacks, default=None))

    def with_emulator_arguments(self, arguments: Sequence[str]) -> "ProgramRunner":
        """Return the same with further arguments for the emulator itself; there must be one."""
        return replace(self, emulator=(self.emulator[0], *arguments, *self.emulator[1:]))

    def _answer(self, layout: RecordLayout, packed: I8) -> "_Answer":
        with tempfile.TemporaryDirectory(prefix="cnnc-run-") as name:
            folder = Path(name)
            with (folder / _REQUEST).open("wb") as stream:
                stream.write(layout.request(len(packed)).tobytes())
                stream.write(packed.data)
            arguments = [] if self.bare else [_REQUEST, _RECORDS]
            arguments += [] if self.kernel_set is None else [str(self.kernel_set)]
            command = [*self.emulator, str(self.program.resolve()), *arguments]
            operations = len(packed) * _operations(layout.model)
            limit = self.grace_seconds + operations / _SLOWEST_OPERATIONS_PER_SECOND
            _call(command, folder, limit, layout.model)
            answer = _read_answer(folder)
        if len(answer.records) != len(packed) * layout.record_type().itemsize:
            raise _faulty("it ended before all samples were recorded")
        return answer


@dataclass(frozen=True)
class _Answer:
    """What one process left: records, and the stack that it measured."""

    records: bytes
    stack_bytes: int | None


def _read_answer(folder: Path) -> _Answer:
    records, stack = folder / _RECORDS, folder / _STACK
    if not records.is_file():
        return _Answer(b"", None)
    measured = int.from_bytes(stack.read_bytes(), "little") if stack.is_file() else None
    return _Answer(records.read_bytes(), measured)


def _operations(model: QuantModel) -> int:
    """Return multiplications and elements of one inference."""
    shapes = {name: value.shape for name, value in model.values.items()}
    shapes |= {name: array.shape for name, array in model.constants.items()}
    macs = sum(node.op.macs([shapes[name] for name in node.inputs]) for node in model.nodes)
    return macs + sum(elements(value.shape) for value in model.values.values())


def _call(command: list[str], folder: Path, limit_seconds: float, model: QuantModel) -> None:
    done = _finished(command, folder, limit_seconds)
    if done.returncode != 0:
        raise _fault(done.returncode, done.stderr.decode(errors="replace"), model)


def _finished(
    command: list[str], folder: Path | None, limit_seconds: float
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 (built by us a moment ago)
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limit_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _faulty(f"it does not end; stopped after {limit_seconds:.0f} s") from error
    except OSError as error:
        raise EngineFailedError(f"'{command[0]}' failed: {error}", where=command[0]) from error


def _fault(
    status: int, stderr: str, model: QuantModel | None
) -> FaultyCodeError | EngineFailedError:
    """Return what a status other than 0 means; without a model no layer is to blame."""
    lines = stderr.strip().splitlines()
    finding = next((i for i, line in enumerate(lines) if _FINDING.search(line)), None)
    # The sanitizers end a program with status 1, which the harness has another use for.
    if finding is not None:
        return _faulty("\n".join(lines[finding : finding + _SHOWN_LINES]))
    if status in MACHINE_STATUSES:
        return EngineFailedError(f"the harness failed: {STATUS_TEXTS[status]}", "free some memory")
    reason = STATUS_TEXTS.get(status, f"it ended with status {status}")
    if status < 0:
        reason = f"it crashed: {signal.strsignal(-status)}"
    layer = _faulty_layer(stderr, model) if model else None
    reason += f" in layer '{layer}'" if layer else ""
    return _faulty("\n".join([reason, *lines[:_SHOWN_LINES]]), layer or "src")


def _faulty_layer(message: str, model: QuantModel) -> str | None:
    """Return the layer that a fault's message points at; None if it does not."""
    found = _LATEST_LAYER.search(message)
    if found is None:
        return None
    layer = int(found[1]) + 1
    return model.nodes[layer].name if layer < len(model.nodes) else None


def _faulty(reason: str, where: str = "src") -> FaultyCodeError:
    return FaultyCodeError(
        f"the emitted C failed: {reason}",
        "compile the model again with cnnc; if that does not help, report it",
        where,
    )
