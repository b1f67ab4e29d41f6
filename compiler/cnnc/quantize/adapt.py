"""Adapt the weights to int8: layer after layer, with the operands that each will really see."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cnnc.importer.data import Samples, to_storage
from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import WeightedOp
from cnnc.ir.types import F32, AnyArray, elements
from cnnc.quantize.builder import QuantModelBuilder
from cnnc.quantize.compensate import OperandMoments, compensated_weights
from cnnc.quantize.fixed_point import Arithmetic, dequantize, quantize_real
from cnnc.quantize.quantize import start_quantization
from cnnc.quantize.ranges import ValueRanges

SAMPLE_LIMIT = 256
LIVE_BYTES = 256 * 2**20
"""Bound on the float values that are alive at once, for all samples; fewer samples if need be."""

ROW_LIMIT = 2**14
"""Rows (output pixels of all samples) that one layer is fitted to; spread evenly over them."""

TAP_LIMIT = 2048
"""Weights per output channel; the fit is quadratic in memory and cubic in time in them. Layers with
more are rounded to nearest: with so many terms the errors average out."""

CHUNK_BYTES = 16 * 2**20

Progress = Callable[[int, int], None]
"""Called with (layers done, layers in all)."""

_logger = logging.getLogger(__name__)


def adapt_weights(
    model: FloatModel, ranges: ValueRanges, samples: Samples, progress: Progress | None = None
) -> FloatModel:
    """Return the network with weights and biases chosen for int8 (``compensate.py``).

    Every layer with weights is fitted to give the float model's result from the int8 model's
    operands. Use it with real data only: on other data it has nothing to learn from.

    Args:
        model: The network, calibrated.
        ranges: Its ranges; they hold for the result too.
        samples: Calibration data; at most 256 samples are used.
        progress: Called after each layer.

    Raises:
        CalibrationError: As ``quantize``.
        ModelError: As ``quantize``.
    """
    batch = next(samples.batches(_sample_count(model), SAMPLE_LIMIT))
    inputs = {port.value: to_storage(port, batch[port.name]) for port in model.inputs}
    run = _PairedRun(model, start_quantization(model, ranges, "double"), inputs)
    adapted: list[FloatNode] = []
    for number, node in enumerate(model.nodes, start=1):
        adapted.append(run.step(node))
        if progress is not None:
            progress(number, len(model.nodes))
    _logger.info("adapted the weights of %d nodes", run.adapted)
    return replace(model, nodes=tuple(adapted))


class _PairedRun:
    """The float model and the int8 model, run side by side, one node at a time."""

    def __init__(
        self, model: FloatModel, builder: QuantModelBuilder, inputs: dict[str, F32]
    ) -> None:
        self.adapted = 0
        self._builder = builder
        self._arithmetic = Arithmetic()
        self._uses = Counter(name for node in model.nodes for name in set(node.inputs))
        samples = len(next(iter(inputs.values())))
        self._real = dict(inputs)
        self._int8: dict[str, AnyArray] = {
            name: quantize_real(array, builder.values[name].quantization)
            for name, array in inputs.items()
        }
        for name, array in model.constants.items():
            self._real[name] = np.broadcast_to(array, (samples, *array.shape))
        self._samples = samples

    def step(self, node: FloatNode) -> FloatNode:
        """Run one node on both sides; returns it with adapted weights if it has any."""
        adapted = self._adapt(node, node.op) if isinstance(node.op, WeightedOp) else node
        for added in self._builder.add(adapted):
            operands = [self._int8_operand(name) for name in added.inputs]
            self._int8[added.output] = added.op.evaluate(operands, self._arithmetic)
        with np.errstate(all="ignore"):
            self._real[node.output] = node.op.evaluate([self._real[name] for name in node.inputs])
        self._forget(node)
        return adapted

    def _int8_operand(self, name: str) -> AnyArray:
        constant = self._builder.constants.get(name)
        if constant is None:
            return self._int8[name]
        return np.broadcast_to(constant, (self._samples, *constant.shape))

    def _forget(self, node: FloatNode) -> None:
        self._uses.subtract(set(node.inputs))
        for name in {*node.inputs, node.output}:
            if self._uses[name] == 0:
                self._real.pop(name, None)
                self._int8.pop(name, None)

    def _adapt(self, node: FloatNode, op: WeightedOp) -> FloatNode:
        name = node.inputs[0]
        weight = op.weight_matrix()
        if weight.shape[2] > TAP_LIMIT:
            _logger.info("%s: %d weights per channel are not adapted", node.name, weight.shape[2])
            return node
        moments = OperandMoments.empty(weight.shape[0], weight.shape[2])
        real, integers = self._real[name], self._int8_operand(name)
        format_ = self._builder.values[name].quantization
        rows_per_sample = elements(self._builder.model.shapes[node.output][:-1])
        stride = _row_stride(self._samples * rows_per_sample)
        row_bytes = weight.shape[0] * weight.shape[2] * weight.itemsize
        chunk = max(1, CHUNK_BYTES // (row_bytes * max(rows_per_sample, 1)))
        for begin in range(0, self._samples, chunk):
            part = slice(begin, begin + chunk)
            moments.add(
                op.unfold(real[part])[:, ::stride],
                op.unfold(dequantize(integers[part], format_))[:, ::stride],
            )
        self.adapted += 1
        return replace(node, op=op.with_weights(*compensated_weights(weight, op.bias, moments)))


def _row_stride(rows: int) -> int:
    """Return the smallest odd step that leaves at most ``ROW_LIMIT`` rows."""
    return max(1, -(-rows // ROW_LIMIT)) | 1 if rows > ROW_LIMIT else 1


def _sample_count(model: FloatModel) -> int:
    """Return how many samples fit ``LIVE_BYTES``, by the largest node's operands and result."""
    largest = max(
        (
            sum(elements(shape) for shape in (*model.input_shapes(node), model.shapes[node.output]))
            for node in model.nodes
        ),
        default=1,
    )
    item_bytes = np.dtype(np.float32).itemsize
    return max(1, min(SAMPLE_LIMIT, LIVE_BYTES // (2 * item_bytes * largest)))
