"""The samples of a simulation: from a file, or drawn from a seed; quantized once."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from cnnc.errors import CalibrationError
from cnnc.importer.data import Samples, from_storage, open_samples, to_storage
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import F32, I8, INT8_MAX, INT8_MIN
from cnnc.quantize.fixed_point import dequantize, quantize_real
from cnnc.simulator.chunk import Chunk, chunk_size
from cnnc.simulator.reference import run_reference


class FileInputs:
    """Samples from a data file.

    Args:
        model: The network that reads them.
        path: ``.npz`` or ``.npy``.
        limit: Use at most this many.

    Raises:
        CalibrationError: The file does not fit the model, or holds no samples.
    """

    def __init__(self, model: QuantModel, path: Path, limit: int | None = None) -> None:
        self._model = model
        self._samples: Samples = open_samples(path, model.inputs)
        self._limit = limit
        available = self._samples.count
        self.count = available if limit is None else min(limit, available)
        if self.count == 0:
            raise CalibrationError(f"'{path}' holds no samples", "give at least one", str(path))

    def chunks(self) -> Iterator[Chunk]:
        """Yield all samples with what the reference computes."""
        first = 0
        for real in self._samples.batches(chunk_size(self._model), self.count):
            yield make_chunk(self._model, first, real, quantize_inputs(self._model, real))
            first += len(next(iter(real.values())))


class RandomInputs:
    """int8 drawn uniformly; sample i is the same however many there are.

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

    def _real(self, inputs: Mapping[str, I8]) -> dict[str, F32]:
        values = self._model.values
        return {
            port.name: from_storage(
                port, dequantize(inputs[port.value], values[port.value].quantization)
            )
            for port in self._model.inputs
        }


def random_inputs(model: QuantModel, seed: int, index: int) -> dict[str, I8]:
    """Draw the inputs of one sample: value key -> int8 (1, *storage_shape).

    Args:
        model: The network.
        seed: Of the generator.
        index: Which sample.
    """
    generator = np.random.default_rng((seed, index))
    return {
        port.value: generator.integers(
            INT8_MIN, INT8_MAX, (1, *port.storage_shape), dtype=np.int8, endpoint=True
        )
        for port in model.inputs
    }


def quantize_inputs(model: QuantModel, real: Mapping[str, F32]) -> dict[str, I8]:
    """Return value key -> int8 (S, *storage_shape).

    Args:
        model: The network.
        real: Port name -> float32 (S, *onnx_shape).
    """
    return {
        port.value: quantize_real(
            to_storage(port, real[port.name]), model.values[port.value].quantization
        )
        for port in model.inputs
    }


def make_chunk(
    model: QuantModel, first: int, real: Mapping[str, F32], inputs: Mapping[str, I8]
) -> Chunk:
    """Run the reference and return the chunk."""
    return Chunk(first, real, inputs, run_reference(model, inputs))
