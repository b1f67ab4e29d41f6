"""Measure networks and single layers on emulated Cortex-M cores, equal bytes first."""

import math
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.models import MODELS
from bench.shapes import SHAPES
from cnnc.codegen.lower import lower
from cnnc.errors import CnncError
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.progress import no_progress
from cnnc.report.compile_report import CompileReport
from cnnc.simulator.folder import open_folder
from cnnc.simulator.run import SimulationReport, SimulationRequest, simulate

INPUTS = 3
"""Samples whose every layer is compared; the first one is counted."""

NETWORKS = {
    "KWS": "kws_dscnn_int8.tflite",
    "VWW": "vww_mobilenetv1_025_96_int8.tflite",
    "IC": "ic_resnet8_int8.tflite",
    "AD": "ad_fc_autoencoder_int8.tflite",
}


NETWORKS_FOLDER = MODELS / "mlperf_tiny"
"""Where they lie if no other folder is given."""


class DifferentBytesError(Exception):
    """An engine computed other bytes than the reference: no figure of it means anything."""


@dataclass(frozen=True)
class Task:
    """One thing to measure.

    Attributes:
        core: A table of boards/cores.toml.
        name: Of a network or a shape.
        flash_bytes: Program memory that kernels may be chosen for; None for the core's.
        models: Folder of the networks' files.
    """

    core: str
    name: str
    flash_bytes: int | None = None
    models: Path = NETWORKS_FOLDER


@dataclass(frozen=True)
class Measurement:
    """What one inference needs.

    Attributes:
        core: Where it ran.
        name: Network or shape.
        macs: Multiply-accumulates of the model as it was given.
        instructions: Executed.
        cycles: Modelled; None where the core's timing is not published.
        arena_bytes: Activations and working memory.
        stack_bytes: Most that was on the stack.
        code_bytes: The network's code; None if it could not be measured.
        firmware_bytes: Flash of the whole program without the constants and without the sample of
            the self-test; None likewise.
        constant_bytes: Weights, biases, multipliers.
        plain_constant_bytes: The same in the order of plain C: int8 weights, nothing packed.
        layers: JSON objects of the profile.
    """

    core: str
    name: str
    macs: int
    instructions: int
    cycles: int | None
    arena_bytes: int
    stack_bytes: int | None
    code_bytes: int | None
    firmware_bytes: int | None
    constant_bytes: int
    plain_constant_bytes: int
    layers: tuple[Mapping[str, Any], ...]

    @property
    def kernels(self) -> str:
        """The kernels of all layers that multiply, each once."""
        names = (str(layer["kernel"]) for layer in self.layers if layer["macs"])
        return ", ".join(dict.fromkeys(names))


def missing_models(tasks: Iterable[Task]) -> list[Path]:
    """Return the networks' files that are not there, each once."""
    files = {_network_file(task): None for task in tasks if task.name in NETWORKS}
    return [path for path in files if not path.is_file()]


def measure(task: Task) -> Measurement:
    """Compile, compare the target and TFLite with the reference, and count.

    Raises:
        DifferentBytesError: Bytes differ.
        CnncError: A tool is missing.
    """
    with tempfile.TemporaryDirectory(prefix="cnnc-bench-") as name:
        folder = Path(name)
        shape = SHAPES.get(task.name)
        model = shape.write(folder) if shape is not None else _network_file(task)
        options = CompileOptions(
            model=model,
            target=task.core,
            output=folder / "compiled",
            name="network",
            flash_bytes=task.flash_bytes,
        )
        directory, report = compile_to_folder(options, no_progress, print)
        request = SimulationRequest(random=INPUTS, engines=("target", "tflite"), profile=True)
        simulated = simulate(directory, request)
        _check_equal(task, simulated)
        plain = lower(open_folder(directory).model).weight_bytes
    target = simulated.results["target"].to_json()
    flash = target["flash_bytes"]
    return Measurement(
        core=task.core,
        name=task.name,
        macs=report.macs,
        instructions=target["instructions_per_inference"],
        cycles=target["cycles_per_inference"],
        arena_bytes=report.arena_bytes,
        stack_bytes=target["stack_bytes"],
        code_bytes=target["code_bytes"],
        firmware_bytes=(
            None if flash is None else flash - target["weights_bytes"] - _sample_bytes(report)
        ),
        constant_bytes=report.weight_bytes,
        plain_constant_bytes=plain,
        layers=tuple(target["profile"]),
    )


def measure_or_say(task: Task) -> Measurement | str:
    """Return the measurement, or why there is none."""
    try:
        return measure(task)
    except (CnncError, DifferentBytesError) as error:
        return f"{task.name} on {task.core}: {error}"


def _check_equal(task: Task, report: SimulationReport) -> None:
    for engine, result in report.results.items():
        if result.bit_exact:
            continue
        raise DifferentBytesError(f"{engine} is not equal to the reference: {result.to_json()}")
    if not report.equal:
        raise DifferentBytesError(f"{task.name} on {task.core}: {report.to_json()}")


def _sample_bytes(report: CompileReport) -> int:
    """Return the size of the self-test's input and expected output."""
    return sum(math.prod(port["c_shape"]) for port in (*report.inputs, *report.outputs))


def _network_file(task: Task) -> Path:
    return task.models / NETWORKS[task.name]
