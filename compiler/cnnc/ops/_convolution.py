"""Convolutions in NumPy, channel-last, for float and for exact integers alike.

Integers go through float BLAS: every partial sum of a product of int8 weights w and centred int8
activations (|q - zero_point| <= 255) is an integer of magnitude <= 255 * sum |w|, and a float type
holds all integers up to 2^24 (float32) or 2^53 (float64), so no order of summation can round.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnc.errors import ModelError
from cnnc.ir.types import I8, AnyArray, Shape, Window

Numbers = npt.NDArray[np.number[Any]]
"""Float32 or float64, or int32 where no matrix product is taken."""

_CHUNK_BYTES = 512 * 2**10
"""Size of the operands of one chunk of samples; a CPU's cache holds them and the results."""


def windowed_shape(inputs: Sequence[Shape], window: Window, channels: int) -> Shape:
    """Return [batch][row][col][channel] after a window slid over the image.

    Raises:
        ModelError: The operand is not a 2-D image, or the window is larger than the padded image.
    """
    image = inputs[0]
    if len(image) != 4:
        raise ModelError(
            f"a tensor of shape {list(image)} is no 2-D image",
            "only [batch][row][col][channel] is supported",
        )
    batch, rows, cols, _ = image
    output_rows, output_cols = window.output_size(rows, cols)
    if min(output_rows, output_cols) < 1:
        raise ModelError(
            f"a window of {window.span_rows}x{window.span_cols} does not fit the padded image of "
            f"{rows + window.pad_top + window.pad_bottom}x"
            f"{cols + window.pad_left + window.pad_right}",
            "check kernel size, dilation and padding, or give a larger --input-shape",
        )
    return (batch, output_rows, output_cols, channels)


def sample_chunks(samples: int, bytes_per_sample: int) -> Iterator[slice]:
    """Split samples so that a chunk's working arrays stay small; each has at least one sample."""
    step = max(1, _CHUNK_BYTES // max(1, bytes_per_sample))
    for begin in range(0, samples, step):
        yield slice(begin, min(begin + step, samples))


def exact_float_type(weight: I8, channel_axis: int) -> type[np.floating[Any]]:
    """Return the float type whose matrix products with these int8 weights are exact integers."""
    axes = tuple(axis for axis in range(weight.ndim) if axis != channel_axis % weight.ndim)
    # int16, because |-128| is no int8.
    magnitudes = np.abs(weight, dtype=np.int16)
    largest = int(magnitudes.sum(axis=axes, dtype=np.int64).max(initial=0))
    return np.float32 if 255 * largest < 2**24 else np.float64


def centre(q: AnyArray, zero_point: int, number: type[np.number[Any]]) -> Numbers:
    """Return q - zero_point in another type that holds -255..255; any shape."""
    centred: Numbers = q.astype(number) - np.asarray(zero_point, number)
    return centred


def patch_bytes(image: Shape, window: Window, itemsize: int) -> int:
    """Return the size of all patches that a window cuts from an image [..][row][col][channel]."""
    rows, cols, channels = image[-3:]
    output_rows, output_cols = window.output_size(rows, cols)
    taps = window.kernel_rows * window.kernel_cols
    return math.prod(image[:-3]) * output_rows * output_cols * taps * channels * itemsize


def convolve(images: Numbers, weight: Numbers, window: Window, groups: int) -> Numbers:
    """Slide weights over zero-padded images: y[o] = sum over taps and i of w[o,r,c,i] x[r,c,i].

    Args:
        images: [images][row][col][in], a float type.
        weight: [out][kernel_row][kernel_col][in / groups], the same type.
        window: Kernel extents as in ``weight``.
        groups: Output block g reads input block g only.

    Returns:
        [images][row][col][out].
    """
    patches = cut_patches(images, window)
    pixels = math.prod(patches.shape[:3])
    depth = weight.shape[3]
    sums = np.empty((pixels, len(weight)), images.dtype)
    blocks = zip(np.split(weight, groups), np.split(sums, groups, axis=1), strict=True)
    for group, (block, block_sums) in enumerate(blocks):
        rows = patches[..., group * depth : (group + 1) * depth].reshape(pixels, -1)
        np.matmul(rows, block.reshape(len(block), -1).T, out=block_sums)
    return sums.reshape(*patches.shape[:3], len(weight))


def convolve_depthwise(
    images: Numbers, weight: Numbers, window: Window, multiplier: int
) -> Numbers:
    """Slide one filter per output channel over zero-padded images.

    y[c] = sum over taps of w[r,s,c] x[r,s,c // multiplier].

    Args:
        images: [images][row][col][in].
        weight: [kernel_row][kernel_col][out], the same type.
        window: Kernel extents as in ``weight``.
        multiplier: Output channels per input channel.

    Returns:
        [images][row][col][out].
    """
    padded = np.repeat(_pad(images, window), multiplier, axis=-1)
    output_size = window.output_size(images.shape[1], images.shape[2])
    total = np.zeros((len(images), *output_size, weight.shape[2]), images.dtype)
    for row in range(window.kernel_rows):
        for col in range(window.kernel_cols):
            tap = _tap(padded, window, (row, col), output_size)
            np.add(total, tap * weight[row, col], out=total)
    return total


def cut_patches(images: Numbers, window: Window) -> Numbers:
    """Return the zero-padded pixels under every window: [images][row][col][tap][in]."""
    taps = window.kernel_rows * window.kernel_cols
    if taps == 1 and window.stride_rows == 1 and window.stride_cols == 1 and not window.has_padding:
        return images[..., np.newaxis, :]
    padded = _pad(images, window)
    output_size = window.output_size(images.shape[1], images.shape[2])
    patches = np.empty((len(images), *output_size, taps, images.shape[3]), images.dtype)
    for row in range(window.kernel_rows):
        for col in range(window.kernel_cols):
            tap = row * window.kernel_cols + col
            patches[..., tap, :] = _tap(padded, window, (row, col), output_size)
    return patches


def _pad(images: Numbers, window: Window) -> Numbers:
    if not window.has_padding:
        return images
    rows = (window.pad_top, window.pad_bottom)
    cols = (window.pad_left, window.pad_right)
    return np.pad(images, ((0, 0), rows, cols, (0, 0)))


def _tap(
    padded: Numbers, window: Window, tap: tuple[int, int], output_size: tuple[int, int]
) -> Numbers:
    """Return the pixel under one tap for every output pixel: [images][row][col][in]."""
    top = tap[0] * window.dilation_rows
    left = tap[1] * window.dilation_cols
    bottom = top + (output_size[0] - 1) * window.stride_rows + 1
    right = left + (output_size[1] - 1) * window.stride_cols + 1
    return padded[:, top : bottom : window.stride_rows, left : right : window.stride_cols, :]


def merge_samples(operand: Numbers) -> Numbers:
    """Return (S, batch, row, col, channel) as [images][row][col][channel]."""
    return operand.reshape(-1, *operand.shape[2:])
