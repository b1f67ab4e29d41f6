"""Which importer a model file is for."""

from collections.abc import Mapping
from pathlib import Path

from cnnc.importer.inspect import Inspection, inspect_onnx
from cnnc.importer.tflite.file import is_tflite
from cnnc.importer.tflite.inspect import inspect_tflite
from cnnc.ir.types import Shape


def inspect_model(path: Path, input_shapes: Mapping[str, Shape] | None = None) -> Inspection:
    """Look at an .onnx or .tflite file; unsupported nodes are listed, not refused.

    Raises:
        ModelError: The file cannot be read at all.
        DynamicShapeError: A shape is neither static nor pinned.
        UsageError: ``input_shapes`` does not fit the model.
    """
    look = inspect_tflite if is_tflite(path) else inspect_onnx
    return look(path, input_shapes)
