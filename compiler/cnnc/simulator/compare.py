"""Compare an engine with the reference, layer by layer, byte by byte."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cnnc.codegen.tflite import NotCompared
from cnnc.errors import InternalError
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray, elements
from cnnc.simulator.chunk import U32, Chunk


@dataclass(frozen=True, eq=False)
class Observation:
    """What an engine computed for a chunk.

    Attributes:
        checksums: Layer index -> CRC-32 of the layer's bytes, (S,), for the layers it shows.
        outputs: The model's outputs as a caller gets them, each (S, *shape); a compiled engine
            takes them from a build without trace. Empty if the engine does not compute them.
    """

    checksums: Mapping[int, U32]
    outputs: tuple[AnyArray, ...]


class ComparedEngine(Protocol):
    """An engine that must give the reference's bytes."""

    @property
    def not_compared(self) -> tuple[NotCompared, ...]:
        """Layers that it cannot show, with the reason."""
        ...

    def observe(self, chunk: Chunk) -> Observation:
        """Compute all layers."""
        ...

    def layer_values(self, chunk: Chunk, layers: Sequence[int]) -> Mapping[int, AnyArray]:
        """Compute again and return layer index -> (S, *shape) for these layers."""
        ...


@dataclass(frozen=True)
class Divergence:
    """The first value that differs.

    Attributes:
        layer: Name of the first layer, in execution order, that differs for any sample.
        op: Kind of its operator.
        sample: Index of the first such sample.
        element: Index in the layer's output, flat, storage order.
        expected: The reference's value.
        found: The engine's value.
    """

    layer: str
    op: str
    sample: int
    element: int
    expected: float
    found: float

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return dict(vars(self))


@dataclass(frozen=True)
class EngineResult:
    """What the comparison of one engine found; the keys of ``simulate --json``.

    Attributes:
        bit_exact: Values were compared, none differs, the final outputs are among them, and every
            layer was compared or is listed in ``not_compared``. None for a skipped engine.
        compared_values: Values of all compared layers and samples.
        mismatched_values: How many of them differ.
        layers_total: Layers of the model.
        layers_compared: Layers whose every value was compared.
        not_compared: The other layers.
        first_divergence: None if nothing differs.
        skipped: Why the engine did not run; None if it did.
        details: Keys that only this engine has.
        failed: What the emitted C did instead of computing; None if it did not fail.
    """

    bit_exact: bool | None
    compared_values: int
    mismatched_values: int
    layers_total: int
    layers_compared: int
    not_compared: tuple[NotCompared, ...]
    first_divergence: Divergence | None
    skipped: str | None
    details: Mapping[str, Any]
    failed: str | None = None

    @property
    def is_accounted_for(self) -> bool:
        """Whether every layer was compared or is listed with the reason why not."""
        listed = {entry.layer for entry in self.not_compared}
        return self.layers_compared + len(listed) >= self.layers_total

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        divergence = self.first_divergence
        return {
            "bit_exact": self.bit_exact,
            "compared_values": self.compared_values,
            "mismatched_values": self.mismatched_values,
            "layers_total": self.layers_total,
            "layers_compared": self.layers_compared,
            "not_compared": [dict(vars(entry)) for entry in self.not_compared],
            "first_divergence": divergence.to_json() if divergence else None,
            "skipped": self.skipped,
            "failed": self.failed,
            **self.details,
        }


def skipped_result(model: QuantModel, reason: str, details: Mapping[str, Any]) -> EngineResult:
    """Return the result of an engine that did not run."""
    return EngineResult(None, 0, 0, len(model.nodes), 0, (), None, reason, details)


def failed_result(model: QuantModel, reason: str, details: Mapping[str, Any]) -> EngineResult:
    """Return the result of an engine whose code crashed or does not compile."""
    return EngineResult(False, 0, 0, len(model.nodes), 0, (), None, None, details, reason)


