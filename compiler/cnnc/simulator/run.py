"""``cnnc simulate``: the same inputs through every engine, compared byte for byte."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from cnnc.errors import CnncError, ToolchainError, UsageError
from cnnc.importer.tflite.file import is_tflite
from cnnc.ir.quant_model import QuantModel
from cnnc.simulator.channel_removal import ChannelRemovalCheck
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Comparison, EngineResult, skipped_result
from cnnc.simulator.faults import EngineFailedError, FloatRefusedError, SourceMissingError
from cnnc.simulator.firmware import SELFTEST_OK
from cnnc.simulator.float_engine import FloatComparison, skipped_float
from cnnc.simulator.folder import CompiledFolder, open_folder
from cnnc.simulator.host import start_host
from cnnc.simulator.inputs import FileInputs, RandomInputs, make_chunk
from cnnc.simulator.profile import not_counted
from cnnc.simulator.target import TargetEngine, no_target_details, start_target
from cnnc.simulator.tflite_engine import no_tflite_details, start_tflite

ENGINES = ("reference", "host", "target", "tflite", "float")
"""Names of ``--engines``; the reference always runs, the others are compared with it."""

COMPARED_ENGINES = ("host", "target", "tflite")
"""Those that must give the reference's bytes."""

DEFAULT_RANDOM = 10
DEFAULT_SEED = 0

Progress = Callable[[str, int, int], None]
"""Called as (stage, done, total)."""


@dataclass(frozen=True, kw_only=True)
class SimulationRequest:
    """Options of ``cnnc simulate``.

    Attributes:
        inputs: Data file; None for random inputs.
        random: Number of random inputs; None for the default.
        seed: Of the random inputs; None for the default.
        engines: Those that must run; None for all that are available.
        model: The source model, where the folder holds no copy.
        sanitize: Build the host engine with ASan and UBSan.
        limit: Use at most this many samples of the file.
        profile: Show what each layer costs on the target.
    """

    inputs: Path | None = None
    random: int | None = None
    seed: int | None = None
    engines: tuple[str, ...] | None = None
    model: Path | None = None
    sanitize: bool = False
    limit: int | None = None
    profile: bool = False

    def wants(self, engine: str) -> bool:
        """Whether the engine should run if it is there."""
        return self.engines is None or engine in self.engines

    def requires(self, engine: str) -> bool:
        """Whether the engine was asked for, by its name or by an option that only it obeys."""
        options = {
            "host": self.sanitize,
            "target": self.profile,
            self._model_reader: self.model is not None,
        }
        return self.engines is not None or options.get(engine, False)

    @property
    def _model_reader(self) -> str:
        """The engine that runs the source model: TFLite a .tflite file, float any other."""
        return "tflite" if self.model is not None and is_tflite(self.model) else "float"

    def check(self) -> None:
        """Refuse contradictions, and options that would be without effect.

        Raises:
            UsageError: Unknown engine, nothing to compare, or options that exclude each other.
        """
        unknown = [name for name in self.engines or () if name not in ENGINES]
        if unknown:
            raise UsageError(
                f"unknown engine '{unknown[0]}'", f"engines are {', '.join(ENGINES)}", "--engines"
            )
        if self.engines is not None and set(self.engines) <= {"reference"}:
            raise UsageError(
                "the reference alone has nothing to be compared with",
                f"add one of {', '.join(ENGINES[1:])}",
                "--engines",
            )
        if self.inputs is not None and self.random is not None:
            raise UsageError("both --inputs and --random are given", "give one", "--random")
        without_effect = {
            "--limit": (self.limit is not None and self.inputs is None, "--inputs"),
            "--seed": (self.seed is not None and self.inputs is not None, "random inputs"),
            "--profile": (self.profile and not self.wants("target"), "the target engine"),
            "--sanitize": (self.sanitize and not self.wants("host"), "the host engine"),
            "--model": (
                self.model is not None and not self.wants(self._model_reader),
                f"the {self._model_reader} engine",
            ),
        }
        for option, (idle, needed) in without_effect.items():
            if idle:
                raise UsageError(
                    f"{option} has no effect without {needed}", f"leave {option} out", option
                )


