"""Many layers in one program, each between guard bytes, on this machine and on emulated cores.

The arena is the model's only input and its only output, so that a run shows every byte of it: a
result that differs, an operand that was written to, and whatever was written beside result and
scratch memory. Buffers are aligned as the memory plan promises, and never better.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.cross_clang import clang_toolset
from bench.fuzz_cases import FuzzCase
from cnnc.codegen.choose import Choice
from cnnc.codegen.emit import emit
from cnnc.codegen.lower import build_program as lower_to_program
from cnnc.deploy.targets import find_target
from cnnc.deploy.toolchain import find_emulator
from cnnc.errors import InternalError
from cnnc.ir.channels import Mask
from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import I8, Quantization, elements
from cnnc.memory.place import ALIGNMENT
from cnnc.memory.plan import MemoryPlan, PlacedValue
from cnnc.quantize.fixed_point import Arithmetic
from cnnc.simulator.bare_metal import bare_metal_surroundings, emulator_command
from cnnc.simulator.build import EmittedCode, build_program
from cnnc.simulator.faults import FaultyCodeError
from cnnc.simulator.records import RecordLayout
from cnnc.simulator.runners import ProgramRunner
from cnnc.simulator.toolsets import bare_metal_toolset, sanitizing_toolset, target_toolset

_NAME = "fuzz"
_ARENA = "arena"
_GUARD_BYTES = 32
_FORMAT = Quantization(1.0, 0)


@dataclass(frozen=True)
class Engine:
    """A way to build and run a program.

    Attributes:
        core: Emulated core; None for this machine under sanitizers.
        compiler: ``gcc`` or ``clang``.
        optimization: E.g. ``-O2``.
    """

    core: str | None = None
    compiler: str = "gcc"
    optimization: str = "-O1"

    def __str__(self) -> str:
        return f"{self.core or 'host'} {self.compiler} {self.optimization}"


@dataclass(frozen=True)
class Finding:
    """What is wrong with a case.

    Attributes:
        case: Kernel, seed and layer.
        engine: Where it was seen.
        problem: What differs, or how the program failed.
    """

    case: str
    engine: str
    problem: str


@dataclass(frozen=True)
class _Span:
    """Bytes of the arena."""

    begin: int
    size: int

    @property
    def bytes(self) -> slice:
        return slice(self.begin, self.begin + self.size)


@dataclass(frozen=True)
class _Place:
    """Where a case's buffers are; its first guard begins at ``begin``."""

    begin: int
    operands: tuple[_Span, ...]
    result: _Span
    scratch: _Span


