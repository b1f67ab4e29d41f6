"""The original model in float: the yardstick of accuracy, not bit-exact."""

from dataclasses import dataclass, field
from typing import Any

from cnnc.importer.data import from_storage
from cnnc.ir.quant_model import QuantModel
from cnnc.quantize.fixed_point import dequantize
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.onnx_runtime import OnnxSession
from cnnc.simulator.scores import NoiseRatio, top_classes

KIND = "onnxruntime float32"


@dataclass
class FloatComparison:
    """Compares the reference's first output with ONNX Runtime's, chunk by chunk.

    Attributes:
        model: The int8 network.
        session: The original model.
    """

    model: QuantModel
    session: OnnxSession
    noise: NoiseRatio = field(default_factory=NoiseRatio)
    items: int = 0
    agreeing: int = 0

    def add(self, chunk: Chunk) -> None:
        """Run the float model on a chunk and compare."""
        port = self.model.outputs[0]
        expected = self.session.run(chunk.real)[0]
        stored = dequantize(chunk.output(port), self.model.values[port.value].quantization)
        found = from_storage(port, stored)
        self.noise.add(expected, found)
        same = top_classes(port, expected) == top_classes(port, found)
        self.items += same.size
        self.agreeing += int(same.sum())

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        decibels = self.noise.decibels()
        return {
            "kind": KIND,
            "top1_agreement": self.agreeing / self.items,
            "sqnr_db": None if decibels is None else round(decibels, 2),
            "identical": self.noise.identical,
            "skipped": None,
        }


def skipped_float(reason: str) -> dict[str, Any]:
    """Return the JSON object of a float engine that did not run."""
    return {
        "kind": KIND,
        "top1_agreement": None,
        "sqnr_db": None,
        "identical": None,
        "skipped": reason,
    }