class Comparison:
    """Collects differences over all chunks of one engine.

    Args:
        model: The network; its nodes are the layers.
        engine: Who is compared with the reference.
    """

    def __init__(self, model: QuantModel, engine: ComparedEngine) -> None:
        self._model = model
        self._engine = engine
        self._compared = set(range(len(model.nodes)))
        self._compared_values = 0
        self._mismatched_values = 0
        self._first: tuple[int, Divergence] | None = None
        self._outputs_seen = False

    def add(self, chunk: Chunk) -> None:
        """Run the engine on a chunk and compare."""
        observation = self._engine.observe(chunk)
        found = observation.checksums
        self._compared &= found.keys()
        suspects = [layer for layer in sorted(found) if self._differs(chunk, layer, found[layer])]
        per_sample = sum(self._elements(layer) for layer in found)
        self._compared_values += chunk.samples * per_sample
        if suspects:
            values = self._engine.layer_values(chunk, suspects)
            for layer in suspects:
                self._count(chunk, layer, values[layer])
        self._compare_outputs(chunk, observation.outputs, suspects)

    def result(self, details: Mapping[str, Any]) -> EngineResult:
        """Return the verdict over all chunks.

        Args:
            details: Keys that only this engine has.
        """
        excused = self._engine.not_compared
        excused_layers = {self._layer_index(entry.layer) for entry in excused}
        exact = (
            self._compared_values > 0
            and self._mismatched_values == 0
            and self._outputs_seen
            and len(self._compared | excused_layers) == len(self._model.nodes)
        )
        return EngineResult(
            bit_exact=exact,
            compared_values=self._compared_values,
            mismatched_values=self._mismatched_values,
            layers_total=len(self._model.nodes),
            layers_compared=len(self._compared - excused_layers),
            not_compared=excused,
            first_divergence=self._first[1] if self._first else None,
            skipped=None,
            details=details,
        )

    def _elements(self, layer: int) -> int:
        return elements(self._model.values[self._model.nodes[layer].output].shape)

    def _layer_index(self, name: str) -> int:
        return next(i for i, node in enumerate(self._model.nodes) if node.name == name)

    def _differs(self, chunk: Chunk, layer: int, found: U32) -> bool:
        expected = crc32_of_samples(chunk.values[self._model.nodes[layer].output])
        return not np.array_equal(expected, found)

    def _count(self, chunk: Chunk, layer: int, found: AnyArray) -> None:
        node = self._model.nodes[layer]
        expected = chunk.values[node.output].reshape(chunk.samples, -1)
        different = _differences(expected, found.reshape(chunk.samples, -1))
        if not different.any() and _has_nan(expected):
            # Which bits say that a result is no number depends on the machine.
            return
        # A checksum differed, so a value does, unless the engine gives other bytes each time.
        self._mismatched_values += max(1, int(different.sum()))
        if self._first is not None and self._first[0] <= layer:
            return
        sample, element = np.argwhere(different)[0] if different.any() else (0, 0)
        self._first = (
            layer,
            Divergence(
                layer=node.name,
                op=node.op.kind,
                sample=chunk.first + int(sample),
                element=int(element),
                expected=expected[sample, element].item(),
                found=found.reshape(chunk.samples, -1)[sample, element].item(),
            ),
        )

    def _compare_outputs(
        self, chunk: Chunk, outputs: Sequence[AnyArray], suspects: Sequence[int]
    ) -> None:
        producers = {node.output: layer for layer, node in enumerate(self._model.nodes)}
        self._outputs_seen = len(outputs) == len(self._model.outputs)
        for port, found in zip(self._model.outputs, outputs, strict=False):
            layer = producers.get(port.value)
            if layer is None or layer in suspects:
                continue
            if _differences(chunk.values[port.value], found).any():
                self._count(chunk, layer, found)


def _has_nan(array: AnyArray) -> bool:
    return array.dtype.kind == "f" and bool(np.isnan(array).any())


def _differences(expected: AnyArray, found: AnyArray) -> npt.NDArray[np.bool_]:
    """Return where two arrays of one shape hold other bits; zeros of either sign are not equal.

    All bits that stand for no number (NaN) are equal.
    """
    if expected.dtype != found.dtype:
        raise InternalError(
            f"an engine gives {found.dtype} where the reference has {expected.dtype}"
        )
    bits = np.dtype(f"u{expected.dtype.itemsize}")
    different: npt.NDArray[np.bool_] = np.ascontiguousarray(expected).view(bits) != (
        np.ascontiguousarray(found).view(bits)
    )
    if expected.dtype.kind == "f":
        different &= ~(np.isnan(expected) & np.isnan(found))
    return different


def crc32_of_samples(values: AnyArray) -> U32:
    """Return the CRC-32 of each sample's bytes, (S,).

    Args:
        values: (S, *shape).
    """
    contiguous = np.ascontiguousarray(values)
    return np.array([zlib.crc32(sample.tobytes()) for sample in contiguous], dtype=np.uint32)
