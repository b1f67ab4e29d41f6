"""The samples of a simulation: from a file, or drawn from a seed; quantized once where they are."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from cnnc.errors import CalibrationError
from cnnc.importer.data import Samples, from_storage, open_samples, to_storage
from cnnc.ir.float_model import Port
from cnnc.ir.op import OutputFormat
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import INT8_MAX, INT8_MIN, ElementType, Quantization, Shape, Tensor
from cnnc.ops._real_op import RealOp
from cnnc.ops.fake_quantize import FakeQuantize
from cnnc.quantize.fixed_point import dequantize, quantize_real
from cnnc.simulator.chunk import Chunk, chunk_size
from cnnc.simulator.index_inputs import index_extents
from cnnc.simulator.reference import run_reference


class FileInputs:
    """Samples from a data file.

    Args:
        model: The network that reads them.
        path: ``.npz`` or ``.npy``.
        limit: Use the first so many rows, and what completes a static batch.

    Raises:
        CalibrationError: The file does not fit the model, or holds no samples.
    """

    def __init__(self, model: QuantModel, path: Path, limit: int | None = None) -> None:
        self._model = model
        self._samples: Samples = open_samples(path, model.inputs, input_types(model))
        self.count = self._samples.inferences(limit)
        if self.count == 0:
            raise CalibrationError(f"'{path}' holds no samples", "give at least one", str(path))

    def chunks(self) -> Iterator[Chunk]:
        """Yield all samples with what the reference computes."""
        first = 0
        for real in self._samples.batches(chunk_size(self._model), self.count):
            yield make_chunk(self._model, first, real, store_inputs(self._model, real))
            first += len(next(iter(real.values())))


class RandomInputs:
    """Numbers as ``random_inputs`` draws them; sample i is the same however many there are.

    Args:
        model: The network that reads them.
        count: How many.
        seed: Of the generator.
    """

    def __init__(self, model: QuantModel, count: int, seed: int) -> None:
        self._model = model
        self._seed = seed
        self.count = count

    def chunks(self) -> Iterator[Chunk]:
        """Yield all samples with what the reference computes."""
        size = chunk_size(self._model)
        for first in range(0, self.count, size):
            indices = range(first, min(first + size, self.count))
            drawn = [random_inputs(self._model, self._seed, index) for index in indices]
            inputs = {key: np.concatenate([sample[key] for sample in drawn]) for key in drawn[0]}
            yield make_chunk(self._model, first, self._real(inputs), inputs)

    def _real(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {
            port.name: original_tensor(self._model, port, inputs[port.value])
            for port in self._model.inputs
        }


def random_inputs(model: QuantModel, seed: int, index: int) -> dict[str, Tensor]:
    """Draw the inputs of one sample: value key -> (1, *storage_shape).

    Integers are uniform among those of int8 that their type has, or among the indices of what
    they index; float32 is normal with a deviation of 1.

    Args:
        model: The network.
        seed: Of the generator.
        index: Which sample.
    """
    generator = np.random.default_rng((seed, index))
    extents = index_extents(model)
    return {
        port.value: _draw(
            generator,
            model.values[port.value].element_type,
            (1, *port.storage_shape),
            extents.get(port.value),
        )
        for port in model.inputs
    }


def _draw(
    generator: np.random.Generator, kind: ElementType, shape: Shape, extent: int | None
) -> Tensor:
    if kind is ElementType.FLOAT32:
        return generator.standard_normal(shape, dtype=np.float32)
    if extent is not None:
        return generator.integers(0, extent, shape).astype(kind.numpy)
    limits = np.iinfo(kind.numpy)
    low, high = max(INT8_MIN, int(limits.min)), min(INT8_MAX, int(limits.max))
    return generator.integers(low, high, shape, dtype=kind.numpy, endpoint=True)


def input_types(model: QuantModel) -> dict[str, ElementType]:
    """Return the type that each input has in the original model, by port name."""
    return {port.name: _original_type(model, port) for port in model.inputs}


def _original_type(model: QuantModel, port: Port) -> ElementType:
    value = model.values[port.value]
    return ElementType.FLOAT32 if value.is_quantized else value.element_type


def store_inputs(model: QuantModel, real: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the inputs as the network takes them: value key -> (S, *storage_shape).

    Args:
        model: The network.
        real: Port name -> (S, *onnx_shape), as the original model takes it.
    """
    return {port.value: _stored(model, port, real[port.name]) for port in model.inputs}


def _stored(model: QuantModel, port: Port, original: Tensor) -> Tensor:
    value = model.values[port.value]
    moved = to_storage(port, original)
    return moved if value.format is None else quantize_real(moved, value.format)


def original_tensor(model: QuantModel, port: Port, stored: Tensor) -> Tensor:
    """Return what an input or output stands for, (S, *onnx_shape): float32 unless it has integers.

    Args:
        model: The network.
        port: Its input or output.
        stored: (S, *storage_shape).
    """
    format_ = model.values[port.value].format
    return from_storage(port, stored if format_ is None else dequantize(stored, format_))


def original_reals(model: QuantModel, outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return what the original model's outputs stand for; real numbers of quantized ones.

    Args:
        model: The network.
        outputs: (S, *onnx_shape); 8-bit integers where the original ends in QuantizeLinear.
    """
    pairs = zip(model.outputs, outputs, strict=True)
    return [_original_real(model, port, array) for port, array in pairs]


def _original_real(model: QuantModel, port: Port, original: Tensor) -> Tensor:
    format_ = model.values[port.value].format or _stated_format(model, port.value)
    if format_ is None or original.dtype.type not in (np.int8, np.uint8):
        return original
    signed = original.astype(np.int32) + int(np.iinfo(np.int8).min - np.iinfo(original.dtype).min)
    return dequantize(signed.astype(np.int8), format_)


def _stated_format(model: QuantModel, value: str) -> Quantization | None:
    """Return the format that a value on real numbers was rounded to, moves in between."""
    for node in reversed(model.nodes):
        if node.output != value:
            continue
        if not isinstance(node.op, RealOp):
            return None
        if isinstance(node.op.op, FakeQuantize):
            return node.op.op.format
        if node.op.op.output_format is not OutputFormat.SAME_AS_INPUT:
            return None
        value = node.inputs[0]
    return None


def make_chunk(
    model: QuantModel, first: int, real: Mapping[str, Tensor], inputs: Mapping[str, Tensor]
) -> Chunk:
    """Run the reference and return the chunk."""
    return Chunk(first, real, inputs, run_reference(model, inputs))
