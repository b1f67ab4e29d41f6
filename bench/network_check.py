"""Take networks through every engine and compare: floats nearly, bytes exactly."""

import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar, get_args

import numpy as np

from bench.network_draw import Drawn, input_arrays, run_session, session_of
from bench.node_programs import Job, ProgramFailedError, run_jobs
from cnnc.codegen.lower import lower
from cnnc.errors import CnncError, InternalError
from cnnc.importer.data import Samples, from_storage, to_storage
from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.float_model import FloatModel, Port
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import F64, AnyArray, Rounding
from cnnc.options import CalibrationMethod
from cnnc.passes.optimize import optimize, shrink
from cnnc.passes.simplify import simplify
from cnnc.quantize.calibrate import calibrate
from cnnc.quantize.float_reference import run_float
from cnnc.quantize.given_formats import has_given_formats
from cnnc.quantize.keep_given import keep_given
from cnnc.quantize.keep_real import keep_real
from cnnc.quantize.quantize import quantize
from cnnc.simulator.channel_removal import ChannelRemovalCheck, check_channel_maps
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import ComparedEngine, Comparison
from cnnc.simulator.inputs import make_chunk, original_tensor, store_inputs
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_runtime import installed_runtimes
from cnnc.simulator.tflite_single import SingleRoundingEngine
from cnnc.simulator.toolsets import sanitizing_toolset

_T = TypeVar("_T")

SAMPLES = 3
RELATIVE_ERROR = 1e-4
"""Of the largest magnitude of an output."""

MOST_STEPS = 4
"""Between a quantized model in ONNX Runtime and its import, of the output's format."""

_CALIBRATION_SAMPLES = 8
_NUDGE = 3e-7
_SMALLEST = 1e-3
_SENSITIVE = 30.0
_INPUT_STEP = 0.02
"""Half a step of the inputs of quantized networks, about."""


@dataclass(frozen=True)
class Finding:
    """Something is wrong.

    Attributes:
        network: Which.
        stage: Where.
        problem: What.
    """

    network: str
    stage: str
    problem: str


@dataclass
class Outcome:
    """What became of one network.

    Attributes:
        drawn: The network.
        refused: Stage -> the sentence.
        findings: What is wrong.
        passed: Stages that were compared.
        steps: Largest difference of each output of a quantized network, in steps of its format.
        jobs: What the emitted C has to give: job, outputs in ONNX order.
    """

    drawn: Drawn
    refused: dict[str, str] = field(default_factory=dict[str, str])
    findings: list[Finding] = field(default_factory=list[Finding])
    passed: set[str] = field(default_factory=set[str])
    steps: list[float] = field(default_factory=list[float])
    jobs: list[tuple[Job, list[AnyArray]]] = field(default_factory=list[tuple[Job, list[AnyArray]]])

    def find(self, stage: str, problem: str) -> None:
        """Note what is wrong."""
        self.findings.append(Finding(self.drawn.name, stage, problem))


def check_network(drawn: Drawn, seed: int) -> Outcome:
    """Compare everything but the emitted C, which is left in ``jobs``.

    Args:
        drawn: The network.
        seed: Of the inputs.
    """
    outcome = Outcome(drawn)
    real = input_arrays(drawn, seed, SAMPLES)
    simplified = _attempt(outcome, "import", lambda: _imported(outcome, real))
    if simplified is None:
        return outcome
    if not has_given_formats(simplified):
        _attempt(outcome, "float32", lambda: _check_real(outcome, simplified, real))
    _attempt(outcome, "int8", lambda: _check_int8(outcome, simplified, real, seed))
    return outcome


def _attempt(outcome: Outcome, stage: str, work: Callable[[], _T]) -> _T | None:
    """Do what a stage does; None if it refuses the network or fails."""
    try:
        result = work()
    except InternalError:
        outcome.find(stage, traceback.format_exc(limit=-3))
    except CnncError as error:
        outcome.refused[stage] = str(error)
    except Exception:  # a user would see a traceback
        outcome.find(stage, traceback.format_exc(limit=-3))
    else:
        outcome.passed.add(stage)
        return result
    return None


def _imported(outcome: Outcome, real: Mapping[str, AnyArray]) -> FloatModel:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{outcome.drawn.name}.onnx")
        path.write_bytes(outcome.drawn.proto.SerializeToString())
        imported = read_onnx(path)
    wanted = _wanted(outcome.drawn, real)
    _compare_real(outcome, "import", imported, real, wanted)
    simplified = simplify(imported)
    _compare_real(outcome, "simplify", simplified, real, wanted)
    return simplified


