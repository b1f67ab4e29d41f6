"""What the tflite engine runs for a model, and which value of the model is where in it."""

from dataclasses import dataclass

from cnnc.codegen.tflite import NotCompared, export_tflite
from cnnc.ir.quant_model import QuantModel


@dataclass(frozen=True)
class JudgedGraph:
    """A .tflite file that shows the layers of a model.

    Attributes:
        data: The file.
        operands: Model value that each input of the graph gets.
        outputs: Model value that each output of the graph shows; others are not the model's.
        not_compared: Layers that it does not show.
        whole: The user's own file where it can be run as it is, for the final outputs.
    """

    data: bytes
    operands: tuple[str, ...]
    outputs: tuple[str, ...]
    not_compared: tuple[NotCompared, ...]
    whole: bytes | None = None


def exported_graph(model: QuantModel) -> JudgedGraph:
    """Return the model's own export, every value a graph output."""
    export = export_tflite(model, all_outputs=True)
    ports = dict.fromkeys(port.value for port in model.inputs)
    operands = (*ports, *export.extra_inputs)
    return JudgedGraph(export.data, operands, export.outputs, export.not_expressible)
