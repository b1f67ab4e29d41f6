"""The original model in float: the yardstick of accuracy, not bit-exact."""

import math
from dataclasses import dataclass, field
from typing import Any

from cnnc.ir.quant_model import QuantModel
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.distance import OutputDistances
from cnnc.simulator.inputs import original_reals
from cnnc.simulator.onnx_runtime import OnnxSession
from cnnc.simulator.scores import NoiseRatio

KIND = "onnxruntime float32"

TOLERANCE = 1e-4
"""A network in float32 may differ by so much of the largest magnitude of an output: sums are
added in another order, and elementary functions are others."""


@dataclass
class FloatComparison:
    """Compares the reference's outputs with ONNX Runtime's, chunk by chunk.

    Attributes:
        model: The network.
        session: The original model.
    """

    model: QuantModel
    session: OnnxSession
    distances: OutputDistances = field(init=False)

    def __post_init__(self) -> None:
        self.distances = OutputDistances(self.model)

    def add(self, chunk: Chunk) -> None:
        """Run the float model on a chunk and compare every output."""
        stored = {port.value: chunk.output(port) for port in self.model.outputs}
        outputs = original_reals(self.model, self.session.run(chunk.real))
        self.distances.add(outputs, stored)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        outputs = self.distances.to_json()
        first = outputs[0]
        errors = self._errors
        relative = [error.relative for error in errors]
        return {
            "kind": KIND,
            "top1_agreement": first["top1_agreement"],
            "sqnr_db": first["sqnr_db"],
            "identical": first["identical"],
            "outputs": outputs,
            "max_absolute_error": _finite(max(e.largest_difference for e in errors)),
            "max_relative_error": _finite(max((r for r in relative if r is not None), default=0.0)),
            "tolerance": TOLERANCE if self.model.dtype == "float32" else None,
            "within_tolerance": self._within_tolerance(),
            "skipped": None,
        }

    @property
    def _errors(self) -> list[NoiseRatio]:
        return [output.noise for output in self.distances.outputs]

    def _within_tolerance(self) -> bool | None:
        """Return whether every output of a float32 network is near enough; None for int8."""
        if self.model.dtype == "int8":
            return None
        return all(error.largest_difference <= TOLERANCE * error.largest for error in self._errors)


def _finite(value: float) -> float | None:
    """Return what JSON can hold: null where a number stands against none, or infinity."""
    return value if math.isfinite(value) else None


def skipped_float(reason: str) -> dict[str, Any]:
    """Return the JSON object of a float engine that did not run."""
    return {
        "kind": KIND,
        "top1_agreement": None,
        "sqnr_db": None,
        "identical": None,
        "outputs": [],
        "max_absolute_error": None,
        "max_relative_error": None,
        "tolerance": None,
        "within_tolerance": None,
        "skipped": reason,
    }
