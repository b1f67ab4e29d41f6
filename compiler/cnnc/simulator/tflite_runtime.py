"""Find a TFLite runtime and run a file in it, one sample after the other."""

import importlib
import importlib.metadata
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import Any, Literal

import numpy as np

from cnnc.errors import ToolchainError
from cnnc.ir.types import AnyArray
from cnnc.simulator.faults import EngineFailedError

RuntimeName = Literal["tflite-runtime", "ai-edge-litert"]
Kernels = Literal["reference", "default"]

_STDERR = 2

_MODULES: Mapping[RuntimeName, str] = {
    "tflite-runtime": "tflite_runtime.interpreter",
    "ai-edge-litert": "ai_edge_litert.interpreter",
}


@dataclass(frozen=True)
class TfliteRuntime:
    """An installed runtime.

    Attributes:
        name: The package.
        version: Its version.
        module: Its ``interpreter`` module.
    """

    name: RuntimeName
    version: str
    module: Any

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def installed_runtimes() -> tuple[TfliteRuntime, ...]:
    """Return the runtimes that can be loaded, the one with the reference's arithmetic first."""
    found = (_load(name, module) for name, module in _MODULES.items())
    return tuple(runtime for runtime in found if runtime is not None)


def find_runtime(allowed: Sequence[RuntimeName]) -> TfliteRuntime:
    """Return the first installed runtime among the allowed ones.

    Raises:
        ToolchainError: None of them can be loaded.
    """
    for runtime in installed_runtimes():
        if runtime.name in allowed:
            return runtime
    raise ToolchainError(
        f"no TFLite runtime ({' or '.join(allowed)}) can be loaded",
        f"run: pip install {allowed[-1]}",
        "tflite",
    )


class TfliteSession:
    """A .tflite file, ready to run.

    Args:
        runtime: Who runs it.
        data: The file.
        kernels: TFLite's reference kernels, or the default ones (XNNPACK in ai-edge-litert).

    Raises:
        EngineFailedError: The runtime refuses the file.
    """

    def __init__(self, runtime: TfliteRuntime, data: bytes, kernels: Kernels = "reference") -> None:
        self._runtime = runtime
        resolvers = runtime.module.OpResolverType
        resolver = resolvers.BUILTIN_REF if kernels == "reference" else resolvers.AUTO
        try:
            with _quiet_stderr():
                self._interpreter = runtime.module.Interpreter(
                    model_content=data, experimental_op_resolver_type=resolver, num_threads=1
                )
                self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise self._failure("refuses the model", error) from error
        self._inputs = [entry["index"] for entry in self._interpreter.get_input_details()]
        self._outputs = [entry["index"] for entry in self._interpreter.get_output_details()]

    def run(self, inputs: Sequence[AnyArray]) -> Iterator[list[AnyArray]]:
        """Yield the outputs of each sample, in the subgraph's order.

        Args:
            inputs: For each input of the subgraph (S, *shape).

        Raises:
            EngineFailedError: The runtime takes no such input, or fails.
        """
        for sample in zip(*inputs, strict=True):
            try:
                found = self._run_one(sample)
            except (RuntimeError, ValueError) as error:
                raise self._failure("fails at the model", error) from error
            yield found

    def _run_one(self, sample: Sequence[AnyArray]) -> list[AnyArray]:
        for index, array in zip(self._inputs, sample, strict=True):
            # ascontiguousarray would give a tensor without axes one.
            self._interpreter.set_tensor(index, np.require(array, requirements="C"))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]

    def _failure(self, what: str, error: Exception) -> EngineFailedError:
        return EngineFailedError(
            f"{self._runtime} {what}: {error}", "report this with the model", "tflite"
        )


@contextmanager
def _quiet_stderr() -> Generator[None]:
    """Drop what the runtime's C++ writes to file descriptor 2; its errors are exceptions too."""
    try:
        kept = os.dup(_STDERR)
    except OSError:
        # The process has no standard error: there is nothing to keep quiet.
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(nowhere)
        os.close(kept)


def _load(name: RuntimeName, module: str) -> TfliteRuntime | None:
    try:
        # With NumPy 2, tflite-runtime prints a page of advice before it fails.
        with redirect_stderr(StringIO()):
            loaded = importlib.import_module(module)
        return TfliteRuntime(name, importlib.metadata.version(name), loaded)
    except (ImportError, AttributeError):
        return None
