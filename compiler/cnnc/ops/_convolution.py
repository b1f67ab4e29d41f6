"""Convolutions in NumPy, channel-last, for float and for exact integers alike.

Integers go through float BLAS: every partial sum of a product of int8 weights w and centred int8
activations (|q - zero_point| <= 255) is an integer of magnitude <= 255 * sum |w|, and a float type
holds all integers up to 2^24 (float32) or 2^53 (float64), so no order of summation can round.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnc.errors import ModelError
from cnnc.ir.types import I8, AnyArray, AnyWindow, Shape, Window
from cnnc.ops._blocks import absolute_sums

Numbers = npt.NDArray[np.number[Any]]
"""Float32 or float64, or int32 where no matrix product is taken."""

_CHUNK_BYTES = 512 * 2**10
"""Size of the operands of one chunk of samples; a CPU's cache holds them and the results."""

_BAND_BYTES = 4 * 2**20
"""Bound on the patches of a large image that are held at once; all of its patches are
kernel-height times kernel-width copies of it."""


def windowed_shape(inputs: Sequence[Shape], window: AnyWindow, channels: int) -> Shape:
    """Return [batch][...][channel] after a window slid over the two or three axes of an image.

    Raises:
        ModelError: The operand is not such an image, or the window is larger than the padded image.
    """
    image = inputs[0]
    axes = window.axes
    if len(image) != len(axes) + 2:
        names = "[row][col]" if len(axes) == 2 else "[depth][row][col]"
        raise ModelError(
            f"a tensor of shape {list(image)} is no {len(axes)}-D image",
            f"only [batch]{names}[channel] is supported",
        )
    extents = output_extents(window, image)
    if min(extents) < 1:
        pairs = zip(image[1:-1], axes, strict=True)
        padded = [extent + axis.pad_before + axis.pad_after for extent, axis in pairs]
        raise ModelError(
            f"a window of {by([axis.span for axis in axes])} does not fit the padded image of "
            f"{by(padded)}",
            "check kernel size, dilation and padding, or give a larger --input-shape",
        )
    return (image[0], *extents, channels)


def by(extents: Iterable[int]) -> str:
    """Return extents as messages have them, e.g. 3x5."""
    return "x".join(map(str, extents))


def output_extents(window: AnyWindow, image: Shape) -> Shape:
    """Return the extents of the result's axes; ``image`` is [..][row][col][channel]."""
    extents = image[-1 - len(window.axes) : -1]
    pairs = zip(window.axes, extents, strict=True)
    return tuple(axis.output_extent(extent) for axis, extent in pairs)


def tap_count(window: AnyWindow) -> int:
    """Return how many taps the kernel has."""
    return math.prod(axis.kernel for axis in window.axes)


def tap_indices(window: AnyWindow) -> Iterator[tuple[int, ...]]:
    """Yield the index of each tap along each axis, the last axis fastest."""
    return itertools.product(*(range(axis.kernel) for axis in window.axes))


