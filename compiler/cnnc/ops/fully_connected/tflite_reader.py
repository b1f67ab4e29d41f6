"""Read TFLite's FULLY_CONNECTED."""

from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import elements
from cnnc.ops._tflite_import import read_weighted
from cnnc.ops.fully_connected.quant_op import QuantFullyConnected
from cnnc.ops.reshape import Reshape

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader


def read_fully_connected(reader: "TfliteNodeReader") -> None:
    """Add the product, flavour (a) of spec 4.3; an operand of any shape is [rows][in].

    Raises:
        UnsupportedAttributeError: Shuffled weights, or weights that do not fit.
    """
    if reader.option("WeightsFormat", 0) != 0:
        raise UnsupportedAttributeError("shuffled weights are not supported")
    # How the result is shaped is in the result; the other is about float activations.
    reader.ignore("KeepNumDims", "AsymmetricQuantizeInputs")
    weight = reader.tensor(1).shape
    source, result = reader.value(0), reader.output
    if len(weight) != 2 or 0 in weight or elements(source.shape) % weight[1]:
        raise UnsupportedAttributeError(
            f"weights {list(weight)} do not fit a tensor of shape {list(source.shape)}"
        )
    rows = (elements(source.shape) // weight[1], weight[1])
    op = QuantFullyConnected(**read_weighted(reader, channel_axis=0, float32_product=True))
    operand = reader.key(0)
    if source.shape != rows:
        operand = reader.emit_inner(Reshape(rows), [operand], "rows", source.quantization)
    if result.shape == (rows[0], weight[0]):
        reader.emit(op, [operand])
        return
    product = reader.emit_inner(op, [operand], "product", result.quantization)
    reader.emit(Reshape(result.shape), [product])
