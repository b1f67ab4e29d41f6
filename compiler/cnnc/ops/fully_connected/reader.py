"""Read ONNX MatMul: with one matrix of constant weights on either side, or as ``mat_mul``."""

import math
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import F32, Activation, Shape
from cnnc.ops._weights import read_weight, read_weight_scale
from cnnc.ops.fully_connected.float_op import FullyConnected
from cnnc.ops.mat_mul.reader import read_product
from cnnc.ops.reshape import Reshape

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


def read_matmul(reader: "NodeReader") -> None:
    """Add A B (MatMul on the ONNX operator page, numpy.matmul).

    Raises:
        UnsupportedAttributeError: The shapes do not fit, or the weights are no float tensor.
    """
    if _is_one_matrix(reader, 1):
        _read_weights_on_the_right(reader)
    elif _is_one_matrix(reader, 0) and len(reader.onnx_shape(0)) == 2:
        _read_weights_on_the_left(reader)
    else:
        read_product(reader)


def _is_one_matrix(reader: "NodeReader", index: int) -> bool:
    """Whether an operand is a constant vector, or one matrix under leading axes of size 1."""
    shape = reader.onnx_shape(index)
    return reader.is_constant(index) and len(shape) > 0 and math.prod(shape[:-2]) == 1


def _read_weights_on_the_left(reader: "NodeReader") -> None:
    """Add W B as (B' W')', ' swapping the last two axes, which costs nothing in memory."""
    weight = read_weight(reader, 0)
    shape = reader.onnx_shape(1)
    if len(shape) < 2 or shape[-2] != weight.shape[1]:
        read_product(reader)
        return
    op = FullyConnected(
        np.ascontiguousarray(weight),
        np.zeros(len(weight), np.float32),
        Activation.NONE,
        weight_scale=read_weight_scale(reader, 0, 0),
    )
    order = tuple(range(len(shape)))
    axes = (*order[:-2], order[-1], order[-2])
    operand = reader.in_axes(1, axes)
    moved = (*shape[:-2], shape[-1], shape[-2])
    if len(shape) == 2:
        reader.define(reader.emit(op, [operand]), axes)
        return
    rows = Reshape((math.prod(moved[:-1]), moved[-1]))
    product = reader.emit(op, [reader.emit(rows, [operand], suffix="rows")], suffix="product")
    result = Reshape((*moved[:-1], len(weight)))
    reader.define(reader.emit(result, [product]), axes)


def _read_weights_on_the_right(reader: "NodeReader") -> None:
    """Add A W; leading axes of A are rows."""
    matrix = read_weight(reader, 1)
    shape = reader.onnx_shape(0)
    plain = _single_matrix(matrix)
    if not shape or shape[-1] != len(plain):
        raise UnsupportedAttributeError(
            f"A {list(shape)} and B {list(matrix.shape)} cannot be multiplied"
        )
    op = FullyConnected(
        np.ascontiguousarray(plain.T),
        np.zeros(plain.shape[1], np.float32),
        Activation.NONE,
        weight_scale=_column_scale(reader, matrix.ndim),
    )
    operand = reader.in_onnx_order(0)
    result = _product_shape(shape, matrix.shape)
    rows = (math.prod(shape[:-1]), shape[-1])
    if shape == rows and len(result) == 2:
        reader.define_onnx_order(reader.emit(op, [operand]))
        return
    if shape != rows:
        operand = reader.emit(Reshape(rows), [operand], suffix="rows")
    product = reader.emit(op, [operand], suffix="product")
    reader.define_onnx_order(reader.emit(Reshape(result), [product]))


def _column_scale(reader: "NodeReader", rank: int) -> F32 | None:
    """Return the scale of each column of B; of a vector, which is one column, if it has one."""
    if rank > 1:
        return read_weight_scale(reader, 1, rank - 1)
    scales = reader.scales(1)
    uniform = scales is not None and bool(np.all(scales == scales[0]))
    return scales[:1] if scales is not None and uniform else None


def _single_matrix(weights: F32) -> F32:
    """Return B as [in][out]; a vector is one column, leading axes have size 1."""
    return weights.reshape(-1, 1) if weights.ndim == 1 else weights.reshape(weights.shape[-2:])


def _product_shape(left: Shape, right: Shape) -> Shape:
    """Return the shape of numpy.matmul where the right operand is one matrix or a vector."""
    if len(right) == 1:
        return left[:-1]
    batch_axes = max(len(left) - 2, 0)
    added = max(len(right) - 2 - batch_axes, 0)
    return (1,) * added + left[:-1] + right[-1:]
