"""What runtime/harness reads and writes: a request table, and a record for each sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.errors import InternalError
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import I8, I32, AnyArray, Tensor
from cnnc.simulator.chunk import U32

_MAGIC = 0x434E4E43
STATUS_TEXTS = {
    1: "the request does not fit the model",
    2: "out of memory",
    3: "a layer was reported that the model does not have, or with another size",
    4: "a file could not be read or written",
    5: "the model returned an error status",
    6: "the processor does not run the kernels that were asked for",
    70: "the processor reported a fault",
}
"""Meaning of ``enum cnnc_harness_status`` and ``CNNC_FAULT_STATUS``."""

NO_KERNELS_STATUS = 6
MACHINE_STATUSES = frozenset({2, 4})
"""Those for which the machine, not the C, is at fault."""


@dataclass(frozen=True, eq=False)
class Records:
    """Records of S samples, taken apart.

    Attributes:
        outputs: The model's outputs, each (S, *storage_shape).
        checksums: CRC-32 of each layer, (S, layers).
        sizes: Bytes of each layer as reported, -1 for one that never was, (S, layers).
        dumps: Layer index -> (S, *shape) of the layers that were asked for.
        stack_bytes: Most that an inference had on the stack; None where it is not measured.
    """

    outputs: tuple[AnyArray, ...]
    checksums: U32
    sizes: I32
    dumps: Mapping[int, AnyArray]
    stack_bytes: int | None = None


@dataclass(frozen=True, eq=False)
class RecordLayout:
    """Request and record of one run.

    Attributes:
        model: The network; gives the sizes.
        traced: Whether layers are recorded; needs a build with CNNC_TRACE.
        dump: Layers (by index) whose bytes are recorded whole.
    """

    model: QuantModel
    traced: bool
    dump: tuple[int, ...] = ()

    @property
    def layers(self) -> int:
        """Number of layers in a record."""
        return len(self.model.nodes) if self.traced else 0

    @property
    def input_bytes(self) -> int:
        """Bytes of all graph inputs."""
        return sum(self.model.values[p.value].bytes for p in self.model.inputs)

    @property
    def output_bytes(self) -> int:
        """Bytes of all graph outputs."""
        return sum(self.model.values[p.value].bytes for p in self.model.outputs)

    def request(self, samples: int) -> I32:
        """Return the request table for this many samples."""
        offsets = [-1] * self.layers
        end = 0
        for layer in self.dump:
            offsets[layer] = end
            end += self._layer_bytes(layer)
        sizes = [samples, self.layers, self.input_bytes, self.output_bytes, end]
        return np.array([_MAGIC, *sizes, *offsets], dtype="<i4")

    def pack_inputs(self, inputs: Mapping[str, Tensor]) -> I8:
        """Return (S, input_bytes): the graph inputs one after the other.

        Args:
            inputs: Value key -> (S, *storage_shape).
        """
        flat = [as_bytes(inputs[port.value]) for port in self.model.inputs]
        return np.ascontiguousarray(np.concatenate(flat, axis=1))

    def record_type(self) -> np.dtype[np.void]:
        """Return the packed little-endian layout of one record."""
        dump_bytes = sum(self._layer_bytes(layer) for layer in self.dump)
        return np.dtype(
            [
                ("outputs", "i1", (self.output_bytes,)),
                ("checksums", "<u4", (self.layers,)),
                ("sizes", "<i4", (self.layers,)),
                ("dump", "i1", (dump_bytes,)),
            ]
        )

    def parse(self, raw: bytes | memoryview, samples: int) -> Records:
        """Take records apart.

        Raises:
            InternalError: The number of bytes is not that of the records.
        """
        record_type = self.record_type()
        if len(raw) != samples * record_type.itemsize:
            raise InternalError(f"{samples} records of {record_type.itemsize} B: got {len(raw)} B")
        table = np.frombuffer(raw, dtype=record_type)
        outputs = [p.value for p in self.model.outputs]
        dumped = [self.model.nodes[layer].output for layer in self.dump]
        return Records(
            outputs=tuple(self._split(table["outputs"], outputs)),
            checksums=table["checksums"],
            sizes=table["sizes"],
            dumps=dict(zip(self.dump, self._split(table["dump"], dumped), strict=True)),
        )

    def _layer_bytes(self, layer: int) -> int:
        return self.model.values[self.model.nodes[layer].output].bytes

    def _split(self, flat: AnyArray, names: Sequence[str]) -> list[AnyArray]:
        parts: list[AnyArray] = []
        begin = 0
        for name in names:
            value = self.model.values[name]
            end = begin + value.bytes
            typed = np.ascontiguousarray(flat[:, begin:end]).view(value.element_type.numpy)
            parts.append(typed.reshape(len(flat), *value.shape))
            begin = end
        return parts


def as_bytes(values: AnyArray) -> I8:
    """Return (S, bytes of a sample) of an array (S, *shape)."""
    contiguous = np.ascontiguousarray(values)
    return contiguous.reshape(len(values), -1).view(np.int8)