@dataclass
class _Layout:
    """Places buffers one after the other, with guards between them."""

    end: int = 0
    places: list[_Place] = field(default_factory=list)

    def add(self, case: FuzzCase) -> None:
        begin = self.end
        lowering, layer = case.lowering, case.layer
        operands = [self._span(elements(shape)) for shape in layer.inputs]
        size = elements(layer.output)
        # In place of one operand and of the other, in turns.
        taken = lowering.in_place[case.seed % len(lowering.in_place)] if lowering.in_place else None
        result = self._span(size) if taken is None else operands[taken]
        self.places.append(
            _Place(begin, tuple(operands), result, self._span(lowering.scratch_bytes))
        )

    def _span(self, size: int) -> _Span:
        """Return bytes at an odd multiple of the alignment."""
        first = self.end + _GUARD_BYTES
        begin = -(-(first - ALIGNMENT) // (2 * ALIGNMENT)) * 2 * ALIGNMENT + ALIGNMENT
        self.end = begin + size
        return _Span(begin, size)


def check_cases(cases: Sequence[FuzzCase], engine: Engine) -> list[Finding]:
    """Return what is wrong with some cases of one rounding on an engine.

    A program that does not compile or that fails is split until the case at fault is alone.
    """
    try:
        return _check(cases, engine)
    except FaultyCodeError as error:
        if len(cases) == 1:
            return [Finding(str(cases[0]), str(engine), f"{type(error).__name__}: {error}")]
    half = len(cases) // 2
    return [*check_cases(cases[:half], engine), *check_cases(cases[half:], engine)]


def _check(cases: Sequence[FuzzCase], engine: Engine) -> list[Finding]:
    layout = _Layout()
    for case in cases:
        layout.add(case)
    arena_bytes = -(-(layout.end + _GUARD_BYTES) // ALIGNMENT) * ALIGNMENT
    model = _model(cases, arena_bytes)
    before = _filled(cases, layout.places, arena_bytes)
    with tempfile.TemporaryDirectory(prefix="cnnc-fuzz-") as name:
        folder = Path(name)
        code = EmittedCode(_emitted(folder / "emitted", model, cases, layout, arena_bytes), model)
        runner = _build(code, engine, folder / "build")
        records = runner.run(RecordLayout(model, traced=False), {_ARENA: before})
    after = records.outputs[0].reshape(before.shape).astype(np.int8)
    expected, compared = _expected(cases, layout.places, before)
    wrong = (after != expected) & compared
    return [
        Finding(str(cases[index]), str(engine), problem)
        for index in range(len(cases))
        if (problem := _problem(layout.places, index, wrong, after, expected)) is not None
    ]


def _model(cases: Sequence[FuzzCase], arena_bytes: int) -> QuantModel:
    values = {_ARENA: QuantValue((1, arena_bytes), _FORMAT)}
    nodes: list[QuantNode] = []
    for index, case in enumerate(cases):
        names = tuple(f"operand_{index}_{i}" for i in range(len(case.layer.inputs)))
        shapes = zip(names, case.layer.inputs, strict=True)
        values |= {operand: QuantValue(shape, _FORMAT) for operand, shape in shapes}
        values[f"result_{index}"] = QuantValue(case.layer.output, _FORMAT)
        nodes.append(QuantNode(f"layer_{index}", case.layer.op, names, f"result_{index}"))
    port = Port(_ARENA, _ARENA, (1, arena_bytes), (0, 1))
    return QuantModel(_NAME, cases[0].rounding, (port,), (port,), tuple(nodes), {}, values)


def _emitted(
    folder: Path, model: QuantModel, cases: Sequence[FuzzCase], layout: _Layout, arena_bytes: int
) -> Path:
    program = lower_to_program(
        model, [Choice(case.lowering, ()) for case in cases], _plan(layout.places, arena_bytes)
    )
    for path, content in emit(program).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


def _plan(places: Sequence[_Place], arena_bytes: int) -> MemoryPlan:
    last = len(places)
    values = {_ARENA: PlacedValue(0, arena_bytes, 0, last, _ARENA)}
    for index, place in enumerate(places):
        spans = {f"operand_{index}_{i}": span for i, span in enumerate(place.operands)}
        spans[f"result_{index}"] = place.result
        values |= {
            name: PlacedValue(span.begin, span.size, 0, last, name) for name, span in spans.items()
        }
    return MemoryPlan(
        values=values,
        constant_views={},
        scratch_offsets=tuple(
            place.scratch.begin if place.scratch.size else None for place in places
        ),
        scratch_bytes=max(place.scratch.size for place in places),
        live_bytes=(arena_bytes,) * last,
        arena_bytes=arena_bytes,
        lower_bound_bytes=arena_bytes,
    )


def _filled(cases: Sequence[FuzzCase], places: Sequence[_Place], arena_bytes: int) -> I8:
    """Return random arenas that hold the operands, (S, 1, arena_bytes)."""
    samples = len(cases[0].samples[0])
    generator = np.random.default_rng(arena_bytes)
    arena = generator.integers(-128, 128, (samples, 1, arena_bytes)).astype(np.int8)
    for case, place in zip(cases, places, strict=True):
        for values, span in zip(case.samples, place.operands, strict=True):
            arena[:, 0, span.bytes] = values.reshape(samples, -1)
    return arena


def _expected(cases: Sequence[FuzzCase], places: Sequence[_Place], before: I8) -> tuple[I8, Mask]:
    """Return the arenas after a run by the reference, and which of their bytes it determines."""
    expected, compared = before.copy(), np.ones(before.shape, np.bool_)
    for case, place in zip(cases, places, strict=True):
        result = case.layer.op.evaluate(case.samples, Arithmetic(case.rounding))
        expected[:, 0, place.result.bytes] = result.reshape(len(before), -1)
        compared[:, 0, place.scratch.bytes] = False
    return expected, compared


def _problem(
    places: Sequence[_Place],
    index: int,
    wrong: Mask,
    after: I8,
    expected: I8,
) -> str | None:
    """Return what is wrong between a case's first guard and the next one's."""
    place = places[index]
    end = places[index + 1].begin if index + 1 < len(places) else wrong.shape[2]
    found = np.argwhere(wrong[:, 0, place.begin : end])
    if not len(found):
        return None
    sample, position = int(found[0, 0]), place.begin + int(found[0, 1])
    spans = {"result": place.result, "scratch": place.scratch}
    spans |= {f"operand {i}": span for i, span in enumerate(place.operands)}
    spans = {name: span for name, span in spans.items() if span.size}
    name = min(spans, key=lambda n: _distance(spans[n], position))
    return (
        f"{len(found)} wrong bytes, the first in sample {sample} at {name}"
        f"[{position - spans[name].begin}] of {spans[name].size}: "
        f"{int(after[sample, 0, position])} instead of {int(expected[sample, 0, position])}"
    )


def _distance(span: _Span, position: int) -> int:
    return max(span.begin - position, position - (span.begin + span.size - 1), 0)


def _build(code: EmittedCode, engine: Engine, folder: Path) -> ProgramRunner:
    if engine.core is None:
        toolset = sanitizing_toolset(engine.optimization)
        return ProgramRunner(build_program(code, toolset, folder, traced=False).path)
    target = find_target(engine.core)
    is_bare = target.core.is_bare_metal
    toolset = (bare_metal_toolset if is_bare else target_toolset)(target.core, engine.optimization)
    if engine.compiler == "clang":
        toolset = clang_toolset(toolset, target.core.clang_target, folder.parent)
    if not is_bare:
        program = build_program(code, toolset, folder, traced=False)
        return ProgramRunner(program.path, find_emulator(target))
    emulator, machine = emulator_command(target), target.machine
    if machine is None:
        raise InternalError(f"{target.name} has an emulator but no machine")
    around = bare_metal_surroundings(target.core, machine)
    build = build_program(code, toolset, folder, traced=False, surroundings=around)
    return ProgramRunner(build.path, emulator, bare=True)
