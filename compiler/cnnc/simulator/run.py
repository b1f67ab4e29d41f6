"""``cnnc simulate``: the same inputs through every engine, compared byte for byte."""

import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from cnnc.errors import CnncError, ToolchainError, UsageError
from cnnc.ir.quant_model import QuantModel
from cnnc.progress import Progress, no_progress
from cnnc.simulator.channel_removal import ChannelRemovalCheck
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Comparison, EngineResult, failed_result, skipped_result
from cnnc.simulator.faults import (
    EngineFailedError,
    FaultyCodeError,
    FloatRefusedError,
    SourceMissingError,
)
from cnnc.simulator.float_engine import FloatComparison, skipped_float
from cnnc.simulator.folder import CompiledFolder, open_folder
from cnnc.simulator.host import start_host_sets
from cnnc.simulator.inputs import FileInputs, RandomInputs, make_chunk
from cnnc.simulator.profile import not_counted
from cnnc.simulator.report import SimulationReport
from cnnc.simulator.request import (
    COMPARED_ENGINES,
    DEFAULT_RANDOM,
    DEFAULT_SEED,
    SimulationRequest,
)
from cnnc.simulator.target import TargetEngine, no_target_details, start_target
from cnnc.simulator.tflite_engine import no_tflite_details, start_tflite

__all__ = ["SimulationReport", "SimulationRequest", "simulate"]

logger = logging.getLogger(__name__)


def simulate(
    directory: Path, request: SimulationRequest, progress: Progress | None = None
) -> SimulationReport:
    """Run the reference and every wanted engine, and compare.

    Args:
        directory: Folder that ``cnnc compile`` wrote.
        request: What to run.
        progress: Called after each step.

    Raises:
        CnncError: The folder, the inputs or an option is at fault.
        ToolchainError: An engine that was asked for by name is missing.
        FaultyCodeError: The emitted C crashed or does not compile, and no engine is left.
    """
    request.check()
    folder = open_folder(directory)
    _check_target(folder, request)
    _check_float32(folder, request)
    inputs = _open_inputs(folder, request)
    report_progress = progress or no_progress
    with tempfile.TemporaryDirectory(prefix="cnnc-simulate-") as build:
        simulation = _Simulation(folder, request, Path(build))
        simulation.start(report_progress)
        done = 0
        for chunk in inputs.chunks():
            simulation.add(chunk)
            done += chunk.samples
            report_progress("simulating", done, inputs.count)
    simulation.check_any_left()
    return simulation.report(inputs.count)


def _check_target(folder: CompiledFolder, request: SimulationRequest) -> None:
    if request.engines is not None and "target" in request.engines and folder.target.is_host:
        raise UsageError(
            f"'{folder.directory}' was compiled for this machine: it has no target to emulate",
            "leave target out of --engines, or compile with --target",
            "--engines",
        )
    if request.profile and folder.target.is_host:
        raise UsageError(
            f"'{folder.directory}' was compiled for this machine: instructions are counted in an "
            "emulator of another one",
            "compile with --target, e.g. --target cortex-m4",
            "--profile",
        )


def _check_float32(folder: CompiledFolder, request: SimulationRequest) -> None:
    if folder.model.dtype == "int8" or request.engines is None or "tflite" not in request.engines:
        return
    raise UsageError(
        f"'{folder.directory}' computes in float32: TFLite's kernels add in another order, so that "
        "bits cannot be equal",
        "leave tflite out of --engines: float compares with ONNX Runtime",
        "--engines",
    )


def _open_inputs(folder: CompiledFolder, request: SimulationRequest) -> FileInputs | RandomInputs:
    if request.inputs is not None:
        return FileInputs(folder.unpruned, request.inputs, request.limit)
    seed = DEFAULT_SEED if request.seed is None else request.seed
    return RandomInputs(folder.unpruned, request.random or DEFAULT_RANDOM, seed)