def sample_chunks(samples: int, bytes_per_sample: int) -> Iterator[slice]:
    """Split samples so that a chunk's working arrays stay small; each has at least one sample."""
    step = max(1, _CHUNK_BYTES // max(1, bytes_per_sample))
    for begin in range(0, samples, step):
        yield slice(begin, min(begin + step, samples))


def exact_float_type(weight: I8, channel_axis: int) -> type[np.floating[Any]]:
    """Return the float type whose matrix products with these int8 weights are exact integers."""
    rows = np.moveaxis(weight, channel_axis, 0).reshape(weight.shape[channel_axis], -1)
    largest = int(absolute_sums(rows).max(initial=0))
    return np.float32 if 255 * largest < 2**24 else np.float64


def centre(q: AnyArray, zero_point: int, number: type[np.number[Any]]) -> Numbers:
    """Return q - zero_point in another type that holds -255..255; any shape."""
    centred: Numbers = q.astype(number) - np.asarray(zero_point, number)
    return centred


def patch_bytes(image: Shape, window: AnyWindow, itemsize: int) -> int:
    """Return the size of all patches that a window cuts from an image [..][row][col][channel]."""
    pixels = math.prod(image[: -1 - len(window.axes)]) * math.prod(output_extents(window, image))
    return pixels * tap_count(window) * image[-1] * itemsize


def convolve(images: Numbers, weight: Numbers, window: AnyWindow, groups: int) -> Numbers:
    """Slide weights over zero-padded images: y[o] = sum over taps and i of w[o,tap,i] x[tap,i].

    Args:
        images: [images][row][col][in], a float type; 3-D images have a depth before the rows.
        weight: [out][kernel_row][kernel_col][in / groups] likewise, the same type.
        window: Kernel extents as in ``weight``.
        groups: Output block g reads input block g only.

    Returns:
        [images][row][col][out] likewise.
    """
    extents = output_extents(window, images.shape)
    one_image = patch_bytes(images.shape[1:], window, images.itemsize)
    if one_image <= _BAND_BYTES or window.axes[0].is_trivial:
        return _multiply_patches(cut_patches(images, window), weight, groups)
    step = max(1, extents[0] * _BAND_BYTES // one_image)
    sums = np.empty((len(images), *extents, len(weight)), images.dtype)
    for image, image_sums in zip(images, sums, strict=True):
        padded = _pad(image[np.newaxis], window)
        for begin in range(0, extents[0], step):
            band = slice(begin, min(begin + step, extents[0]))
            patches = _cut_band(padded, window, extents, band)
            image_sums[band] = _multiply_patches(patches, weight, groups)[0]
    return sums


def _multiply_patches(patches: Numbers, weight: Numbers, groups: int) -> Numbers:
    """Return the sums of products of [...][tap][in] and the weights: [...][out]."""
    pixels = math.prod(patches.shape[:-2])
    depth = weight.shape[-1]
    sums = np.empty((pixels, len(weight)), patches.dtype)
    blocks = zip(np.split(weight, groups), np.split(sums, groups, axis=1), strict=True)
    for group, (block, block_sums) in enumerate(blocks):
        rows = patches[..., group * depth : (group + 1) * depth].reshape(pixels, -1)
        np.matmul(rows, block.reshape(len(block), -1).T, out=block_sums)
    return sums.reshape(*patches.shape[:-2], len(weight))


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
    extents = output_extents(window, images.shape)
    total = np.zeros((len(images), *extents, weight.shape[2]), images.dtype)
    for tap in tap_indices(window):
        pixels = _tap(padded, window, tap, extents)
        np.add(total, pixels * weight[tap], out=total)
    return total


def cut_patches(images: Numbers, window: AnyWindow) -> Numbers:
    """Return the zero-padded pixels under every window: [images][row][col][tap][in]."""
    if all(axis.is_trivial for axis in window.axes):
        return images[..., np.newaxis, :]
    extents = output_extents(window, images.shape)
    return _cut_band(_pad(images, window), window, extents, slice(0, extents[0]))


def _cut_band(padded: Numbers, window: AnyWindow, extents: Shape, band: slice) -> Numbers:
    """Return the pixels under the windows of some rows (planes of a 3-D image) of the result."""
    seen = padded[:, band.start * window.axes[0].stride :]
    counts = (band.stop - band.start, *extents[1:])
    shape = (len(padded), *counts, tap_count(window), padded.shape[-1])
    patches = np.empty(shape, padded.dtype)
    for index, tap in enumerate(tap_indices(window)):
        patches[..., index, :] = _tap(seen, window, tap, counts)
    return patches


def _pad(images: Numbers, window: AnyWindow) -> Numbers:
    if not window.has_padding:
        return images
    margins = [(axis.pad_before, axis.pad_after) for axis in window.axes]
    return np.pad(images, ((0, 0), *margins, (0, 0)))


def _tap(padded: Numbers, window: AnyWindow, tap: tuple[int, ...], extents: Shape) -> Numbers:
    """Return the pixel under one tap for every output pixel: [images][row][col][in]."""
    slices = [
        slice(
            index * axis.dilation,
            index * axis.dilation + (count - 1) * axis.stride + 1,
            axis.stride,
        )
        for index, axis, count in zip(tap, window.axes, extents, strict=True)
    ]
    return padded[(slice(None), *slices)]


def merge_samples(operand: Numbers) -> Numbers:
    """Return (S, batch, row, col, channel) as [images][row][col][channel]; 3-D likewise."""
    return operand.reshape(-1, *operand.shape[2:])
