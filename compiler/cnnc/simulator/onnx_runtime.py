"""Run the original model in ONNX Runtime, in batches where that gives the same shapes."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from cnnc.ir.float_model import Port
from cnnc.ir.types import AnyArray, Shape, Tensor
from cnnc.simulator.faults import FloatRefusedError

logger = logging.getLogger(__name__)

_THREADS = 2
_NUMPY_TYPES: Mapping[str, np.dtype[Any]] = {
    f"tensor({name})": np.dtype(name.replace("float16", "f2").replace("double", "f8"))
    for name in ("float16", "double", *(f"{u}int{n}" for u in ("", "u") for n in (8, 16, 32, 64)))
}
"""Element types of inputs, as ONNX Runtime spells them; all others are float32."""
_ERRORS_ONLY = 3


class OnnxSession:
    """The user's model in ONNX Runtime.

    Args:
        model: A file (external data are found beside it) or a self-contained model.
        inputs: Inputs of the network.
        outputs: Outputs of the network.

    Raises:
        FloatRefusedError: ONNX Runtime refuses the model.
    """

    def __init__(
        self, model: Path | bytes, inputs: Sequence[Port], outputs: Sequence[Port]
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.intra_op_num_threads = _THREADS
        source = model if isinstance(model, bytes) else str(model)
        try:
            self._session: Any = onnxruntime.InferenceSession(
                source, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            # ONNX Runtime's exceptions have no common base class but Exception.
            raise FloatRefusedError(
                f"ONNX Runtime {onnxruntime.__version__} refuses the model: {error}",
                "leave the float engine out with --engines",
                "float",
            ) from error
        self._inputs = inputs
        self._outputs = outputs
        self._batched = self._has_free_batch_axis()
        self._types = {
            entry.name: _NUMPY_TYPES.get(entry.type, np.dtype(np.float32))
            for entry in self._session.get_inputs()
        }

    def run(self, batch: Mapping[str, Tensor]) -> list[Tensor]:
        """Return each output as (S, *onnx_shape): integers as they are, else float32.

        Args:
            batch: Port name -> (S, *onnx_shape).
        """
        samples = len(next(iter(batch.values())))
        batch = {name: array.astype(self._types[name], copy=False) for name, array in batch.items()}
        if self._batched and samples > 1:
            found = self._run_at_once(batch, samples)
            if found is not None:
                return found
            logger.debug("the model mixes samples of a batch; running one at a time")
            self._batched = False
        singles = [self._run_one(feeds) for feeds in _each_sample(batch, samples)]
        return [np.stack(arrays) for arrays in zip(*singles, strict=True)]

    def _has_free_batch_axis(self) -> bool:
        shapes = [entry.shape for entry in self._session.get_inputs()]
        return all(shape and not isinstance(shape[0], int) for shape in shapes)

    def _run_at_once(self, batch: Mapping[str, Tensor], samples: int) -> list[Tensor] | None:
        """Return None where the model, though its batch axis is free, cannot take the batch."""
        feeds = {name: _merged(array) for name, array in batch.items()}
        try:
            found = self._session.run([port.name for port in self._outputs], feeds)
        except Exception as error:
            logger.debug("ONNX Runtime cannot run a batch: %s", error)
            return None
        shapes = [_batched_shape(port.onnx_shape, samples) for port in self._outputs]
        if [array.shape for array in found] != shapes:
            return None
        return [
            _as_result(array).reshape(samples, *port.onnx_shape)
            for array, port in zip(found, self._outputs, strict=True)
        ]

    def _run_one(self, feeds: Mapping[str, Tensor]) -> list[Tensor]:
        found = self._session.run([port.name for port in self._outputs], dict(feeds))
        return [_as_result(array) for array in found]


def _each_sample(batch: Mapping[str, Tensor], samples: int) -> Iterator[dict[str, Tensor]]:
    for index in range(samples):
        yield {name: array[index] for name, array in batch.items()}


def _merged(array: Tensor) -> Tensor:
    """(S, B, ...) -> (S * B, ...)."""
    return np.ascontiguousarray(array.reshape(-1, *array.shape[2:]))


def _batched_shape(shape: Shape, samples: int) -> Shape:
    return (samples * shape[0], *shape[1:]) if shape else ()


def _as_result(array: AnyArray) -> Tensor:
    return array if array.dtype.kind in "iub" else np.asarray(array, dtype=np.float32)
