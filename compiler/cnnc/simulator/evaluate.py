"""``cnnc evaluate``: accuracy of the compiled network and of the original over labelled data."""

import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from cnnc.errors import CalibrationError, InternalError, ToolchainError
from cnnc.importer.data import Samples, open_samples
from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import I64, AnyArray, Dtype, Tensor, elements
from cnnc.simulator.build import build_program
from cnnc.simulator.chunk import chunk_size
from cnnc.simulator.distance import OutputDistances, holds_indices
from cnnc.simulator.faults import EngineFailedError, FaultyCodeError
from cnnc.simulator.folder import CompiledFolder, open_folder
from cnnc.simulator.inputs import input_types, original_reals, original_tensor, store_inputs
from cnnc.simulator.onnx_runtime import OnnxSession
from cnnc.simulator.records import RecordLayout
from cnnc.simulator.reference import run_outputs
from cnnc.simulator.runners import ProgramRunner
from cnnc.simulator.scores import class_count, is_present, overlap, top_classes
from cnnc.simulator.toolsets import fast_host_toolset

logger = logging.getLogger(__name__)

Metric = Literal["top1", "iou", "agreement", "sqnr"]
EngineName = Literal["host", "reference"]

_BATCH = 256


@dataclass(frozen=True)
class Evaluation:
    """What ``evaluate --json`` prints.

    Attributes:
        inputs: Rows of the data that were run (a static batch B counts B).
        samples: Number of scored items: more than ``inputs`` where a row has several.
        dtype: What the compiled network computes in.
        engine: Who computed it: the C on this machine, or the reference without a compiler.
        metric: ``top1``: share of right answers; ``iou`` where the output is a mask, the
            probability of one class at many places: intersection over union of what is at least
            0.5 with the labelled places, over all data. Without labels ``agreement``, where the
            only output is a classifier's or holds integers: share of items where it chooses what
            the original chooses, so that float scores 1; else ``sqnr``: ``outputs`` alone tells.
        float_score: Of the original, 0..1; None where the source is an int8 .tflite, or of sqnr.
        score: Of the compiled network, 0..1; None of sqnr.
        labelled: Name of the output that the labels belong to; None without labels.
        outputs: Without labels, how far each output is from the original's, as
            ``OutputDistance.to_json`` gives it; else empty.
    """

    inputs: int
    samples: int
    dtype: Dtype
    engine: EngineName
    metric: Metric
    float_score: float | None
    score: float | None
    labelled: str | None = None
    outputs: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "inputs": self.inputs,
            "samples": self.samples,
            "dtype": self.dtype,
            "engine": self.engine,
            "metric": self.metric,
            "float": self.float_score,
            "int8": self.score if self.dtype == "int8" else None,
            "float32": self.score if self.dtype == "float32" else None,
            "drop_points": self.drop_points,
            "labelled": self.labelled,
            "outputs": [dict(output) for output in self.outputs],
        }

    @property
    def drop_points(self) -> float | None:
        """Percentage points that are lost against the original; None without a float model."""
        if self.float_score is None or self.score is None:
            return None
        return round(100.0 * (self.float_score - self.score), 4)


class OutputRunner(Protocol):
    """Computes the outputs alone."""

    def __call__(self, inputs: Mapping[str, Tensor]) -> Mapping[str, AnyArray]:
        """Return value key -> (S, *storage_shape) of every output."""
        ...


