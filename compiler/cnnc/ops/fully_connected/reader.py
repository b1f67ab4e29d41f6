"""Read ONNX Gemm and MatMul with constant weights."""

import math
from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import F32, Activation, Shape
from cnnc.ops._requantize import scaled_weight_scale
from cnnc.ops._weights import read_weight, read_weight_scale
from cnnc.ops.fully_connected.float_op import FullyConnected
from cnnc.ops.reshape import Reshape

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


def read_gemm(reader: "NodeReader") -> None:
    """Add alpha * A' B' + beta * C, where ' transposes if transA or transB say so.

    Source: Gemm on the ONNX operator page; B' [in][out], C broadcasts to [rows][out].

    Raises:
        UnsupportedAttributeError: A is constant, B or C are not, or the shapes do not fit.
    """
    _check_first_operand(reader)
    matrix = read_weight(reader, 1)
    # FullyConnected wants [out][in].
    transposed = bool(reader.int_attribute("transB", 0))
    weight = matrix if transposed else matrix.T
    axes = (1, 0) if reader.int_attribute("transA", 0) else (0, 1)
    shape = reader.onnx_shape(0)
    if len(shape) != 2 or weight.ndim != 2 or shape[axes[1]] != weight.shape[1]:
        raise UnsupportedAttributeError(
            f"A {list(shape)} and B {list(matrix.shape)} cannot be multiplied"
        )
    alpha = reader.float_attribute("alpha", 1.0)
    beta = reader.float_attribute("beta", 1.0)
    scaled = _scaled(weight, alpha)
    bias = _gemm_bias(reader, (shape[axes[0]], len(weight)), beta)
    own_scale = scaled_weight_scale(
        read_weight_scale(reader, 1, 0 if transposed else 1),
        np.full(len(weight), alpha, np.float32),
    )
    op = FullyConnected(np.ascontiguousarray(scaled), bias, Activation.NONE, weight_scale=own_scale)
    reader.define_onnx_order(reader.emit(op, [reader.in_axes(0, axes)]))


def read_matmul(reader: "NodeReader") -> None:
    """Add A B for a constant matrix B; leading axes of A are rows.

    Source: MatMul on the ONNX operator page (numpy.matmul).

    Raises:
        UnsupportedAttributeError: A is constant, B is not or is no single matrix, or the shapes
            do not fit.
    """
    _check_first_operand(reader)
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


def _scaled(weight: F32, factor: float) -> F32:
    """Return the double products as float32, without a float64 copy of the weights."""
    # Weights can be hundreds of megabytes: no copy at all where the factor changes nothing.
    if factor == 1.0:
        return weight
    result = np.empty(weight.shape, np.float32)
    with np.errstate(over="ignore"):
        np.multiply(weight, factor, out=result, dtype=np.float64, casting="same_kind")
    return result


def _check_first_operand(reader: "NodeReader") -> None:
    if reader.is_constant(0):
        raise UnsupportedAttributeError(
            f"the first operand '{reader.input_name(0)}' is a constant; only products of an "
            "activation with constant weights on the right are supported"
        )
    if not reader.is_constant(1):
        raise UnsupportedAttributeError(
            f"both operands, '{reader.input_name(0)}' and '{reader.input_name(1)}', are computed "
            "at run time; the second must be constant weights"
        )


def _gemm_bias(reader: "NodeReader", result: tuple[int, int], beta: float) -> F32:
    if not reader.has_input(2):
        return np.zeros(result[1], np.float32)
    addend = reader.constant(2, "C")
    try:
        full = np.broadcast_to(addend.astype(np.float64), result)
    except ValueError as error:
        raise UnsupportedAttributeError(
            f"C {list(addend.shape)} does not broadcast to {list(result)}"
        ) from error
    if np.any(full != full[0]):
        raise UnsupportedAttributeError(
            f"C {list(addend.shape)} differs between rows; only one bias per column is supported"
        )
    bias: F32 = (full[0] * beta).astype(np.float32)
    return bias


def _single_matrix(weights: F32) -> F32:
    """Return B as [in][out]; a vector is one column, leading axes must have size 1."""
    if weights.ndim == 1:
        return weights.reshape(-1, 1)
    if weights.ndim == 0 or math.prod(weights.shape[:-2]) != 1:
        raise UnsupportedAttributeError(
            f"weights of shape {list(weights.shape)} are not one matrix"
        )
    return weights.reshape(weights.shape[-2:])


def _product_shape(left: Shape, right: Shape) -> Shape:
    """Return the shape of numpy.matmul where the right operand is one matrix or a vector."""
    if len(right) == 1:
        return left[:-1]
    batch_axes = max(len(left) - 2, 0)
    added = max(len(right) - 2 - batch_axes, 0)
    return (1,) * added + left[:-1] + right[-1:]
