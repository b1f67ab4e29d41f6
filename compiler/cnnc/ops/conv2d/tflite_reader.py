"""Read TFLite's CONV_2D."""

from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ops._tflite_import import read_image, read_tflite_window, read_weighted
from cnnc.ops.conv2d.quant_op import QuantConv2d

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader


def read_conv_2d(reader: "TfliteNodeReader") -> None:
    """Add the convolution; weights are [out][row][col][in / groups] in both worlds.

    Raises:
        UnsupportedAttributeError: The operand is no image, or weights do not fit its channels.
    """
    channels = read_image(reader)[3]
    shape = reader.tensor(1).shape
    if len(shape) != 4 or 0 in shape or channels % shape[3] or shape[0] % (channels // shape[3]):
        raise UnsupportedAttributeError(
            f"weights {list(shape)} do not fit an image of {channels} channels"
        )
    window = read_tflite_window(reader, shape[1:3], dilated=True)
    fields = read_weighted(reader, channel_axis=0)
    groups = channels // shape[3]
    reader.emit(QuantConv2d(**fields, window=window, groups=groups), [reader.key(0)])
