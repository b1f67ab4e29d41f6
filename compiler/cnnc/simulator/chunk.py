"""The samples that every engine gets in one go, and what the reference made of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray, Tensor

U32 = npt.NDArray[np.uint32]

_CHUNK_BYTES = 2**25
_MOST_SAMPLES = 128


@dataclass(frozen=True, eq=False)
class Chunk:
    """A few samples.

    Attributes:
        first: Index of the first sample among all of them.
        real: Port name -> (S, *onnx_shape), as the float engine reads it.
        inputs: Value key of each graph input -> (S, *storage_shape).
        values: What the reference computed: value key -> (S, *shape), constants excepted.
    """

    first: int
    real: Mapping[str, Tensor]
    inputs: Mapping[str, Tensor]
    values: Mapping[str, AnyArray]

    @property
    def samples(self) -> int:
        """Number of samples, S."""
        return len(next(iter(self.inputs.values())))

    def output(self, port: Port) -> Tensor:
        """Return the reference's output (S, *storage_shape)."""
        return self.values[port.value]


def chunk_size(model: QuantModel) -> int:
    """Return how many samples fit so that every value of the reference can be kept."""
    sample_bytes = sum(value.bytes for value in model.values.values())
    return max(1, min(_MOST_SAMPLES, _CHUNK_BYTES // max(1, sample_bytes)))
