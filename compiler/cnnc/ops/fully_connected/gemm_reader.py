"""Read ONNX Gemm: y = alpha A' B' + beta C, where ' transposes if transA or transB say so.

With constant weights on the right it is ``FullyConnected``; on the left too, as the transposed
product, which is y with its axes swapped in memory. A C that is no bias is added behind.
"""

from typing import TYPE_CHECKING

import numpy as np

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import F32, Activation, Shape
from cnnc.ops._requantize import scaled_weight_scale
from cnnc.ops._weights import read_weight, read_weight_scale
from cnnc.ops.add import Add
from cnnc.ops.fully_connected.float_op import FullyConnected
from cnnc.ops.mat_mul.float_op import MatMul
from cnnc.ops.mat_mul.reader import stored_matrices
from cnnc.ops.mul import Mul
from cnnc.ops.reshape import Reshape

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

Axes = tuple[int, ...]
_ROWS, _COLS = 0, 1
_IN_ORDER, _SWAPPED = (0, 1), (1, 0)


def read_gemm(reader: "NodeReader") -> None:
    """Add the product and the sum.

    Raises:
        UnsupportedAttributeError: The shapes do not fit.
    """
    result = _result_shape(reader)
    if reader.has_input(2):
        _check_addend(reader.onnx_shape(2), result)
    if reader.is_constant(1):
        _read_weights(reader, result, side=_COLS)
    elif reader.is_constant(0):
        _read_weights(reader, result, side=_ROWS)
    else:
        _read_activations(reader)


def _is_transposed(reader: "NodeReader", side: int) -> bool:
    return bool(reader.int_attribute("transB" if side == _COLS else "transA", 0))


def _result_shape(reader: "NodeReader") -> tuple[int, int]:
    first, second = reader.onnx_shape(0), reader.onnx_shape(1)
    rows, depth = _as_used(first, transposed=_is_transposed(reader, _ROWS))
    inner, cols = _as_used(second, transposed=_is_transposed(reader, _COLS))
    if len(first) != 2 or len(second) != 2 or depth != inner:
        raise UnsupportedAttributeError(
            f"A {list(first)} and B {list(second)} cannot be multiplied"
        )
    return rows, cols


def _as_used(shape: Shape, *, transposed: bool) -> tuple[int, int]:
    """Return the two axes of a matrix behind its transposition; zeros where there are not two."""
    if len(shape) != 2:
        return 0, 0
    return (shape[1], shape[0]) if transposed else (shape[0], shape[1])


def _check_addend(shape: Shape, result: tuple[int, int]) -> None:
    padded = (*(1,) * (2 - len(shape)), *shape)
    if len(shape) > 2 or any(a not in (1, b) for a, b in zip(padded, result, strict=True)):
        raise UnsupportedAttributeError(f"C {list(shape)} does not broadcast to {list(result)}")


def _read_weights(reader: "NodeReader", result: tuple[int, int], side: int) -> None:
    """Add the product with weights that are the operand of this index."""
    stored = read_weight(reader, side)
    # FullyConnected wants [out][in], which is B' transposed but A' as it is.
    as_stored = _is_transposed(reader, side) == (side == _COLS)
    weight = stored if as_stored else stored.T
    alpha = reader.float_attribute("alpha", 1.0)
    scale = scaled_weight_scale(
        read_weight_scale(reader, side, 0 if as_stored else 1),
        np.full(len(weight), alpha, np.float32),
    )
    bias = _bias(reader, result, side)
    op = FullyConnected(
        np.ascontiguousarray(_scaled(weight, alpha)),
        np.zeros(len(weight), np.float32) if bias is None else bias,
        Activation.NONE,
        weight_scale=scale,
    )
    other = 1 - side
    # It wants rows of [in]: A' as it is, but B' transposed.
    swapped = _is_transposed(reader, other) != (other == _COLS)
    operand = reader.in_axes(other, _SWAPPED if swapped else _IN_ORDER)
    product = reader.emit(op, [operand], suffix="product" if bias is None else "")
    axes = _IN_ORDER if side == _COLS else _SWAPPED
    reader.define(product if bias is not None else _with_addend(reader, product, axes), axes)


def _bias(reader: "NodeReader", result: tuple[int, int], side: int) -> F32 | None:
    """Return beta C as a bias per column (weights on the right) or row; None where it is none."""
    beta = reader.float_attribute("beta", 1.0)
    if not reader.has_input(2):
        return np.zeros(result[side], np.float32)
    if not reader.is_constant(2):
        return None
    full = np.broadcast_to(reader.constant(2, "C").astype(np.float64), result)
    rows = full if side == _COLS else full.T
    if np.any(rows != rows[0]):
        return None
    return np.asarray(rows[0] * beta, np.float32)


def _read_activations(reader: "NodeReader") -> None:
    """Add the product of two operands that are computed at run time."""
    first, first_swapped = stored_matrices(reader, 0)
    second, second_swapped = stored_matrices(reader, 1)
    op = MatMul(
        first_swapped != _is_transposed(reader, _ROWS),
        second_swapped != _is_transposed(reader, _COLS),
    )
    alpha = reader.float_attribute("alpha", 1.0)
    reader.float_attribute("beta", 1.0)
    adds = reader.has_input(2)
    if alpha == 1.0:
        key = reader.emit(op, [first, second], suffix="product" if adds else "")
    else:
        product = reader.emit(op, [first, second], suffix="product")
        factor = reader.add_constant("alpha", np.full((1, 1), alpha, np.float32))
        key = reader.emit(Mul(), [product, factor], suffix="scaled" if adds else "")
    reader.define(_with_addend(reader, key, _IN_ORDER) if adds else key, _IN_ORDER)


def _with_addend(reader: "NodeReader", product: str, axes: Axes) -> str:
    """Add beta C to a product that is stored with these axes; returns the key of the sum."""
    beta = reader.float_attribute("beta", 1.0)
    shape = reader.onnx_shape(2)
    padded = (*(1,) * (2 - len(shape)), *shape)
    if reader.is_constant(2):
        array = (reader.constant(2, "C").astype(np.float64) * beta).reshape(padded).transpose(axes)
        return reader.emit(Add(), [product, reader.add_constant("C", array)])
    if len(shape) == 2:
        addend = reader.in_axes(2, axes)
    else:
        target = tuple(padded[axis] for axis in axes)
        addend = reader.emit(Reshape(target), [reader.in_onnx_order(2)], suffix="addend")
    if beta != 1.0:
        factor = reader.add_constant("beta", np.full((1, 1), beta, np.float32))
        addend = reader.emit(Mul(), [addend, factor], suffix="scaled_addend")
    return reader.emit(Add(), [product, addend])


def _scaled(weight: F32, factor: float) -> F32:
    """Return the double products as float32, without a float64 copy of the weights."""
    # Weights can be hundreds of megabytes: no copy at all where the factor changes nothing.
    if factor == 1.0:
        return weight
    result = np.empty(weight.shape, np.float32)
    with np.errstate(over="ignore"):
        np.multiply(weight, factor, out=result, dtype=np.float64, casting="same_kind")
    return result
