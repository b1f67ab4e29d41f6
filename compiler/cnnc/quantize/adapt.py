"""Adapt the weights to int8: layer after layer, with the operands that each will really see."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from cnnc.importer.data import Samples, to_storage
from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import WeightedOp
from cnnc.ir.quant_model import QuantNode, QuantValue
from cnnc.ir.types import F32, AnyArray, Quantization, Tensor, elements
from cnnc.quantize.builder import QuantModelBuilder
from cnnc.quantize.calibrate import batch_size
from cnnc.quantize.compensate import OperandMoments, compensated_weights
from cnnc.quantize.fixed_point import Arithmetic, quantize_real
from cnnc.quantize.quantize import start_quantization
from cnnc.quantize.ranges import ValueRanges
from cnnc.quantize.sampling import spread_samples

SAMPLE_LIMIT = 256
LIVE_BYTES = 256 * 2**20
"""Bound on the values, float and int8, that are alive at once for all samples; fewer samples are
used if need be."""

MAC_LIMIT = 2**38
"""Bound on the multiply-accumulates of all samples: a minute or two on one core."""

ROW_LIMIT = 2**14
"""Rows (output pixels of all samples) that one layer is fitted to; spread evenly over them."""

TAP_LIMIT = 2048
"""Weights per output channel; the fit is quadratic in memory and cubic in time in them. Layers with
more are rounded to nearest: with so many terms the errors average out."""

CHUNK_BYTES = 16 * 2**20
"""Bound on the unfolded operand of the samples that are looked at together."""

EVALUATED_ELEMENTS = 2**20
"""Elements of an op's largest operand for the samples that are evaluated together."""

_Scalar = TypeVar("_Scalar", bound=np.generic)

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
        samples: Calibration data; at most 256 samples from all over them are used.
        progress: Called after each layer.

    Raises:
        CalibrationError: As ``quantize``.
        ModelError: As ``quantize``.
    """
    batch = spread_samples(samples, _sample_count(model), batch_size(model))
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
            name: _as_stored(array, builder.values[name]) for name, array in inputs.items()
        }
        for name, array in model.constants.items():
            self._real[name] = np.broadcast_to(array, (samples, *array.shape))
        self._samples = samples

    def step(self, node: FloatNode) -> FloatNode:
        """Run one node on both sides; returns it with adapted weights if it has any."""
        adapted = node
        if isinstance(node.op, WeightedOp):
            # What a layer on real numbers made has to be int8 before the fit looks at it.
            self._run_int8(self._builder.bring_to_int8(node.inputs[0]))
            adapted = self._adapt(node, node.op)
        self._run_int8(self._builder.add(adapted))
        with np.errstate(all="ignore"):
            reals = [self._real[name] for name in node.inputs]
            self._real[node.output] = _in_chunks(node.op.evaluate, reals)
        self._builder.forget_nodes()
        self._forget(node)
        return adapted

    def _run_int8(self, nodes: Sequence[QuantNode]) -> None:
        for added in nodes:
            evaluate = partial(added.op.evaluate, arithmetic=self._arithmetic)
            operands = [self._int8_operand(name) for name in added.inputs]
            self._int8[added.output] = _in_chunks(evaluate, operands)

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
                self._int8.pop(f"{name}:real", None)

    def _adapt(self, node: FloatNode, op: WeightedOp) -> FloatNode:
        weight = op.weight_matrix()
        if weight.shape[2] > TAP_LIMIT:
            _logger.info("%s: %d weights per channel are not adapted", node.name, weight.shape[2])
            return node
        format_ = self._builder.formats.values[node.inputs[0]]
        moments = self._moments(node, op, format_)
        found = compensated_weights(weight, op.bias, moments, format_)
        if found is None:
            _logger.warning("%s: the fit failed; its weights are rounded to nearest", node.name)
            return node
        self.adapted += 1
        return replace(node, op=op.with_weights(*found))

    def _moments(self, node: FloatNode, op: WeightedOp, format_: Quantization) -> OperandMoments:
        real, integers = self._real[node.inputs[0]], self._int8_operand(node.inputs[0])
        groups, _, taps = op.weight_matrix().shape
        rows_per_sample = elements(self._builder.model.shapes[node.output][:-1])
        stride = _row_stride(self._samples * rows_per_sample)
        row_bytes = groups * taps * real.itemsize
        chunk = max(1, CHUNK_BYTES // (row_bytes * max(rows_per_sample, 1)))
        moments = OperandMoments.empty(groups, taps)
        zero_point = np.float32(format_.zero_point)
        for begin in range(0, self._samples, chunk):
            part = slice(begin, begin + chunk)
            centred = integers[part].astype(np.float32) - zero_point
            with np.errstate(over="ignore", invalid="ignore"):
                error = real[part] / np.float32(format_.scale) - centred
            # Padding is zero in both.
            moments.add(op.unfold(centred)[:, ::stride] + zero_point, op.unfold(error)[:, ::stride])
        return moments


def _as_stored(real: Tensor, value: QuantValue) -> AnyArray:
    """Return an input of the network as the integer network reads it; integers stay as they are."""
    if value.format is None:
        return real.astype(value.element_type.numpy)
    return quantize_real(real, value.format)


def _in_chunks(
    evaluate: Callable[[list[npt.NDArray[_Scalar]]], npt.NDArray[_Scalar]],
    operands: list[npt.NDArray[_Scalar]],
) -> npt.NDArray[_Scalar]:
    """Evaluate a few samples at a time: integer ops hold several int64 copies of what they read."""
    samples = len(operands[0])
    largest = max(operand.size // max(samples, 1) for operand in operands)
    step = max(1, EVALUATED_ELEMENTS // max(largest, 1))
    if step >= samples:
        return evaluate(operands)
    parts = [
        evaluate([operand[begin : begin + step] for operand in operands])
        for begin in range(0, samples, step)
    ]
    return np.concatenate(parts)


def _row_stride(rows: int) -> int:
    """Return the smallest odd step that leaves at most ``ROW_LIMIT`` rows."""
    return max(1, -(-rows // ROW_LIMIT)) | 1 if rows > ROW_LIMIT else 1


def _sample_count(model: FloatModel) -> int:
    """Return how many samples fit ``LIVE_BYTES`` and ``MAC_LIMIT``."""
    item_bytes = np.dtype(np.float32).itemsize + np.dtype(np.int8).itemsize
    fitting = LIVE_BYTES // (item_bytes * max(_live_elements(model), 1))
    return max(1, min(SAMPLE_LIMIT, fitting, MAC_LIMIT // max(model.macs(), 1)))


def _live_elements(model: FloatModel) -> int:
    """Return the largest number of elements that are alive at once for one sample."""
    uses = Counter(name for node in model.nodes for name in set(node.inputs))
    live = {port.value for port in model.inputs}
    largest = 0
    for node in model.nodes:
        live.add(node.output)
        largest = max(largest, sum(elements(model.shapes[name]) for name in live))
        uses.subtract(set(node.inputs))
        live -= {name for name in (*node.inputs, node.output) if uses[name] == 0}
    return largest