def _wanted(drawn: Drawn, real: Mapping[str, AnyArray], step: float = 0.0) -> "_Wanted":
    """Return what ONNX Runtime computes.

    Args:
        drawn: The network.
        real: Its inputs.
        step: How much they move beside float32's rounding.
    """
    session = session_of(drawn.proto)
    generator = np.random.default_rng(0)
    found = [run_session(session, sample) for sample in _samples(real)]
    slack = [[np.zeros(array.shape) for array in arrays] for arrays in found]
    for _ in range(3):
        nudged = {name: _moved(array, generator, step) for name, array in real.items()}
        for index, sample in enumerate(_samples(nudged)):
            for output, moved in enumerate(run_session(session, sample)):
                change = _distance(moved, found[index][output])
                slack[index][output] = np.maximum(slack[index][output], change)
    return _Wanted(
        [np.stack(arrays) for arrays in zip(*found, strict=True)],
        [np.stack(arrays) for arrays in zip(*slack, strict=True)],
    )


def _moved(array: AnyArray, generator: np.random.Generator, step: float) -> AnyArray:
    noise = generator.uniform(-1.0, 1.0, array.shape)
    real = array.astype(np.float32)
    return (real + noise * (_NUDGE * np.abs(real) + step)).astype(np.float32)


def _distance(first: AnyArray, second: AnyArray) -> F64:
    distance: F64 = np.abs(first.astype(np.float64) - second.astype(np.float64))
    return distance


def _samples(real: Mapping[str, AnyArray]) -> list[dict[str, AnyArray]]:
    count = len(next(iter(real.values())))
    return [{name: array[index] for name, array in real.items()} for index in range(count)]


@dataclass(frozen=True)
class _Wanted:
    """What ONNX Runtime gives.

    Attributes:
        outputs: (samples, *ONNX shape) each.
        slack: How much each of them moves when the inputs do.
    """

    outputs: list[AnyArray]
    slack: list[AnyArray]


def _compare_real(
    outcome: Outcome,
    stage: str,
    model: FloatModel,
    real: Mapping[str, AnyArray],
    wanted: _Wanted,
) -> None:
    if has_given_formats(model):
        return
    stored = {port.value: to_storage(port, real[port.name]) for port in model.inputs}
    values = dict(run_float(model, stored))
    for port, expected, moved in zip(model.outputs, wanted.outputs, wanted.slack, strict=True):
        problem = _difference(from_storage(port, values[port.value]), expected, float(moved.max()))
        if problem is not None:
            outcome.find(stage, f"{port.name} {problem}")


def _difference(found: AnyArray, expected: AnyArray, moved: float) -> str | None:
    """Return how two outputs differ; None if they are near enough."""
    if found.shape != expected.shape:
        return f"has shape {found.shape}, not {expected.shape}"
    finite = np.isfinite(expected)
    if not np.array_equal(finite, np.isfinite(found)):
        return "is finite elsewhere"
    if not finite.any():
        return None
    largest = max(float(np.abs(expected[finite]).max()), _SMALLEST)
    error = float(_distance(found, expected)[finite].max())
    if error <= RELATIVE_ERROR * largest + _SENSITIVE * moved:
        return None
    return f"differs by {error:.3g} of {largest:.3g}; rounding its inputs moves it by {moved:.2g}"


def _check_real(outcome: Outcome, simplified: FloatModel, real: Mapping[str, AnyArray]) -> None:
    model = optimize(keep_real(simplified))
    chunk = make_chunk(model, 0, real, store_inputs(model, real))
    _add_jobs(outcome, model, chunk, "real")


def _check_int8(
    outcome: Outcome, simplified: FloatModel, real: Mapping[str, AnyArray], seed: int
) -> None:
    generator = np.random.default_rng(seed)
    data = input_arrays(outcome.drawn, seed + 1, _CALIBRATION_SAMPLES)
    samples = Samples(_CALIBRATION_SAMPLES, None, lambda _: iter([data]))
    method = get_args(CalibrationMethod)[int(generator.integers(3))]
    rounding: Rounding = "single" if generator.random() < 0.3 else "double"
    if has_given_formats(simplified):
        # What ONNX Runtime's output holds has to fit into the format of ours.
        seen = Samples(SAMPLES, None, lambda _: iter([dict(real)]))
        kept = keep_given(simplified, rounding, lambda: calibrate(simplified, seen, "minmax"))
        model = kept.model
    else:
        model = quantize(simplified, calibrate(simplified, samples, method), rounding)
    unpruned = optimize(model)
    pruned = shrink(unpruned)
    before = make_chunk(unpruned, 0, real, store_inputs(unpruned, real))
    after = make_chunk(pruned, 0, real, store_inputs(pruned, real))
    if has_given_formats(simplified):
        _compare_quantized(outcome, pruned, real, after)
    check_channel_maps(unpruned, pruned)
    removal = ChannelRemovalCheck(unpruned, pruned)
    removal.add(before, after)
    if removal.result().mismatched_values:
        outcome.find("int8", f"removal: {removal.result().first_divergence}")
    if pruned is not unpruned:
        outcome.passed.add("channels removed")
    _check_tflite(outcome, unpruned, before)
    _add_jobs(outcome, pruned, after, "int8")


