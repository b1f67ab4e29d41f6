"""Read the constant weights and bias of an ONNX node."""

import logging
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.finite import all_finite
from cnnc.ir.types import F32

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

logger = logging.getLogger(__name__)


def read_weight(reader: "NodeReader", index: int) -> F32:
    """Return constant weights as float32, in ONNX order.

    Raises:
        UnsupportedAttributeError: Not a constant, not a float type, empty, or not finite.
    """
    return _real(reader, index, "weights")


def read_bias(reader: "NodeReader", index: int, channels: int) -> F32:
    """Return the constant bias [channels] as float32; zeros where the operand is absent.

    Raises:
        UnsupportedAttributeError: Not a constant, not finite, or not one value per channel.
    """
    if not reader.has_input(index):
        return np.zeros(channels, np.float32)
    bias = _real(reader, index, "bias")
    if bias.shape != (channels,):
        raise UnsupportedAttributeError(
            f"bias of shape {list(bias.shape)} does not fit {channels} output channels"
        )
    return bias


def read_weight_scale(
    reader: "NodeReader", index: int, channel_axis: int, groups: int = 1
) -> F32 | None:
    """Return the model's own scale of the weights of each output channel.

    Args:
        reader: The node.
        index: The operand with the weights.
        channel_axis: Its axis that is the output channel, >= 0.
        groups: Groups that axis 0 is divided into, where output channels are counted within a
            group (ConvTranspose).

    Returns:
        [groups * out_channels], or None where the weights were not 8-bit integers with one scale
        per output channel; the scale is then chosen from the weights.
    """
    if reader.is_asymmetric(index):
        logger.warning(
            "weights '%s' are asymmetric: requantized symmetrically per channel",
            reader.input_name(index),
        )
    scales = reader.scales(index)
    if scales is None or scales.size == 0:
        return None
    blocks = scales.reshape(groups, scales.shape[0] // groups, *scales.shape[1:])
    rows = np.moveaxis(blocks, channel_axis + 1, 1)
    rows = rows.reshape(groups * rows.shape[1], -1)
    if np.any(rows != rows[:, :1]):
        logger.warning(
            "weights '%s' have several scales per output channel: requantized",
            reader.input_name(index),
        )
        return None
    return np.ascontiguousarray(rows[:, 0])


def _real(reader: "NodeReader", index: int, role: str) -> F32:
    array = reader.constant(index, role)
    if array.dtype.kind != "f" or array.size == 0:
        raise UnsupportedAttributeError(
            f"{role} '{reader.input_name(index)}' of type {array.dtype} and shape "
            f"{list(array.shape)} must be a float tensor that is not empty"
        )
    with np.errstate(over="ignore"):
        real: F32 = array.astype(np.float32, copy=False)
    if not all_finite(real):
        raise UnsupportedAttributeError(f"{role} '{reader.input_name(index)}' pass float32's range")
    return real
