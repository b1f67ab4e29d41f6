"""Nodes that change nothing at inference: Identity, Dropout (ONNX)."""

from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ops._definition import OperatorDefinition

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


def _pass_on(reader: "NodeReader") -> None:
    value = reader.stored(0)
    reader.define(value.key, value.axes)


def _read_dropout(reader: "NodeReader") -> None:
    reader.ignore("ratio", "seed")
    if reader.has_input(2) and reader.constant(2, "training_mode").any():
        raise UnsupportedAttributeError("training_mode is true; export the model for inference")
    reader.define_constant(np.ones(reader.onnx_shape(0), np.bool_), 1)
    _pass_on(reader)


OPERATOR = OperatorDefinition(
    name="identity",
    summary="Nodes that change nothing at inference; they vanish.",
    readers={"Identity": _pass_on, "Dropout": _read_dropout},
    float_ops=(),
    quant_ops=(),
    kernels=(),
    tflite=(),
    limits=("Dropout only with training_mode false.",),
)
