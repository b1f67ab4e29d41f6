"""Read ONNX products of two activations."""

from typing import TYPE_CHECKING

from cnnc.importer.builder import onnx_order
from cnnc.ir.types import Shape
from cnnc.ops.mat_mul.float_op import MatMul
from cnnc.ops.reshape import Reshape

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


def read_product(reader: "NodeReader") -> None:
    """Add numpy.matmul of operands 0 and 1: a vector is a row on the left, a column on the right.

    Raises:
        UnsupportedAttributeError: The shapes cannot be multiplied.
    """
    first, transpose_first = _matrices(reader, 0)
    second, transpose_second = _matrices(reader, 1)
    op = MatMul(transpose_first, transpose_second)
    vectors = [index for index in (0, 1) if len(reader.onnx_shape(index)) == 1]
    if not vectors:
        reader.define_onnx_order(reader.emit(op, [first, second]))
        return
    product = reader.emit(op, [first, second], suffix="product")
    shape = _without_vectors(reader, vectors)
    reader.define_onnx_order(reader.emit(Reshape(shape), [product]))


def _without_vectors(reader: "NodeReader", vectors: list[int]) -> Shape:
    """Return the shape of a product without the axes that its vectors were given."""
    leading = () if 0 in vectors else reader.onnx_shape(0)[:-1]
    batch = reader.onnx_shape(1)[:-2] if 0 in vectors else ()
    last = () if 1 in vectors else reader.onnx_shape(1)[-1:]
    return (*batch, *leading, *last)


def _matrices(reader: "NodeReader", index: int) -> tuple[str, bool]:
    """Return an operand's key and whether its last two axes are swapped in memory."""
    shape = reader.onnx_shape(index)
    if len(shape) == 1:
        matrix = (1, *shape) if index == 0 else (*shape, 1)
        source = reader.in_onnx_order(index)
        return reader.emit(Reshape(matrix), [source], suffix=f"matrix_{index}"), False
    return stored_matrices(reader, index)


def stored_matrices(reader: "NodeReader", index: int) -> tuple[str, bool]:
    """Return the same for an operand of at least two axes."""
    stored = reader.stored(index)
    order = onnx_order(len(stored.axes))
    swapped = (*order[:-2], *reversed(order[-2:]))
    if stored.axes == swapped:
        return stored.key, True
    return reader.in_onnx_order(index), False