def _compare_quantized(
    outcome: Outcome, model: QuantModel, real: Mapping[str, AnyArray], chunk: Chunk
) -> None:
    """Compare the import of a quantized network with ONNX Runtime, in steps of each output."""
    runtime = _wanted(outcome.drawn, real, _INPUT_STEP)
    outputs = zip(model.outputs, runtime.outputs, runtime.slack, strict=True)
    for port, wanted, moved in outputs:
        found = original_tensor(model, port, chunk.values[port.value])
        format_ = model.values[port.value].format
        step = format_.scale if format_ else float(np.abs(wanted).max()) / 256
        steps = float(_distance(found, wanted).max()) / max(step, 1e-9)
        outcome.steps.append(steps)
        if steps > MOST_STEPS + 0.5 + 2 * float(moved.max()) / step:
            outcome.find("quantized", f"{port.name} is {steps:.1f} steps away")


def _check_tflite(outcome: Outcome, model: QuantModel, chunk: Chunk) -> None:
    for runtime in installed_runtimes():
        engine: ComparedEngine
        if model.rounding == "double":
            engine = TfliteEngine(model, runtime)
        elif runtime.name == "ai-edge-litert":
            engine = SingleRoundingEngine(model, runtime)
        else:
            continue
        comparison = Comparison(model, engine)
        comparison.add(chunk)
        result = comparison.result({})
        if result.mismatched_values:
            outcome.find("tflite", f"{runtime}: {result.first_divergence}")
        if result.layers_compared + len(result.not_compared) < len(model.nodes):
            outcome.find("tflite", f"{runtime}: layers are not accounted for")


def _add_jobs(outcome: Outcome, model: QuantModel, chunk: Chunk, kind: str) -> None:
    named = replace(model, name=f"{outcome.drawn.name}_{kind}")
    program = lower(named)
    moved = from_storage if model.dtype == "float32" else _as_stored
    inputs = {port.name: moved(port, chunk.inputs[port.value]) for port in model.inputs}
    outputs = [moved(port, chunk.values[port.value]) for port in model.outputs]
    for sample in range(chunk.samples):
        given = {name: array[sample] for name, array in inputs.items()}
        outcome.jobs.append((Job(named, program, given), [array[sample] for array in outputs]))


def _as_stored(port: Port, array: AnyArray) -> AnyArray:
    del port
    return array


def check_programs(outcomes: Sequence[Outcome]) -> None:
    """Build the C of many networks under sanitizers and compare the outputs."""
    for rounding in get_args(Rounding):
        # Kernels that round otherwise are other kernels of the same names: another program.
        _check_program(outcomes, rounding)


def _check_program(outcomes: Sequence[Outcome], rounding: Rounding) -> None:
    pairs = [
        (outcome, job, expected)
        for outcome in outcomes
        for job, expected in outcome.jobs
        if job.model.rounding == rounding
    ]
    if not pairs:
        return
    try:
        with tempfile.TemporaryDirectory(prefix="cnnc-fuzz-") as folder:
            found = run_jobs([job for _, job, _ in pairs], Path(folder), sanitizing_toolset("-O0"))
    except ProgramFailedError as error:
        if len(outcomes) == 1:
            outcomes[0].find("host", str(error))
            return
        middle = len(outcomes) // 2
        _check_program(outcomes[:middle], rounding)
        _check_program(outcomes[middle:], rounding)
        return
    for (outcome, job, expected), arrays in zip(pairs, found, strict=True):
        for index, (wanted, array) in enumerate(zip(expected, arrays, strict=True)):
            if _bits(wanted) != _bits(array):
                outcome.find("host", f"{job.model.name}: output {index} has other bytes")
        outcome.passed.add("host")


def _bits(array: AnyArray) -> bytes:
    """Return the bytes, with one pattern for all that is no number."""
    if array.dtype.kind == "f":
        array = np.where(np.isnan(array), np.float32("nan"), array)
    return np.ascontiguousarray(array).tobytes()
