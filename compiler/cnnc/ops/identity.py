"""Nodes that change nothing at inference: Identity, Dropout, Cast to float32 (ONNX)."""

from typing import TYPE_CHECKING

import onnx

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
    _pass_on(reader)


def _read_cast(reader: "NodeReader") -> None:
    reader.ignore("saturate", "round_mode")
    target = reader.int_attribute("to", onnx.TensorProto.UNDEFINED)
    if target != onnx.TensorProto.FLOAT:
        name = onnx.TensorProto.DataType.Name(target)
        raise UnsupportedAttributeError(f"cast to {name}; only casts to FLOAT are supported")
    _pass_on(reader)


OPERATOR = OperatorDefinition(
    name="identity",
    summary="Nodes that change nothing at inference; they vanish.",
    readers={"Identity": _pass_on, "Dropout": _read_dropout, "Cast": _read_cast},
    float_ops=(),
    quant_ops=(),
    kernels=(),
    tflite=(),
    limits=("Dropout only with training_mode false.", "Cast only from and to float32."),
)
