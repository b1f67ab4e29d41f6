"""``cnnc simulate``: the same inputs through every engine, compared byte for byte."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnc.errors import CnncError, ToolchainError, UsageError
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Comparison, EngineResult, skipped_result
from cnnc.simulator.faults import EngineFailedError, FloatRefusedError, SourceMissingError
from cnnc.simulator.float_engine import FloatComparison, skipped_float
from cnnc.simulator.folder import CompiledFolder, open_folder
from cnnc.simulator.host import start_host
from cnnc.simulator.inputs import FileInputs, RandomInputs
from cnnc.simulator.target import no_target_details, start_target
from cnnc.simulator.tflite_engine import no_tflite_details, start_tflite

ENGINES = ("reference", "host", "target", "tflite", "float")
"""Names of ``--engines``; the reference always runs, the others are compared with it."""

DEFAULT_RANDOM = 10

Progress = Callable[[str, int, int], None]
"""Called as (stage, done, total)."""


@dataclass(frozen=True, kw_only=True)
class SimulationRequest:
    """Options of ``cnnc simulate``.

    Attributes:
        inputs: Data file; None for random inputs.
        random: Number of random inputs; None for the default.
        seed: Of the random inputs.
        engines: Those that must run; None for all that are available.
        model: The source model, where the folder holds no copy.
        sanitize: Build the host engine with ASan and UBSan.
        limit: Use at most this many samples of the file.
    """

    inputs: Path | None = None
    random: int | None = None
    seed: int = 0
    engines: tuple[str, ...] | None = None
    model: Path | None = None
    sanitize: bool = False
    limit: int | None = None

    def wants(self, engine: str) -> bool:
        """Whether the engine should run if it is there."""
        return self.engines is None or engine in self.engines

    def check(self) -> None:
        """Refuse contradictions.

        Raises:
            UsageError: Unknown engine, or both a file and random inputs.
        """
        unknown = [name for name in self.engines or () if name not in ENGINES]
        if unknown:
            raise UsageError(
                f"unknown engine '{unknown[0]}'", f"engines are {', '.join(ENGINES)}", "--engines"
            )
        if self.inputs is not None and self.random is not None:
            raise UsageError("both --inputs and --random are given", "give one", "--random")


@dataclass(frozen=True)
class SimulationReport:
    """What ``simulate --json`` prints.

    Attributes:
        inputs: Number of samples.
        results: Integer engines by name.
        float_result: JSON object of the float engine; None if it was not asked for.
    """

    inputs: int
    results: Mapping[str, EngineResult]
    float_result: Mapping[str, Any] | None

    @property
    def equal(self) -> bool:
        """Whether no engine differs from the reference, and compiled engines show every layer."""
        ran = {name: result for name, result in self.results.items() if result.skipped is None}
        complete = all(ran[name].bit_exact for name in ("host", "target") if name in ran)
        return complete and not any(result.mismatched_values for result in ran.values())

    def to_json(self) -> dict[str, Any]:
        """Return the document."""
        engines = {name: result.to_json() for name, result in self.results.items()}
        if self.float_result is not None:
            engines["float"] = dict(self.float_result)
        return {"inputs": self.inputs, "engines": engines}


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
    """
    request.check()
    folder = open_folder(directory)
    inputs = _open_inputs(folder, request)
    report_progress = progress or _ignore_progress
    with tempfile.TemporaryDirectory(prefix="cnnc-simulate-") as build:
        simulation = _Simulation(folder, request, Path(build))
        simulation.start(report_progress)
        done = 0
        for chunk in inputs.chunks():
            simulation.add(chunk)
            done += chunk.samples
            report_progress("simulating", done, inputs.count)
    return simulation.report(inputs.count)


def _ignore_progress(stage: str, done: int, total: int) -> None:
    del stage, done, total


def _open_inputs(folder: CompiledFolder, request: SimulationRequest) -> FileInputs | RandomInputs:
    if request.inputs is not None:
        return FileInputs(folder.model, request.inputs, request.limit)
    return RandomInputs(folder.model, request.random or DEFAULT_RANDOM, request.seed)


@dataclass
class _Simulation:
    """The engines of one run."""

    folder: CompiledFolder
    request: SimulationRequest
    build: Path
    details: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    tflite_details: Callable[[], Mapping[str, Any]] = no_tflite_details
    float_comparison: FloatComparison | None = None

    def start(self, progress: Progress) -> None:
        """Build and load every wanted engine."""
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
        """Run and compare one chunk."""
        for comparison in self.comparisons.values():
            comparison.add(chunk)
        if self.float_comparison is not None:
            self.float_comparison.add(chunk)

    def report(self, inputs: int) -> SimulationReport:
        """Return the verdict."""
        self.details["tflite"] = self.tflite_details()
        results: dict[str, EngineResult] = {}
        for name in ("host", "target", "tflite"):
            details = self.details.get(name, {})
            if name in self.comparisons:
                results[name] = self.comparisons[name].result(details)
            elif name in self.skipped:
                results[name] = skipped_result(self.folder.model, self.skipped[name], details)
        float_result = None
        if self.float_comparison is not None:
            float_result = self.float_comparison.to_json()
        elif "float" in self.skipped:
            float_result = skipped_float(self.skipped["float"])
        return SimulationReport(inputs, results, float_result)

    def _start(self, name: str, starter: Callable[[], None]) -> None:
        try:
            starter()
        except CnncError as error:
            asked_for = self.request.engines is not None
            if asked_for or not _is_absence(error):
                raise
            self.skipped[name] = f"{error.problem}; {error.remedy}"

    def _start_host(self) -> None:
        engine = start_host(self.folder.code, self.build / "host", sanitize=self.request.sanitize)
        self.comparisons["host"] = Comparison(self.folder.model, engine)

    def _start_target(self) -> None:
        target = self.folder.target
        self.details["target"] = no_target_details(target)
        if target.is_host:
            self.skipped["target"] = "the folder was compiled for this machine (target 'host')"
            return
        started = start_target(
            self.folder.code, target, self.build / "target", self.folder.arena_bytes
        )
        self.comparisons["target"] = Comparison(self.folder.model, started.engine)
        self.details["target"] = started.details

    def _start_tflite(self) -> None:
        engine = start_tflite(self.folder.model, self.folder.tflite_source(self.request.model))
        self.comparisons["tflite"] = Comparison(self.folder.model, engine)
        self.tflite_details = engine.details

    def _start_float(self) -> None:
        session = self.folder.float_session(self.request.model)
        self.float_comparison = FloatComparison(self.folder.model, session)


def _is_absence(error: CnncError) -> bool:
    """Whether an engine is not there, as opposed to there and failing."""
    if isinstance(error, EngineFailedError):
        return False
    return isinstance(error, ToolchainError | SourceMissingError | FloatRefusedError)
