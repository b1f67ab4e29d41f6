"""Compile the whole networks that the onnx package ships without weights, with weights of our own.

The ``light_*`` models of ``onnx.backend.test`` (AlexNet, DenseNet-121, Inception v1 and v2,
ResNet-50, ShuffleNet, SqueezeNet, VGG-19, ZFNet-512) have constants for weights, which would hide
a wrong order of channels. They get seeded ones, stored as external data of the usual size: He
normal (He et al., "Delving Deep into Rectifiers", 2015, section 2.2) for layers with weights;
batch normalizations get the statistics that random images have there, so that activations neither
explode nor vanish.

Each is compared with ONNX Runtime, compiled to float32 and to int8, and its C compared with the
reference.

Run from the checkout: ``python -m bench.light_models [SUBSTRING ...] [--folder DIR]``.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.backend.test
import onnxruntime
from onnx import numpy_helper
from rich.console import Console
from rich.table import Table

from cnnc.importer.data import from_storage, to_storage
from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.float_model import FloatModel, Port
from cnnc.ir.types import F32, AnyArray, Shape
from cnnc.options import CompileOptions
from cnnc.passes.simplify import simplify
from cnnc.pipeline import compile_to_folder
from cnnc.progress import no_progress
from cnnc.quantize.float_reference import run_float
from cnnc.simulator.run import SimulationRequest, simulate

LIGHT = Path(onnx.backend.test.__file__).parent / "data" / "light"
SEED = 20
CALIBRATION_IMAGES = 4
SIMULATED_IMAGES = 1
RELATIVE_TOLERANCE = 1e-4


def light_models() -> list[Path]:
    """Return the files of the onnx package."""
    return sorted(LIGHT.glob("light_*.onnx"))


def give_weights(light: Path, folder: Path) -> Path:
    """Write the network with weights: ``<name>.onnx`` and ``<name>.onnx.data``; returns the former.

    Args:
        light: A network of the onnx package.
        folder: Exists; where the files go.
    """
    path = folder / f"{light.stem.removeprefix('light_')}.onnx"
    generator = np.random.default_rng(SEED)
    model = onnx.load_model(str(light))
    arrays = dict(_parameters(model.graph, generator))
    _write(model, arrays, path)
    if any(node.op_type == "BatchNormalization" for node in model.graph.node):
        arrays.update(_statistics(model.graph, arrays, path))
        _write(model, arrays, path)
    return path


def _parameters(
    graph: onnx.GraphProto, generator: np.random.Generator
) -> Iterator[tuple[str, F32]]:
    """Yield name and array of every float constant that a node reads, by its role there."""
    shapes = _constant_shapes(graph)
    source = {name: name for name in shapes}
    for node in graph.node:
        if node.op_type == "Unsqueeze" and node.input[0] in source:
            source[node.output[0]] = source[node.input[0]]
    seen: set[str] = set()
    for node in graph.node:
        for index, name in enumerate(node.input):
            draw = _ROLES.get((node.op_type, index))
            if draw is None or name not in source or source[name] in seen:
                continue
            seen.add(source[name])
            yield source[name], draw(generator, shapes[source[name]]).astype(np.float32)


def _constant_shapes(graph: onnx.GraphProto) -> dict[str, Shape]:
    """Return the shape of float initializers and of the results of ConstantOfShape."""
    initializers = {tensor.name: tensor for tensor in graph.initializer}
    shapes = {
        name: tuple(tensor.dims)
        for name, tensor in initializers.items()
        if tensor.data_type == onnx.TensorProto.FLOAT
    }
    for node in graph.node:
        if node.op_type == "ConstantOfShape":
            extents = numpy_helper.to_array(initializers[node.input[0]])
            shapes[node.output[0]] = tuple(int(extent) for extent in extents)
    return shapes


def _he_normal(generator: np.random.Generator, shape: Shape) -> AnyArray:
    taps = math.prod(shape[1:])
    return generator.standard_normal(shape, np.float32) * np.float32(math.sqrt(2.0 / taps))


def _small(generator: np.random.Generator, shape: Shape) -> AnyArray:
    return generator.normal(0.0, 0.1, shape)


def _about_one(generator: np.random.Generator, shape: Shape) -> AnyArray:
    return generator.uniform(0.5, 1.5, shape)


_Draw = Callable[[np.random.Generator, Shape], AnyArray]
_ROLES: dict[tuple[str, int], _Draw] = {
    ("Conv", 1): _he_normal,
    ("Conv", 2): _small,
    ("Gemm", 1): _he_normal,
    ("Gemm", 2): _small,
    ("BatchNormalization", 1): _about_one,
    ("BatchNormalization", 2): _small,
    ("BatchNormalization", 3): _small,
    ("BatchNormalization", 4): _about_one,
    ("Mul", 1): _about_one,
    ("Add", 1): _small,
}


def _write(model: onnx.ModelProto, arrays: Mapping[str, F32], path: Path) -> None:
    """Save the model with the arrays as initializers in an external file."""
    weighted = onnx.ModelProto()
    weighted.CopyFrom(model)
    graph = weighted.graph
    nodes = [node for node in graph.node if node.output[0] not in arrays]
    used = {name for node in nodes for name in node.input}
    tensors = [t for t in graph.initializer if t.name in used and t.name not in arrays]
    tensors += [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    for field in ("node", "initializer", "input"):
        graph.ClearField(field)
    graph.node.extend(nodes)
    graph.input.extend(inputs)
    graph.initializer.extend(tensors)
    # From IR version 4 on, initializers need not be inputs.
    weighted.ir_version = 8
    data = path.with_suffix(".onnx.data")
    data.unlink(missing_ok=True)
    onnx.save_model(
        weighted, str(path), save_as_external_data=True, location=data.name, size_threshold=1024
    )


def _statistics(graph: onnx.GraphProto, arrays: Mapping[str, F32], path: Path) -> dict[str, F32]:
    """Return mean and variance of every batch normalization's operand on random images."""
    model = read_onnx(path)
    operands = {
        node.output[0]: node.input for node in graph.node if node.op_type == "BatchNormalization"
    }
    values = {port.value: to_storage(port, batch) for port, batch in _images(model, 2)}
    found: dict[str, F32] = {}
    for node in model.nodes:
        reals = [values[name] if name in values else model.constants[name] for name in node.inputs]
        if node.output not in operands:
            values[node.output] = node.op.evaluate(reals)
            continue
        _, gamma, beta, mean, variance = operands[node.output]
        rows = reals[0].reshape(-1, reals[0].shape[-1])
        found |= {mean: rows.mean(axis=0), variance: rows.var(axis=0) + np.float32(1e-3)}
        scale = arrays[gamma] / np.sqrt(found[variance])
        values[node.output] = reals[0] * scale + (arrays[beta] - found[mean] * scale)
    return found


