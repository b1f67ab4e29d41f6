"""Time the emitted C on this machine in turns with other runtimes on the same network."""

import ctypes
import math
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.quantization import QuantFormat, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from bench.cortex_m_measure import NETWORKS, DifferentBytesError
from bench.networks_224 import NETWORKS_224, write_networks
from cnnc.deploy.toolchain import host_core
from cnnc.errors import CnncError
from cnnc.ir.types import I8, AnyArray
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.progress import no_progress
from cnnc.simulator.compiler_calls import compile_files, link
from cnnc.simulator.folder import CompiledFolder, open_folder
from cnnc.simulator.reference import run_outputs
from cnnc.simulator.tflite_runtime import find_runtime
from cnnc.simulator.toolsets import Toolset

ONNX_NETWORKS = {
    "KWS": "kws_dscnn_nchw_bn.onnx",
    "VWW": "vww_mobilenetv1_025_96_nchw_bn.onnx",
    "IC": "ic_resnet8_nchw_bn.onnx",
    "AD": "ad_fc_autoencoder.onnx",
}
"""The same networks in float, for ONNX Runtime; they may be missing."""
ALL_NETWORKS = ("AD", "KWS", "VWW", "IC", *NETWORKS_224)
INPUTS = 3
"""Random samples on which the C is compared with the reference."""
_FLAGS = ("-std=c99", "-O2", "-fPIC", "-ffp-contract=off")
_NAME = "network"
_TURN_SECONDS = 0.02
_ARENA_ALIGNMENT = 64
_SEED = 5

Inference = Callable[[], object]


@dataclass(frozen=True)
class HostTask:
    """One network to time.

    Attributes:
        name: One of ``ALL_NETWORKS``.
        models: Folder of the MLPerf Tiny networks.
        target: What the C is made for, e.g. ``host``.
        compilers: Names of C compilers.
        seconds: How long the engines take turns.
    """

    name: str
    models: Path
    target: str
    compilers: tuple[str, ...]
    seconds: float

    @property
    def needed_file(self) -> Path | None:
        """The file that it cannot do without; None where it is made on the spot."""
        return None if self.name in NETWORKS_224 else self.models / NETWORKS[self.name]


@dataclass(frozen=True)
class HostMeasurement:
    """The shortest time of one inference by each engine.

    Attributes:
        name: The network.
        microseconds: By engine: compilers' names, ``XNNPACK``, ``ONNX Runtime int8``,
            ``ONNX Runtime float``; engines that were not there are missing.
        arena_bytes: Of the emitted C.
        library_bytes: Of the shared library by the first compiler, constants included.
    """

    name: str
    microseconds: Mapping[str, float]
    arena_bytes: int
    library_bytes: int


def measure_host(task: HostTask) -> HostMeasurement:
    """Compile, compare with the reference, and time all engines in turns.

    Raises:
        DifferentBytesError: The C gives other bytes than the reference.
        CnncError: A tool is missing.
    """
    with tempfile.TemporaryDirectory(prefix="cnnc-bench-") as name:
        folder = Path(name)
        source = task.needed_file
        if source is None:
            source = write_networks(folder, [task.name])[task.name]
        options = CompileOptions(
            model=source, target=task.target, output=folder / "compiled", name=_NAME
        )
        directory, report = compile_to_folder(options, no_progress, _say_nothing)
        compiled = open_folder(directory)
        engines: dict[str, Inference] = {}
        sizes: list[int] = []
        for compiler in task.compilers:
            library = _build(compiled, compiler, folder / compiler)
            engines[compiler] = _checked_library(compiled, library, compiler)
            sizes.append(library.stat().st_size)
        engines["XNNPACK"] = _xnnpack((directory / "model" / "model.tflite").read_bytes())
        engines |= _onnx_runtime(_onnx_file(task, source), folder)
        return HostMeasurement(
            task.name, _best_microseconds(engines, task.seconds), report.arena_bytes, sizes[0]
        )


def measure_host_or_say(task: HostTask) -> HostMeasurement | str:
    """Return the measurement, or why there is none."""
    try:
        return measure_host(task)
    except (CnncError, DifferentBytesError) as error:
        return f"{task.name}: {error}"


def _say_nothing(_: str) -> None:
    """Drop warnings: weights and inputs are random here."""


def _best_microseconds(engines: Mapping[str, Inference], seconds: float) -> dict[str, float]:
    """Time the engines in turns, so that what else the machine does hits all alike.

    Every engine is called from Python, which costs each well below a microsecond.
    """
    best = dict.fromkeys(engines, math.inf)
    end = time.perf_counter() + seconds * len(engines)
    while time.perf_counter() < end:
        for name, infer in engines.items():
            infer()
            turn = time.perf_counter() + _TURN_SECONDS
            while True:
                start = time.perf_counter_ns()
                infer()
                best[name] = min(best[name], (time.perf_counter_ns() - start) / 1000)
                if time.perf_counter() > turn:
                    break
    return best


