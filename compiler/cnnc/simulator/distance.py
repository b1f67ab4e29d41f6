"""How far an output of the compiled network is from the original's, without any labels."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray, ElementType, elements
from cnnc.simulator.inputs import original_tensor
from cnnc.simulator.scores import NoiseRatio, class_count, top_classes


@dataclass
class OutputDistance:
    """One output beside the original's, collected chunk by chunk.

    Attributes:
        port: The output.
        is_index: Whether it holds integers, as ArgMax gives them: they agree or do not, and noise
            is no measure of them.
        noise: Over all values.
        items: Items that were compared: rows of a classifier, or single integers.
        agreeing: Items with the same class, or the same integer.
    """

    port: Port
    is_index: bool
    noise: NoiseRatio = field(default_factory=NoiseRatio)
    items: int = 0
    agreeing: int = 0

    def add(self, expected: AnyArray, found: AnyArray) -> None:
        """Compare a chunk.

        Args:
            expected: (S, *onnx_shape), of the original.
            found: The same of the compiled network.
        """
        self.noise.add(expected, found)
        if self.is_index:
            self._count(expected.reshape(-1), found.reshape(-1))
        elif is_classifier(self.port):
            self._count(top_classes(self.port, expected), top_classes(self.port, found))

    @property
    def agreement(self) -> float | None:
        """Share of the items that agree, 0..1; None where the output chooses no class."""
        return self.agreeing / self.items if self.items else None

    @property
    def sqnr_db(self) -> float | None:
        """Signal to noise in dB; None of integers, and without signal, noise or finite values."""
        decibels = None if self.is_index else self.noise.decibels()
        return decibels if decibels is not None and math.isfinite(decibels) else None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        sqnr = self.sqnr_db
        return {
            "name": self.port.name,
            "integers": self.is_index,
            "sqnr_db": None if sqnr is None else round(sqnr, 2),
            "identical": self.noise.identical,
            "top1_agreement": self.agreement,
        }

    def _count(self, expected: AnyArray, found: AnyArray) -> None:
        self.items += expected.size
        self.agreeing += int(np.equal(expected, found).sum())


class OutputDistances:
    """All outputs of a network beside the original's.

    Args:
        model: The compiled network.
    """

    def __init__(self, model: QuantModel) -> None:
        self._model = model
        self.outputs = tuple(
            OutputDistance(port, holds_indices(model, port)) for port in model.outputs
        )

    def add(self, expected: Sequence[AnyArray], stored: Mapping[str, AnyArray]) -> None:
        """Compare a chunk.

        Args:
            expected: The original's outputs, each (S, *onnx_shape).
            stored: Value key -> (S, *storage_shape), of the compiled network.
        """
        for output, original in zip(self.outputs, expected, strict=True):
            port = output.port
            output.add(original, original_tensor(self._model, port, stored[port.value]))

    def to_json(self) -> list[dict[str, Any]]:
        """Return the JSON objects, in the order of the outputs."""
        return [output.to_json() for output in self.outputs]


def holds_indices(model: QuantModel, port: Port) -> bool:
    """Whether an output holds integers that are no quantized real numbers."""
    value = model.values[port.value]
    return not value.is_quantized and value.element_type is not ElementType.FLOAT32


def is_classifier(port: Port) -> bool:
    """Whether an output has one score for each of several classes and nothing else: [N, C]."""
    classes = class_count(port)
    shape = port.onnx_shape
    return len(shape) > 1 and classes > 1 and elements(shape) == shape[0] * classes