def _images(model: FloatModel, count: int) -> Iterator[tuple[Port, F32]]:
    generator = np.random.default_rng(SEED + 1)
    for port in model.inputs:
        yield port, generator.standard_normal((count, *port.onnx_shape), np.float32)


@dataclass(frozen=True)
class Finding:
    """What was found for one network.

    Attributes:
        name: Of the network.
        import_seconds: Read and simplify.
        float_error: Largest difference of the float reference from ONNX Runtime, relative to the
            largest result.
        real_seconds: All of ``cnnc compile --dtype float32``.
        real_cpu_seconds: Processor time of that.
        real_peak_bytes: Peak memory of that process.
        real_error: As ``float_error``, of the emitted C in float32.
        real_engines: Values of the float32 network compared on each engine, bit for bit.
        real_differing: Values that differ, over all of these.
        compile_seconds: All of ``cnnc compile`` to int8, with calibration.
        cpu_seconds: Processor time of that.
        peak_bytes: Peak memory of that process.
        weight_bytes: int8 constants.
        arena_bytes: Activations.
        macs: Of one inference.
        channels_removed: Channels that were found to be constant.
        engines: Values compared on each engine.
        differing: Values that differ, over all engines.
    """

    name: str
    import_seconds: float
    float_error: float
    real_seconds: float
    real_cpu_seconds: float
    real_peak_bytes: int
    real_error: float
    real_engines: dict[str, int]
    real_differing: int
    compile_seconds: float
    cpu_seconds: float
    peak_bytes: int
    weight_bytes: int
    arena_bytes: int
    macs: int
    channels_removed: int
    engines: dict[str, int]
    differing: int

    @property
    def holds(self) -> bool:
        """Whether float and int8 results are what they should be."""
        near = max(self.float_error, self.real_error) <= RELATIVE_TOLERANCE
        same = self.differing == self.real_differing == 0
        return near and same and bool(self.engines) and bool(self.real_engines)


