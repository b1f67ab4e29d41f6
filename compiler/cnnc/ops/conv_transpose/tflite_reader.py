"""Read TFLite's TRANSPOSE_CONV."""

from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ops._tflite_import import read_weighted
from cnnc.ops.conv_transpose.axis import TransposedAxis
from cnnc.ops.conv_transpose.quant_op import QuantConvTranspose

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader

_SAME, _VALID = 0, 1


def read_transpose_conv(reader: "TfliteNodeReader") -> None:
    """Add the transposed convolution; operands are its output's shape, weights, image and bias.

    Weights are [out][row][col][in] in both worlds.

    Raises:
        UnsupportedAttributeError: Weights do not fit the image, or an option is out of range.
    """
    image, result = reader.value(2).shape, reader.output.shape
    shape = reader.tensor(1).shape
    if len(image) != 4 or len(shape) != 4 or 0 in shape or shape[3] != image[3]:
        raise UnsupportedAttributeError(
            f"weights {list(shape)} do not fit an image of shape {list(image)}"
        )
    padding = reader.option("Padding", _SAME)
    if padding not in (_SAME, _VALID):
        raise UnsupportedAttributeError(f"padding {padding} is neither SAME (0) nor VALID (1)")
    strides = (reader.option("StrideH", 0), reader.option("StrideW", 0))
    if min(strides) < 1:
        raise UnsupportedAttributeError(f"strides {list(strides)} must be at least 1")
    along = zip(shape[1:3], strides, image[1:3], result[1:3], strict=True)
    axes = tuple(_axis(*numbers, same=padding == _SAME) for numbers in along)
    fields = read_weighted(reader, channel_axis=0, operands=(2, 1, 3))
    reader.emit(QuantConvTranspose(**fields, axes=axes, groups=1), [reader.key(2)])


def _axis(kernel: int, stride: int, extent: int, outputs: int, *, same: bool) -> TransposedAxis:
    """Return one axis; SAME cuts half of what is beyond the outputs, VALID nothing (spec 4.2)."""
    beyond = TransposedAxis(kernel, stride).full_extent(extent) - outputs
    before = max(beyond, 0) // 2 if same else 0
    return TransposedAxis(kernel, stride, 1, before, before - beyond)
