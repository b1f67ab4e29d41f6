"""Run a build of the harness: as a library in this process, or as a program."""

import ctypes
import itertools
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from cnnc.errors import CnncError
from cnnc.ir.types import I8
from cnnc.simulator.faults import EngineFailedError
from cnnc.simulator.records import STATUS_TEXTS, RecordLayout, Records

_TIMEOUT_SECONDS = 3600


class RunError(CnncError):
    """The compiled program crashed or reported an error."""


class Runner(Protocol):
    """Something that answers a request of the harness."""

    def run(self, layout: RecordLayout, inputs: Mapping[str, I8]) -> Records:
        """Run all samples.

        Args:
            layout: What to record.
            inputs: Value key of each graph input -> int8 (S, *storage_shape).

        Raises:
            RunError: The program failed.
        """
        ...


class LibraryRunner:
    """Calls a shared library; samples are spread over the machine's cores.

    Args:
        library: Built by ``build_library``.
    """

    def __init__(self, library: Path) -> None:
        self._run = ctypes.CDLL(str(library)).cnnc_harness_run
        self._run.restype = ctypes.c_int32
        self._run.argtypes = [ctypes.c_void_p] * 3
        self._threads = os.cpu_count() or 1

    def run(self, layout: RecordLayout, inputs: Mapping[str, I8]) -> Records:
        """Run all samples."""
        packed = layout.pack_inputs(inputs)
        record_bytes = layout.record_type().itemsize
        records = np.empty((len(packed), record_bytes), dtype=np.uint8)
        bounds = np.linspace(0, len(packed), self._threads + 1).astype(int)
        parts = list(itertools.pairwise(bounds))
        # ctypes lets go of the interpreter lock, and each call has its own arena.
        with ThreadPoolExecutor(self._threads) as pool:
            futures = [
                pool.submit(self._run_part, layout, packed[a:b], records[a:b]) for a, b in parts
            ]
            for future in futures:
                _check_status(future.result())
        return layout.parse(records.reshape(-1).data, len(packed))

    def _run_part(
        self,
        layout: RecordLayout,
        inputs: I8,
        records: "np.ndarray[tuple[int, int], np.dtype[np.uint8]]",
    ) -> int:
        request = layout.request(len(inputs))
        return int(self._run(request.ctypes.data, inputs.ctypes.data, records.ctypes.data))


@dataclass(frozen=True)
class ProgramRunner:
    """Starts a program for each call, under an emulator where one is given.

    Attributes:
        program: Built by ``build_program``.
        emulator: Command that the program's path is appended to; empty for this machine.
    """

    program: Path
    emulator: tuple[str, ...] = ()

    def run(self, layout: RecordLayout, inputs: Mapping[str, I8]) -> Records:
        """Run all samples."""
        packed = layout.pack_inputs(inputs)
        with tempfile.TemporaryDirectory(prefix="cnnc-run-") as folder:
            request, records = Path(folder, "request"), Path(folder, "records")
            request.write_bytes(layout.request(len(packed)).tobytes() + packed.tobytes())
            self._call([str(request), str(records)])
            return layout.parse(records.read_bytes(), len(packed))

    def _call(self, arguments: Sequence[str]) -> None:
        command = [*self.emulator, str(self.program), *arguments]
        try:
            done = subprocess.run(  # noqa: S603 (built by us a moment ago)
                command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineFailedError(f"'{command[0]}' failed: {error}", where=command[0]) from error
        _check_status(done.returncode, done.stderr)


def _check_status(status: int, stderr: str = "") -> None:
    if status == 0:
        return
    reason = STATUS_TEXTS.get(status, f"it ended with status {status}")
    if status not in STATUS_TEXTS or stderr:
        reason = f"{reason}\n{stderr.strip()}" if stderr else reason
    raise RunError(
        f"the compiled model failed: {reason}",
        "compile the model again with cnnc; if that does not help, report it",
    )