def examine(light: Path, folder: Path) -> Finding:
    """Give a network weights, compile it and compare; each step in a process of its own."""
    path = give_weights(light, folder)
    imported = _in_process("float", path, folder)
    real = _in_process("float32", path, folder)
    compiled = _in_process("int8", path, folder)
    return Finding(name=path.stem, **{**imported, **real, **compiled})


def _in_process(step: str, path: Path, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.light_models", "--step", step]
    command += ["--model", str(path), "--folder", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603 (our own)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compare_float(path: Path, folder: Path) -> dict[str, Any]:
    """Return how far the imported network is from ONNX Runtime."""
    del folder
    start = time.perf_counter()
    model = simplify(read_onnx(path))
    seconds = time.perf_counter() - start
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    images = dict(_images(model, 1))
    inputs = {port.value: to_storage(port, batch) for port, batch in images.items()}
    wanted = {port.value for port in model.outputs}
    found = {name: array for name, array in run_float(model, inputs) if name in wanted}
    feeds = {port.name: batch[0] for port, batch in images.items()}
    expected: Any = session.run([port.name for port in model.outputs], feeds)
    errors = [
        np.abs(from_storage(port, found[port.value])[0] - array).max() / np.abs(array).max()
        for port, array in zip(model.outputs, expected, strict=True)
    ]
    return {"import_seconds": seconds, "float_error": float(max(errors))}


def compile_int8(path: Path, folder: Path) -> dict[str, Any]:
    """Compile for this machine, then compare the reference with the C."""
    start = time.perf_counter()
    data = _write_images(path, folder)
    options = CompileOptions(model=path, output=folder / path.stem, calibration=data)
    directory, report = compile_to_folder(options, no_progress, lambda _: None)
    seconds, cpu_seconds, peak = _spent_since(start)
    request = SimulationRequest(inputs=data, limit=SIMULATED_IMAGES, engines=("reference", "host"))
    compared = simulate(directory, request)
    return {
        "compile_seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_bytes": peak,
        "weight_bytes": report.weight_bytes,
        "arena_bytes": report.arena_bytes,
        "macs": report.macs,
        "channels_removed": report.channels_removed,
        "engines": {k: r.compared_values for k, r in compared.results.items() if r.bit_exact},
        "differing": sum(r.mismatched_values for r in compared.results.values()),
    }


def compile_float32(path: Path, folder: Path) -> dict[str, Any]:
    """Compile to float32 for this machine, then compare the C with the reference and the model.

    The reference equals the C bit for bit, so its distance from ONNX Runtime is the C's.
    """
    start = time.perf_counter()
    options = CompileOptions(model=path, output=folder / f"{path.stem}_float32", dtype="float32")
    directory, _ = compile_to_folder(options, no_progress, lambda _: None)
    seconds, cpu_seconds, peak = _spent_since(start)
    request = SimulationRequest(
        inputs=_write_images(path, folder),
        limit=SIMULATED_IMAGES,
        model=path,
        engines=("reference", "host", "float"),
    )
    compared = simulate(directory, request)
    near = compared.float_result or {}
    error = near.get("max_relative_error")
    return {
        "real_seconds": seconds,
        "real_cpu_seconds": cpu_seconds,
        "real_peak_bytes": peak,
        "real_error": math.inf if error is None else error,
        "real_engines": {k: r.compared_values for k, r in compared.results.items() if r.bit_exact},
        "real_differing": sum(r.mismatched_values for r in compared.results.values()),
    }


def _spent_since(start: float) -> tuple[float, float, int]:
    """Return seconds since a time, processor seconds and peak memory of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = time.perf_counter() - start
    return seconds, used.ru_utime + used.ru_stime, _peak_bytes(used.ru_maxrss * 1024)


def _peak_bytes(fallback: int) -> int:
    """Return the peak of this program's own memory.

    Linux counts what the parent held when it started this process into ``ru_maxrss``.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return fallback
    lines = status.read_text(encoding="ascii").splitlines()
    peaks = [int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")]
    return peaks[0] if peaks else fallback


def _write_images(path: Path, folder: Path) -> Path:
    """Write random images for the only input of a network."""
    graph = onnx.load_model(str(path), load_external_data=False).graph
    shape = tuple(dim.dim_value for dim in graph.input[0].type.tensor_type.shape.dim)
    generator = np.random.default_rng(SEED + 2)
    images = folder / f"{path.stem}_images.npz"
    np.savez(images, x=generator.standard_normal((CALIBRATION_IMAGES, *shape[1:]), np.float32))
    return images


_COLUMNS: dict[str, Callable[[Finding], str]] = {
    "network": lambda found: found.name,
    "import s": lambda found: f"{found.import_seconds:.1f}",
    "float error": lambda found: f"{found.float_error:.1e}",
    "f32 s": lambda found: f"{found.real_seconds:.1f}",
    "f32 CPU s": lambda found: f"{found.real_cpu_seconds:.1f}",
    "f32 MB": lambda found: f"{found.real_peak_bytes / 1e6:,.0f}",
    "f32 error": lambda found: f"{found.real_error:.1e}",
    "f32 engines": lambda found: _verdict(found.real_engines, found.real_differing),
    "compile s": lambda found: f"{found.compile_seconds:.1f}",
    "CPU s": lambda found: f"{found.cpu_seconds:.1f}",
    "peak MB": lambda found: f"{found.peak_bytes / 1e6:,.0f}",
    "weights": lambda found: f"{found.weight_bytes:,}",
    "arena": lambda found: f"{found.arena_bytes:,}",
    "MACs": lambda found: f"{found.macs:,}",
    "removed": lambda found: str(found.channels_removed),
    "values": lambda found: f"{sum(found.engines.values()):,}",
    "engines": lambda found: _verdict(found.engines, found.differing),
}


def _verdict(engines: Mapping[str, int], differing: int) -> str:
    return "equal" if engines and not differing else "DIFFERENT"


_STEPS: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "float": compare_float,
    "float32": compile_float32,
    "int8": compile_int8,
}


def main() -> int:
    """Examine the networks whose name holds one of the given words; 1 if any is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of names (default: all)")
    parser.add_argument("--folder", type=Path, help="keep networks and folders there")
    parser.add_argument("--json", type=Path, help="also write the table to a file")
    parser.add_argument("--step", choices=tuple(_STEPS), help=argparse.SUPPRESS)
    parser.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step is not None:
        sys.stdout.write(json.dumps(_STEPS[arguments.step](arguments.model, arguments.folder)))
        return 0
    words = arguments.words or [""]
    chosen = [path for path in light_models() if any(word in path.stem for word in words)]
    console = Console(width=170)
    findings = []
    for light in chosen:
        with tempfile.TemporaryDirectory() as scratch:
            finding = examine(light, arguments.folder or Path(scratch))
        findings.append(finding)
        console.print(" ".join(text(finding) for text in _COLUMNS.values()))
    table = Table(*_COLUMNS, box=None)
    for finding in findings:
        table.add_row(*(text(finding) for text in _COLUMNS.values()))
    console.print(table)
    if arguments.json is not None:
        text = json.dumps([asdict(finding) for finding in findings], indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0 if findings and all(finding.holds for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