@dataclass
class _Simulation:
    """The engines of one run."""

    folder: CompiledFolder
    request: SimulationRequest
    build: Path
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    failures: dict[str, CnncError] = field(default_factory=dict)
    targets: dict[str, TargetEngine] = field(default_factory=dict)
    counted: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    tflite_details: Callable[[], Mapping[str, Any]] = no_tflite_details
    float_comparison: FloatComparison | None = None
    removal: ChannelRemovalCheck | None = None

    def start(self, progress: Progress) -> None:
        """Build and load every wanted engine."""
        if self.folder.unpruned is not self.folder.model:
            self.removal = ChannelRemovalCheck(self.folder.unpruned, self.folder.model)
        starters: dict[str, Callable[[], None]] = {
            "host": self._start_host,
            "target": self._start_target,
            "tflite": self._start_tflite,
            "float": self._start_float,
        }
        wanted = [name for name in starters if self.request.wants(name)]
        for done, name in enumerate(wanted):
            progress("preparing engines", done, len(wanted))
            self._start(name, starters[name])
        progress("preparing engines", len(wanted), len(wanted))

    def add(self, chunk: Chunk) -> None:
        """Run and compare one chunk of the network with all its channels."""
        computed = chunk
        if self.removal is not None:
            computed = make_chunk(self.folder.model, chunk.first, chunk.real, chunk.inputs)
            self.removal.add(chunk, computed)
        for name in [name for name in self.targets if name not in self.counted]:
            self._attempt(name, partial(self._count, name, computed))
        for name, comparison in list(self.comparisons.items()):
            seen = chunk if name == "tflite" else computed
            self._attempt(name, partial(comparison.add, seen))
        if self.float_comparison is not None:
            self.float_comparison.add(chunk)

    def check_any_left(self) -> None:
        """Raise the first failure if no engine has anything to report."""
        if self.failures and not self.comparisons and self.float_comparison is None:
            raise next(iter(self.failures.values()))

    def report(self, inputs: int) -> SimulationReport:
        """Return the verdict."""
        results: dict[str, EngineResult] = {}
        for name in self._reported():
            details = self._details(name)
            if name in self.failures:
                reason = self.failures[name].problem
                results[name] = failed_result(self._model_of(name), reason, details)
            elif name in self.comparisons:
                results[name] = self.comparisons[name].result(details)
            elif name in self.skipped:
                results[name] = skipped_result(self._model_of(name), self.skipped[name], details)
        float_result = None
        if self.float_comparison is not None:
            float_result = self.float_comparison.to_json()
        elif "float" in self.skipped:
            float_result = skipped_float(self.skipped["float"])
        by_name = self.request.engines is not None
        removal = self.removal.result() if self.removal is not None else None
        missing = None if self.folder.target.is_host else self.skipped.get("target")
        return SimulationReport(inputs, results, float_result, by_name, removal, missing)

    def _reported(self) -> list[str]:
        """Return every engine that has anything to report, with those of kernel sets beside it."""
        known = {*self.comparisons, *self.failures, *self.skipped}
        return [
            name
            for engine in COMPARED_ENGINES
            for name in sorted(known, key=[*self.comparisons, *known].index)
            if name.partition(" ")[0] == engine
        ]

    def _details(self, name: str) -> dict[str, Any]:
        if name == "tflite":
            return dict(self.tflite_details())
        if not name.startswith("target"):
            return {}
        started = self.targets.get(name)
        fixed = started.details() if started else no_target_details(self.folder.target)
        return {**fixed, **self.counted.get(name, {})}

    def _attempt(self, name: str, work: Callable[[], None]) -> None:
        """Do what an engine has to do; if its code fails, the others go on without it.

        TFLite has none of our code: what its runtime does not take is its own failure.
        """
        try:
            work()
        except (FaultyCodeError, EngineFailedError) as error:
            if isinstance(error, EngineFailedError) and name != "tflite":
                raise
            logger.info("%s: %s", name, error.problem)
            self.failures[name] = error
            self.comparisons.pop(name, None)
            self.targets.pop(name, None)

    def _count(self, name: str, chunk: Chunk) -> None:
        """Find out what the first sample costs on the target."""
        first = {key: values[:1] for key, values in chunk.inputs.items()}
        profiler = self.targets[name].profiler
        kernels = self.folder.kernels_of(profiler.kernel_set)
        try:
            profile = profiler.profile(first, kernels, self.build)
        except ToolchainError as error:
            if self.request.profile:
                raise
            self.counted[name] = not_counted(f"{error.problem}; {error.remedy}")
        else:
            self.counted[name] = profile.to_json(with_layers=self.request.profile)

    def _model_of(self, engine: str) -> QuantModel:
        """Return the network that an engine computes; TFLite judges the one with all channels."""
        return self.folder.unpruned if engine == "tflite" else self.folder.model

    def _start(self, name: str, starter: Callable[[], None]) -> None:
        try:
            self._attempt(name, starter)
        except CnncError as error:
            if self.request.requires(name) or not _is_absence(error):
                raise
            self.skipped[name] = f"{error.problem}; {error.remedy}"

    def _start_host(self) -> None:
        engines = start_host_sets(
            self.folder.code, self.build / "host", sanitize=self.request.sanitize
        )
        for kernel_set, engine in engines.items():
            name = f"host {kernel_set}".strip()
            self.comparisons[name] = Comparison(self.folder.model, engine)
        for other in self.folder.code.used_sets:
            if other.name not in engines:
                self.skipped[f"host {other.name}"] = "this machine's processor does not run it"

    def _start_target(self) -> None:
        target = self.folder.target
        if target.is_host:
            self.skipped["target"] = "the folder was compiled for this machine (target 'host')"
            return
        started = start_target(
            self.folder.code, target, self.build / "target", self.folder.arena_bytes
        )
        for kernel_set, engine in started.items():
            name = f"target {kernel_set}".strip()
            self.comparisons[name] = Comparison(self.folder.model, engine.engine)
            self.targets[name] = engine

    def _start_tflite(self) -> None:
        if self.folder.model.dtype == "float32":
            self.skipped["tflite"] = "the network computes in float32, which TFLite adds otherwise"
            return
        source = self.folder.tflite_source(self.request.model)
        engine = start_tflite(self.folder.unpruned, source)
        self.comparisons["tflite"] = Comparison(self.folder.unpruned, engine)
        self.tflite_details = engine.details

    def _start_float(self) -> None:
        session = self.folder.float_session(self.request.model)
        self.float_comparison = FloatComparison(self.folder.model, session)


def _is_absence(error: CnncError) -> bool:
    """Whether an engine is not there, as opposed to there and failing."""
    if isinstance(error, EngineFailedError):
        return False
    return isinstance(error, ToolchainError | SourceMissingError | FloatRefusedError)
