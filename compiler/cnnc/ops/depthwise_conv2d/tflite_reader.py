"""Read TFLite's DEPTHWISE_CONV_2D."""

from dataclasses import replace
from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ops._tflite_import import read_image, read_tflite_window, read_weighted
from cnnc.ops.depthwise_conv2d.quant_op import QuantDepthwiseConv2d

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader


def read_depthwise_conv_2d(reader: "TfliteNodeReader") -> None:
    """Add the convolution; weights [1][row][col][out] lose their first axis.

    Raises:
        UnsupportedAttributeError: The operand is no image, or weights do not fit its channels.
    """
    channels = read_image(reader)[3]
    shape = reader.tensor(1).shape
    multiplier = reader.option("DepthMultiplier", 0)
    if len(shape) != 4 or shape[0] != 1 or shape[3] != channels * multiplier or multiplier < 1:
        raise UnsupportedAttributeError(
            f"weights {list(shape)} do not fit an image of {channels} channels and depth "
            f"multiplier {multiplier}"
        )
    window = read_tflite_window(reader, shape[1:3], dilated=True)
    fields = read_weighted(reader, channel_axis=3)
    op = QuantDepthwiseConv2d(**fields, window=window, multiplier=multiplier)
    reader.emit(replace(op, weight=op.weight[0]), [reader.key(0)])