def _build(compiled: CompiledFolder, compiler: str, folder: Path) -> Path:
    """Return the emitted C as a shared library."""
    core = compiled.target.core
    flags = (*_FLAGS, *core.c_flags)
    toolset = Toolset(compiler, flags, ("-shared", *core.link_flags, *host_core().link_flags))
    code = compiled.code
    includes = [f"-I{code.directory / place}" for place in ("include", "src", "src/cnnc")]
    folder.mkdir()
    objects: list[Path] = []
    for kernel_set in (None, *code.used_sets):
        sources = [file for file in code.sources if code.set_of(file) is kernel_set]
        further = kernel_set.c_flags if kernel_set is not None else ()
        objects += compile_files(toolset, sources, [*includes, *further], folder)
    library = folder / f"lib{_NAME}.so"
    link(toolset, objects, (), library)
    return library


def _checked_library(compiled: CompiledFolder, library: Path, compiler: str) -> Inference:
    """Return the library's inference, after it gave the reference's bytes."""
    model = compiled.model
    (given,), (result,) = model.inputs, model.outputs
    loaded = ctypes.CDLL(str(library))
    init, run, place, outcome = (
        getattr(loaded, f"{_NAME}_{name}") for name in ("init", "run", "input", "output")
    )
    place.restype = outcome.restype = ctypes.c_void_p
    arena = ctypes.create_string_buffer(compiled.arena_bytes + _ARENA_ALIGNMENT)
    first = -(-ctypes.addressof(arena) // _ARENA_ALIGNMENT) * _ARENA_ALIGNMENT
    # The context is the arena's address and whatever the build adds: smaller than this.
    context = ctypes.byref((ctypes.c_void_p * 16)())
    if init(context, ctypes.c_void_p(first), ctypes.c_size_t(compiled.arena_bytes)) != 0:
        raise DifferentBytesError(f"{compiler}: init refuses the arena")
    samples = _samples((INPUTS, *model.values[given.value].shape))
    expected = run_outputs(model, {given.value: samples})[result.value]
    for sample, wanted in zip(samples, expected, strict=True):
        ctypes.memmove(place(context), sample.tobytes(), sample.nbytes)
        run(context)
        if ctypes.string_at(outcome(context), wanted.nbytes) != wanted.tobytes():
            raise DifferentBytesError(f"{compiler}: the C is not equal to the reference")

    def infer(kept: tuple[object, ...] = (arena, loaded)) -> object:
        assert kept
        return run(context)

    return infer


def _samples(shape: tuple[int, ...]) -> I8:
    return np.random.default_rng(_SEED).integers(-128, 128, shape).astype(np.int8)


def _xnnpack(model: bytes) -> Inference:
    """Return an inference by ai-edge-litert's default kernels on one thread."""
    runtime = find_runtime(("ai-edge-litert",))
    interpreter = runtime.module.Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    interpreter.set_tensor(entry["index"], _samples(tuple(entry["shape"])))
    infer: Inference = interpreter.invoke
    return infer


def _onnx_file(task: HostTask, source: Path) -> Path | None:
    """Return the network in float, if there is such a file."""
    if task.needed_file is None:
        return source
    path = task.models / ONNX_NETWORKS[task.name]
    return path if path.is_file() else None


def _onnx_runtime(path: Path | None, folder: Path) -> dict[str, Inference]:
    """Return inferences by ONNX Runtime on one thread, in float and as it quantizes to int8."""
    if path is None:
        return {}
    prepared, quantized = folder / "prepared.onnx", folder / "quantized.onnx"
    quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    floating, feeds = _session(path)
    reader: Any = _OneSample(feeds)
    quantize_static(
        str(prepared),
        str(quantized),
        reader,
        quant_format=QuantFormat.QDQ,
        per_channel=True,
    )
    integer, _ = _session(quantized)
    return {
        "ONNX Runtime int8": lambda: integer.run(None, feeds),
        "ONNX Runtime float": lambda: floating.run(None, feeds),
    }


def _session(path: Path) -> tuple[Any, dict[str, AnyArray]]:
    """Return a session on one thread and a random input for it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(_SEED)
    feeds: dict[str, AnyArray] = {}
    for port in session.get_inputs():
        shape = [extent if isinstance(extent, int) else 1 for extent in port.shape]
        feeds[port.name] = generator.standard_normal(shape, np.float32)
    return session, feeds


class _OneSample:
    """Speed does not depend on the ranges: one random sample gives them."""

    def __init__(self, feeds: Mapping[str, AnyArray]) -> None:
        self._left = [dict(feeds)]

    def get_next(self) -> dict[str, AnyArray] | None:
        """Return the sample, once."""
        return self._left.pop() if self._left else None
