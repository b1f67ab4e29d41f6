"""Find the range of every value by running the float model over calibration data, once."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnnc.errors import CalibrationError
from cnnc.importer.data import Samples, to_storage
from cnnc.ir.float_model import FloatModel
from cnnc.ir.op import OutputFormat
from cnnc.ir.types import F32, elements
from cnnc.options import CalibrationMethod
from cnnc.quantize.clipping import choose_range, minmax_range, steadied
from cnnc.quantize.float_reference import run_float
from cnnc.quantize.histogram import Histogram
from cnnc.quantize.parameters import with_zero
from cnnc.quantize.ranges import ValueRange, ValueRanges

DEFAULT_METHOD: CalibrationMethod = "percentile"
"""The method that changes the fewest decisions of the project's models (docs/quantization.md)."""

BATCH_LIMIT = 64
BATCH_BYTES = 64 * 2**20
"""Bound on operands and result of one node for a whole batch of samples."""

LOGIT_READERS = frozenset({"softmax", "log_softmax", "arg_max"})
"""Kinds of ops whose result depends on the largest operand: it must not be clipped."""

Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all)."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Observations:
    """Distribution of every value that depends on the input.

    Attributes:
        histograms: By value key: graph inputs and node outputs.
        samples: How many samples were seen.
    """

    histograms: dict[str, Histogram]
    samples: int


def calibrate(
    model: FloatModel,
    samples: Samples,
    method: CalibrationMethod = DEFAULT_METHOD,
    progress: Progress | None = None,
) -> ValueRanges:
    """Return the range of every value, from one streaming pass over the samples.

    Memory does not depend on the number of samples.

    Args:
        model: The network.
        samples: Float inputs; at least one.
        method: How the range is chosen from the distribution.
        progress: Called after each batch.

    Raises:
        CalibrationError: There are no samples, or a value becomes infinite or NaN.
    """
    return choose_ranges(model, observe(model, samples, progress), method)


def observe(model: FloatModel, samples: Samples, progress: Progress | None = None) -> Observations:
    """Run the float model over all samples and collect the distribution of every value.

    Raises:
        CalibrationError: There are no samples, or a value becomes infinite or NaN.
    """
    if samples.count < 1:
        raise CalibrationError("the calibration data hold no samples", "give at least one sample")
    histograms = {port.value: Histogram() for port in model.inputs}
    histograms.update({node.output: Histogram() for node in model.nodes})
    done = 0
    for batch in samples.batches(batch_size(model)):
        inputs = {port.value: to_storage(port, batch[port.name]) for port in model.inputs}
        for value, array in run_float(model, inputs):
            if not histograms[value].update(array):
                raise _not_finite(model, value, array, done)
        done += len(next(iter(inputs.values())))
        if progress is not None:
            progress(done, samples.count)
    _logger.info("calibrated %d values on %d samples", len(histograms), done)
    return Observations(histograms, done)


def choose_ranges(
    model: FloatModel, observations: Observations, method: CalibrationMethod
) -> ValueRanges:
    """Return the range of every value by one of the methods.

    Graph inputs and logits are never clipped; constants have their own minimum and maximum.
    """
    unclipped = _unclipped_values(model)
    ranges: dict[str, ValueRange] = {}
    for name, array in model.constants.items():
        ranges[name] = _constant_range(array)
    for value, histogram in observations.histograms.items():
        found = minmax_range(histogram) if value in unclipped else choose_range(histogram, method)
        ranges[value] = steadied(found)
        _logger.debug("%s: [%g, %g]", value, ranges[value].low, ranges[value].high)
    return ValueRanges(ranges, observations.samples, method)


def batch_size(model: FloatModel) -> int:
    """Return how many samples are run at once: up to 64, fewer where a layer is large."""
    largest = max(
        (
            sum(elements(shape) for shape in (*model.input_shapes(node), model.shapes[node.output]))
            for node in model.nodes
        ),
        default=1,
    )
    item_bytes = np.dtype(np.float32).itemsize
    return max(1, min(BATCH_LIMIT, BATCH_BYTES // (item_bytes * max(largest, 1))))


def _unclipped_values(model: FloatModel) -> set[str]:
    """Return graph inputs, outputs and logits, with every value that shares their format."""
    keeping = (OutputFormat.SAME_AS_INPUT, OutputFormat.COMMON)
    found = {port.value for port in (*model.inputs, *model.outputs)}
    for node in reversed(model.nodes):
        if node.op.kind in LOGIT_READERS:
            found.update(node.inputs)
        if node.output in found and node.op.output_format in keeping:
            found.update(node.inputs)
    return found


def _constant_range(array: F32) -> ValueRange:
    if array.size == 0:
        return ValueRange(0.0, 0.0)
    return ValueRange(*with_zero(float(array.min()), float(array.max())))


def _not_finite(model: FloatModel, value: str, array: F32, before: int) -> CalibrationError:
    faulty = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    sample = before + int(faulty.argmax())
    producer = model.producer(value)
    if producer is None:
        return CalibrationError(
            f"calibration sample {sample} holds NaN or infinity in input '{value}'",
            "remove the sample or repair the pre-processing",
            value,
        )
    return CalibrationError(
        f"{producer.op.kind} node '{producer.name}' computes NaN or infinity for calibration "
        f"sample {sample}",
        "check that the data are scaled as in training; the float model fails on this sample too",
        producer.name,
    )
