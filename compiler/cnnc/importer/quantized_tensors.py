"""What of an ONNX model is quantized already."""

import logging
from dataclasses import dataclass

from cnnc.importer.builder import GraphBuilder

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class OnnxQuantization:
    """How many tensors of a model have a format of their own.

    Attributes:
        activations: 8-bit tensors that depend on an input.
        wide_activations: Likewise of more than 8 bits.
        constants: Weights and other constants that are 8-bit integers around their middle.
        asymmetric_constants: Likewise around another zero point.
    """

    activations: int
    wide_activations: int
    constants: int
    asymmetric_constants: int

    def __str__(self) -> str:
        parts = {
            "activations": self.activations,
            "activations of 16 bits": self.wide_activations,
            "constants": self.constants,
            "asymmetric constants": self.asymmetric_constants,
        }
        return ", ".join(f"{count} {name}" for name, count in parts.items() if count)


def onnx_quantization(builder: GraphBuilder) -> OnnxQuantization | None:
    """Return what was found while a graph was walked; None where nothing is quantized."""
    formats = list(builder.quantized.values())
    wide = formats.count(None)
    found = OnnxQuantization(
        len(formats) - wide, wide, len(builder.scales), len(builder.asymmetric)
    )
    return found if formats or found.constants or found.asymmetric_constants else None


def warn_of_wide_activations(builder: GraphBuilder) -> None:
    """Warn once where a model's activations have more bits than int8."""
    found = onnx_quantization(builder)
    if found is None or not found.wide_activations:
        return
    logger.warning(
        "the model quantizes %d tensor(s) to 16 bits: in int8 they are calibrated (give typical "
        "inputs with --calibration, or quantize the model to 8 bits), in float32 not rounded",
        found.wide_activations,
    )
