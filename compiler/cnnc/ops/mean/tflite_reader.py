"""Read TFLite MEAN."""

from typing import TYPE_CHECKING

from cnnc.ops._axes import normalized_axis
from cnnc.ops.mean.float_op import Mean

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader


def read_mean(reader: "TfliteNodeReader") -> None:
    """Add the mean over the named axes.

    Raises:
        UnsupportedAttributeError: The axes are computed at run time, or one does not exist.
    """
    rank = len(reader.value(0).shape)
    axes = {normalized_axis(int(axis), rank) for axis in reader.integers(1, "axes").reshape(-1)}
    keep_dims = bool(reader.option("KeepDims", 0))
    reader.emit(Mean(tuple(sorted(axes)), keep_dims), [reader.key(0)])