def evaluate(
    directory: Path,
    data: Path,
    limit: int | None = None,
    model: Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Evaluation:
    """Run the original and the compiled network over a data file.

    Args:
        directory: Folder that ``cnnc compile`` wrote.
        data: ``.npz`` with inputs and, for accuracy, labels ``y``.
        limit: Use the first so many rows of the data, and what completes a static batch.
        model: The source model, where the folder holds no copy.
        progress: Called as (stage, done, total).

    Raises:
        CnncError: The folder, the model or the data are at fault.
        FaultyCodeError: The C, built as it is evaluated, differs from the reference.
    """
    folder = open_folder(directory)
    samples = open_samples(data, folder.model.inputs, input_types(folder.model))
    count = samples.inferences(limit)
    if count == 0:
        raise CalibrationError(f"'{data}' holds no samples", "give at least one", str(data))
    session = _float_session(folder, model)
    if session is None and samples.labels is None:
        raise CalibrationError(
            f"'{data}' has no labels, and an int8 .tflite has no float model to agree with",
            "give one integer label for each sample in y",
            str(data),
        )
    port = folder.model.outputs[0]
    labels = _checked_labels(samples, count, port, _classes(folder.model, port), data)
    scoring = _Distances(folder.model) if labels is None else _Labels(folder.model, labels)
    done = 0
    with tempfile.TemporaryDirectory(prefix="cnnc-evaluate-") as build:
        engine, run = _start_engine(folder, Path(build))
        for real in samples.batches(_batch_size(folder.model, engine), count):
            inputs = store_inputs(folder.model, real)
            stored = run(inputs)
            if done == 0 and engine == "host":
                _check_build(folder.model, inputs, stored)
            outputs = None
            if session is not None:
                outputs = original_reals(folder.model, session.run(real))
            scoring.add(outputs, stored)
            done += len(next(iter(inputs.values())))
            if progress is not None:
                progress("evaluating", done, count)
    return scoring.result(count * samples.group, engine)


class _Distances:
    """Scores without labels: how near every output is to the original's."""

    def __init__(self, model: QuantModel) -> None:
        self._dtype: Dtype = model.dtype
        self._distances = OutputDistances(model)

    def add(self, original: Sequence[Tensor] | None, stored: Mapping[str, AnyArray]) -> None:
        if original is None:
            raise InternalError("neither labels nor a float model to compare with")
        self._distances.add(original, stored)

    def result(self, inputs: int, engine: EngineName) -> Evaluation:
        first = self._distances.outputs[0]
        agrees = len(self._distances.outputs) == 1 and first.agreement is not None
        return Evaluation(
            inputs=inputs,
            samples=first.items if agrees else inputs,
            dtype=self._dtype,
            engine=engine,
            metric="agreement" if agrees else "sqnr",
            float_score=1.0 if agrees else None,
            score=first.agreement if agrees else None,
            outputs=tuple(self._distances.to_json()),
        )


class _Labels:
    """Scores of the first output by the labels of the data."""

    def __init__(self, model: QuantModel, labels: I64) -> None:
        self._model = model
        self._port = model.outputs[0]
        self._labels = labels
        self._decide = _decision(self._port)
        self._compiled: list[I64] = []
        self._in_float: list[I64] = []

    def add(self, original: Sequence[Tensor] | None, stored: Mapping[str, AnyArray]) -> None:
        found = original_tensor(self._model, self._port, stored[self._port.value])
        self._compiled.append(self._decide(found))
        if original is not None:
            self._in_float.append(self._decide(original[0]))

    def result(self, inputs: int, engine: EngineName) -> Evaluation:
        metric = _metric(self._port)
        measure = overlap if metric == "iou" else _share
        classes = np.concatenate(self._compiled)
        in_float = np.concatenate(self._in_float) if self._in_float else None
        return Evaluation(
            inputs=inputs,
            samples=len(classes),
            dtype=self._model.dtype,
            engine=engine,
            metric=metric,
            float_score=None if in_float is None else measure(in_float, self._labels),
            score=measure(classes, self._labels),
            labelled=self._port.name,
        )


def _is_single_class(port: Port) -> bool:
    return class_count(port) == 1 and bool(port.onnx_shape)


def _metric(port: Port) -> Metric:
    return "iou" if _is_single_class(port) and elements(port.onnx_shape) > 1 else "top1"


def _decision(port: Port) -> Callable[[Tensor], I64]:
    return is_present if _is_single_class(port) else partial(top_classes, port)


def _float_session(folder: CompiledFolder, model: Path | None) -> OnnxSession | None:
    """Return the original model; None where it is an int8 .tflite."""
    if folder.tflite_source(model) is not None:
        return None
    return folder.float_session(model)


def _share(classes: I64, truth: I64) -> float:
    return float((classes == truth).mean())


def _check_build(
    model: QuantModel, inputs: Mapping[str, Tensor], found: Mapping[str, AnyArray]
) -> None:
    """Compare the first samples with the reference: ``simulate`` knows another build.

    Raises:
        FaultyCodeError: A value differs.
    """
    few = {name: array[: chunk_size(model)] for name, array in inputs.items()}
    expected = run_outputs(model, few)
    for port in model.outputs:
        wanted = expected[port.value]
        _check_output(wanted, found[port.value][: len(wanted)])


def _check_output(expected: AnyArray, found: AnyArray) -> None:
    alike = expected == found
    if expected.dtype.kind == "f":
        alike |= np.isnan(expected) & np.isnan(found)
    different = np.argwhere(~alike)
    if not len(different):
        return
    place = tuple(different[0])
    raise FaultyCodeError(
        f"the emitted C gives other outputs than the reference: {len(different)} values differ, "
        f"first in sample {place[0]}: {found[place]} instead of {expected[place]}",
        "'cnnc simulate DIR' names the first layer that differs",
        "src",
    )


def _classes(model: QuantModel, port: Port) -> int | None:
    """Return the number of classes; None where the output is their indices."""
    if holds_indices(model, port):
        return None
    return 2 if _is_single_class(port) else class_count(port)


def _checked_labels(
    samples: Samples, count: int, port: Port, classes: int | None, data: Path
) -> I64 | None:
    """Return the label of each classified item; None where there are no labels.

    Args:
        samples: The data.
        count: How many samples are to be run.
        port: The output that holds the scores, or the indices of classes.
        classes: How many there are; None where that is not known.
        data: File name, for messages.

    Raises:
        CalibrationError: The labels are not integers, not one for each item, or no classes.
    """
    if samples.labels is None:
        return None
    per_sample = elements(port.onnx_shape) // (1 if classes is None else class_count(port))
    labels = samples.labels.reshape(-1)
    if labels.size != samples.count * per_sample or labels.dtype.kind not in "iub":
        raise CalibrationError(
            f"'{data}' has {labels.size} labels of type {labels.dtype}; the model classifies "
            f"{per_sample} items for each of {samples.count} samples",
            "give one integer label in y for each",
            str(data),
        )
    indices: I64 = labels.astype(np.int64)
    bound = np.iinfo(np.int64).max if classes is None else classes
    strange = indices[(indices < 0) | (indices >= bound)]
    if strange.size:
        raise CalibrationError(
            f"'{data}' has label {strange[0]}; the model has classes 0 to {bound - 1}",
            "give the index of the right output in y",
            str(data),
        )
    return indices[: count * per_sample]


def _start_engine(folder: CompiledFolder, build: Path) -> tuple[EngineName, OutputRunner]:
    try:
        program = build_program(folder.code, fast_host_toolset(), build / "host", traced=False)
    except EngineFailedError:
        raise
    except ToolchainError as error:
        logger.warning("%s; the reference computes instead, which is slower", error.problem)
        return "reference", partial(run_outputs, folder.model)
    runner = ProgramRunner(program.path)
    layout = RecordLayout(folder.model, traced=False)
    values = [port.value for port in folder.model.outputs]
    return "host", lambda inputs: dict(zip(values, runner.run(layout, inputs).outputs, strict=True))


def _batch_size(model: QuantModel, engine: EngineName) -> int:
    return chunk_size(model) if engine == "reference" else _BATCH
