"""Constant operands and formats of a .tflite operator, checked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnc.codegen.tflite_file import TensorRecord
from cnnc.errors import UnsupportedAttributeError
from cnnc.importer.tflite.graph import is_scale
from cnnc.ir.op import FloatOp, OutputFormat
from cnnc.ir.types import I8, I32, I64, Quantization

_JOINING = (OutputFormat.SAME_AS_INPUT, OutputFormat.COMMON)


@dataclass(frozen=True, eq=False)
class QuantizedWeights:
    """A constant int8 operand with its scales.

    Attributes:
        array: As in the file.
        scales: One, or one for each element of ``axis``.
        axis: Axis of scales per channel.
    """

    array: I8
    scales: tuple[float, ...]
    axis: int


def constant_integers(record: TensorRecord, role: str) -> I64:
    """Return a constant of shapes, axes or counts; raises as the node reader's ``integers``."""
    if record.data is None or record.element_type not in ("int32", "int64"):
        raise UnsupportedAttributeError(f"{role} '{record.name}' must be constant integers")
    return record.data.astype(np.int64)


def constant_int8(record: TensorRecord) -> I8:
    """Return an int8 constant; raises as the node reader's ``int8_constant``."""
    if record.data is None or record.element_type != "int8":
        raise UnsupportedAttributeError(f"operand '{record.name}' must be an int8 constant")
    return record.data.astype(np.int8, copy=False)


def constant_weights(record: TensorRecord, channel_axis: int) -> QuantizedWeights:
    """Return weights with their scales; raises as the node reader's ``weights``."""
    array = constant_int8(record)
    channels = array.shape[channel_axis] if array.ndim > channel_axis else 0
    fits = len(record.scales) == 1 or (
        len(record.scales) == channels and record.quantized_axis == channel_axis
    )
    if not fits or record.zero_point != 0 or not all(map(is_scale, record.scales)):
        raise UnsupportedAttributeError(
            f"weights '{record.name}' of shape {list(array.shape)} have {len(record.scales)} "
            f"scales for axis {record.quantized_axis} and zero point {record.zero_point}; one "
            f"positive scale, or one for each element of axis {channel_axis}, and zero point 0 "
            "are supported"
        )
    return QuantizedWeights(array, record.scales, record.quantized_axis)


def constant_bias(record: TensorRecord, channels: int) -> I32:
    """Return an int32 bias; raises as the node reader's ``bias``."""
    if record.data is None or record.element_type != "int32" or record.data.size != channels:
        raise UnsupportedAttributeError(
            f"bias '{record.name}' ({record.element_type} {list(record.shape)}) must be a "
            f"constant int32 [{channels}]"
        )
    return record.data.reshape(-1).astype(np.int32)


def check_formats(op: FloatOp, inputs: Sequence[Quantization], output: Quantization) -> None:
    """Refuse formats with which TFLite's kernels do not work, or would mean something else."""
    if op.output_format in _JOINING:
        for index, source in enumerate(inputs):
            if source != output:
                raise UnsupportedAttributeError(
                    f"operand {index} has {_text(source)} and the result {_text(output)}; "
                    "this operator needs one format"
                )
    if op.output_format is OutputFormat.FIXED and op.fixed_format != output:
        expected = "" if op.fixed_format is None else _text(op.fixed_format)
        raise UnsupportedAttributeError(f"the result has {_text(output)} instead of {expected}")


def _text(quantization: Quantization) -> str:
    return f"scale {quantization.scale:.9g}, zero point {quantization.zero_point}"
