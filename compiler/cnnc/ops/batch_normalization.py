"""Batch normalization with the statistics of training (ONNX BatchNormalization).

y = gamma (x - mean) / sqrt(variance + epsilon) + beta = scale x + offset, per channel, with

    scale = gamma / sqrt(variance + epsilon)        offset = beta - mean scale

Passes fold it into a neighbouring layer with weights, else they make it a 1x1 depthwise
convolution; no integer op is left of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import InternalError, ModelError, UnsupportedAttributeError
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.types import F32, F64, Shape
from cnnc.ops._definition import OperatorDefinition
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


@dataclass(frozen=True, eq=False)
class ChannelAffine(FloatOp):
    """y = scale * x + offset along the last axis.

    Attributes:
        scale: [channels].
        offset: [channels].
    """

    scale: F32
    offset: F32

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape after checking the number of channels."""
        shape = inputs[0]
        if shape[-1:] != self.scale.shape:
            raise ModelError(
                f"{len(self.scale)} scales do not fit a tensor of {shape[-1]} channels",
                "check the shapes of the node's constants",
            )
        return shape

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Scale and shift every channel."""
        return inputs[0] * self.scale + self.offset

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse: passes replace every channel affine before quantization."""
        raise InternalError(f"'{context.node}' is still a channel affine when quantized")


def _read_batch_normalization(reader: "NodeReader") -> None:
    reader.ignore("momentum")
    epsilon = reader.float_attribute("epsilon", 1e-5)
    _check_inference(reader)
    shape = reader.onnx_shape(0)
    if len(shape) < 2:
        raise UnsupportedAttributeError(f"a tensor of shape {list(shape)} has no channel axis")
    gamma, beta, mean, variance = (
        _per_channel(reader, index, role, shape[1])
        for index, role in enumerate(("scale", "B", "input_mean", "input_var"), start=1)
    )
    if not (variance + epsilon > 0.0).all():
        raise UnsupportedAttributeError(
            f"input_var holds {variance.min():g}; variance + epsilon must be positive"
        )
    scale = gamma / np.sqrt(variance + epsilon)
    op = ChannelAffine(scale.astype(np.float32), (beta - mean * scale).astype(np.float32))
    reader.define_channel_last(reader.emit(op, [reader.channel_last(0)]))


def _check_inference(reader: "NodeReader") -> None:
    if reader.int_attribute("training_mode", 0):
        raise UnsupportedAttributeError("training_mode is 1; export the model for inference")
    if not reader.int_attribute("spatial", 1):
        raise UnsupportedAttributeError("spatial 0 (statistics per pixel) is not supported")


def _per_channel(reader: "NodeReader", index: int, role: str, channels: int) -> F64:
    array = reader.constant(index, role).astype(np.float64)
    if array.shape != (channels,):
        raise UnsupportedAttributeError(
            f"{role} has shape {list(array.shape)}, the input has {channels} channels"
        )
    return array


OPERATOR = OperatorDefinition(
    name="batch_normalization",
    summary="Batch normalization; folded into a neighbour or a 1x1 depthwise convolution.",
    readers={"BatchNormalization": _read_batch_normalization},
    float_ops=(ChannelAffine,),
    quant_ops=(),
    kernels=(),
    tflite=(),
    limits=("Inference only: training_mode 0, spatial 1, constant statistics.",),
)