@dataclass(frozen=True)
class SimulationReport:
    """What ``simulate --json`` prints.

    Attributes:
        inputs: Number of samples.
        results: Integer engines by name.
        float_result: JSON object of the float engine; None if it was not asked for.
        by_name: Whether exactly these engines were asked for.
        channel_removal: The reference's network compared with the one before channels were
            removed; None if none were.
        target_missing: Why code for another machine was not run though nobody left it out; None if
            it was run, or if this machine is the target.
    """

    inputs: int
    results: Mapping[str, EngineResult]
    float_result: Mapping[str, Any] | None
    by_name: bool = False
    channel_removal: EngineResult | None = None
    target_missing: str | None = None

    @property
    def idle(self) -> tuple[str, ...]:
        """Engines that had to compare values and compared none.

        Those asked for by name must; without names, one of all engines must.
        """
        idle = tuple(name for name, result in self.results.items() if not result.compared_values)
        return idle if self.by_name or len(idle) == len(self.results) else ()

    @property
    def failed_selftest(self) -> str | None:
        """What the emitted firmware did instead of passing its own test; None if it passed."""
        target = self.results.get("target")
        outcome = target.details.get("selftest") if target is not None else None
        return None if outcome == SELFTEST_OK else outcome

    @property
    def equal(self) -> bool:
        """Whether values were compared and none differs; compiled engines show every layer."""
        if self.idle:
            return False
        ran = {name: result for name, result in self.results.items() if result.skipped is None}
        complete = all(ran[name].bit_exact for name in ("host", "target") if name in ran)
        complete = complete and self.failed_selftest is None
        if self.channel_removal is not None:
            complete = complete and bool(self.channel_removal.bit_exact)
        return complete and not any(result.mismatched_values for result in ran.values())

    def to_json(self) -> dict[str, Any]:
        """Return the document."""
        engines = {name: result.to_json() for name, result in self.results.items()}
        if self.float_result is not None:
            engines["float"] = dict(self.float_result)
        removal = self.channel_removal.to_json() if self.channel_removal else None
        return {"inputs": self.inputs, "engines": engines, "channel_removal": removal}


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
    _check_target(folder, request)
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
    target: TargetEngine | None = None
    counted: Mapping[str, Any] | None = None
    target_details: Callable[[], Mapping[str, Any]] = dict
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
        if self.target is not None and self.counted is None:
            self.counted = self._count(self.target, computed)
        for name, comparison in self.comparisons.items():
            comparison.add(chunk if name == "tflite" else computed)
        if self.float_comparison is not None:
            self.float_comparison.add(chunk)

    def report(self, inputs: int) -> SimulationReport:
        """Return the verdict."""
        details_of = {"target": self.target_details, "tflite": self.tflite_details}
        results: dict[str, EngineResult] = {}
        for name in COMPARED_ENGINES:
            details = dict(details_of[name]()) if name in details_of else {}
            if name == "target" and self.counted is not None:
                details |= self.counted
            if name in self.comparisons:
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

    def _count(self, target: TargetEngine, chunk: Chunk) -> Mapping[str, Any]:
        """Return what the first sample costs on the target."""
        first = {key: values[:1] for key, values in chunk.inputs.items()}
        try:
            profile = target.profiler.profile(first, self.folder.kernels, self.build)
        except ToolchainError as error:
            if self.request.profile:
                raise
            return not_counted(f"{error.problem}; {error.remedy}")
        return profile.to_json(with_layers=self.request.profile)

    def _model_of(self, engine: str) -> QuantModel:
        """Return the network that an engine computes; TFLite judges the one with all channels."""
        return self.folder.unpruned if engine == "tflite" else self.folder.model

    def _start(self, name: str, starter: Callable[[], None]) -> None:
        try:
            starter()
        except CnncError as error:
            if self.request.requires(name) or not _is_absence(error):
                raise
            self.skipped[name] = f"{error.problem}; {error.remedy}"

    def _start_host(self) -> None:
        engine = start_host(self.folder.code, self.build / "host", sanitize=self.request.sanitize)
        self.comparisons["host"] = Comparison(self.folder.model, engine)

    def _start_target(self) -> None:
        target = self.folder.target
        self.target_details = partial(no_target_details, target)
        if target.is_host:
            self.skipped["target"] = "the folder was compiled for this machine (target 'host')"
            return
        started = start_target(
            self.folder.code, target, self.build / "target", self.folder.arena_bytes
        )
        self.comparisons["target"] = Comparison(self.folder.model, started.engine)
        self.target = started
        self.target_details = started.details

    def _start_tflite(self) -> None:
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
