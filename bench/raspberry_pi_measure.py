"""Measure networks on emulated Raspberry Pi processors, by GCC and Clang, equal bytes first."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cortex_m_measure import NETWORKS, DifferentBytesError
from bench.cross_clang import clang_toolset
from bench.networks_224 import NETWORKS_224, write_networks
from cnnc.deploy.targets import find_target
from cnnc.deploy.toolchain import find_emulator
from cnnc.errors import CnncError
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.progress import no_progress
from cnnc.report.compile_report import CompileReport
from cnnc.simulator.build import Build, build_program
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Comparison
from cnnc.simulator.compiled import CompiledEngine
from cnnc.simulator.folder import CompiledFolder, open_folder
from cnnc.simulator.inputs import RandomInputs, make_chunk
from cnnc.simulator.profile import Profile, Profiler
from cnnc.simulator.runners import ProgramRunner
from cnnc.simulator.target import measure_objects
from cnnc.simulator.toolsets import Toolset, target_toolset

INPUTS = 2
"""Samples whose every layer is compared; the first one is counted."""
COMPILERS = ("gcc", "clang")


@dataclass(frozen=True)
class Task:
    """One network for one board.

    Attributes:
        board: A board under Linux.
        name: Of a network.
        compilers: Some of ``COMPILERS``.
        models: Folder of the MLPerf Tiny files.
        inputs: Samples that are compared.
    """

    board: str
    name: str
    compilers: tuple[str, ...]
    models: Path
    inputs: int = INPUTS


@dataclass(frozen=True)
class Measurement:
    """What one inference needs.

    Attributes:
        board: For which.
        name: Network.
        compiler: ``gcc`` or ``clang``, at -O2.
        macs: Multiply-accumulates of the model as it was given.
        macs_effective: Those that are executed.
        instructions: Executed.
        arena_bytes: Activations and working memory.
        constant_bytes: Weights, biases, multipliers.
        code_bytes: The network's code without them; None if it could not be measured.
        layers: JSON objects of the profile.
    """

    board: str
    name: str
    compiler: str
    macs: int
    macs_effective: int
    instructions: int
    arena_bytes: int
    constant_bytes: int
    code_bytes: int | None
    layers: tuple[Mapping[str, Any], ...]


def missing_models(tasks: Iterable[Task]) -> list[Path]:
    """Return the networks' files that are not there, each once."""
    files = {task.models / NETWORKS[task.name]: None for task in tasks if task.name in NETWORKS}
    return [path for path in files if not path.is_file()]


def measure_or_say(task: Task) -> list[Measurement] | str:
    """Return the measurements, one for each compiler, or why there are none."""
    try:
        return measure(task)
    except (CnncError, DifferentBytesError) as error:
        return f"{task.name} for {task.board}: {error}"


def measure(task: Task) -> list[Measurement]:
    """Compile, compare the target with the reference, and count.

    Raises:
        DifferentBytesError: Bytes differ.
        CnncError: A tool is missing.
    """
    with tempfile.TemporaryDirectory(prefix="cnnc-bench-") as name:
        folder = Path(name)
        if task.name in NETWORKS_224:
            model = write_networks(folder, [task.name])[task.name]
        else:
            model = task.models / NETWORKS[task.name]
        options = CompileOptions(
            model=model, target=task.board, output=folder / "compiled", name="network"
        )
        directory, report = compile_to_folder(options, no_progress, print)
        compiled = open_folder(directory)
        chunks = list(_chunks(compiled, task.inputs))
        return [
            _measure_with(task, compiler, compiled, report, chunks, folder)
            for compiler in task.compilers
        ]


def _chunks(folder: CompiledFolder, count: int) -> Iterator[Chunk]:
    """Yield random samples with what the reference computes without the removed channels."""
    for chunk in RandomInputs(folder.unpruned, count, 0).chunks():
        yield make_chunk(folder.model, chunk.first, chunk.real, chunk.inputs)


def _measure_with(
    task: Task,
    compiler: str,
    compiled: CompiledFolder,
    report: CompileReport,
    chunks: Sequence[Chunk],
    folder: Path,
) -> Measurement:
    place = folder / compiler
    place.mkdir()
    toolset = _toolset(task.board, compiler, place)
    builds = [
        build_program(compiled.code, toolset, place / name, traced=traced)
        for name, traced in (("traced", True), ("plain", False))
    ]
    profile = _compared_and_counted(task, compiled, builds, chunks, place)
    # Clang's objects are measured by GCC's tools, which know the processor.
    gcc = _toolset(task.board, "gcc", place).compiler
    footprint = measure_objects(gcc, builds[1].model_objects)
    return Measurement(
        board=task.board,
        name=task.name,
        compiler=compiler,
        macs=report.macs,
        macs_effective=report.macs_effective,
        instructions=profile.instructions,
        arena_bytes=report.arena_bytes,
        constant_bytes=report.weight_bytes,
        code_bytes=footprint.flash_bytes - report.weight_bytes if footprint else None,
        layers=tuple(layer.to_json(profile.instructions) for layer in profile.layers),
    )


def _toolset(board: str, compiler: str, folder: Path) -> Toolset:
    core = find_target(board).core
    toolset = target_toolset(core)
    return clang_toolset(toolset, core.clang_target, folder) if compiler == "clang" else toolset


def _compared_and_counted(
    task: Task,
    compiled: CompiledFolder,
    builds: Sequence[Build],
    chunks: Sequence[Chunk],
    folder: Path,
) -> Profile:
    target = find_target(task.board)
    emulator = find_emulator(target)
    traced, plain = (ProgramRunner(build.path, emulator) for build in builds)
    comparison = Comparison(compiled.model, CompiledEngine(compiled.model, traced, plain))
    for chunk in chunks:
        comparison.add(chunk)
    result = comparison.result({})
    if not result.bit_exact:
        raise DifferentBytesError(f"not equal to the reference: {result.to_json()}")
    profiler = Profiler(compiled.model, plain, "", target.core.timing)
    first = {key: values[:1] for key, values in chunks[0].inputs.items()}
    return profiler.profile(first, compiled.kernels, folder)
