"""Layers with weights on real numbers: sums in the order of the C, and weights as it reads them.

    y[o] = clamp(bias[o] + sum over taps and i, in order, of w[o,tap,i] x[tap,i])

Every product and every sum is rounded to float32. Taps in the padding are left out, not added as
zeros, which would turn a sum of -0 into +0. One step adds one product to the sums of all pixels
and channels, so that NumPy computes in the order in which the C does for each sum alone.
"""

import math
from collections.abc import Iterator

import numpy as np

from cnnc.codegen.kernel import ConstantArgument
from cnnc.ir.types import F32, Activation, AnyWindow, Shape, Window, WindowAxis
from cnnc.ops._convolution import output_extents, tap_indices

BLOCK = 8
"""CNNC_BLOCK_F32 of runtime/cnnc_channel_sums_f32.h."""
_CACHE_BYTES = 128 * 2**10
"""Size of the sums that are computed together; they stay in a CPU's cache."""


def weight_blocks(weight: F32, groups: int = 1) -> ConstantArgument:
    """Return weights as the kernels of cnnc_channel_sums_f32.h read them.

    Args:
        weight: [out][...]; what follows the first axis is in the order of the sum.
        groups: Blocks do not reach from one group of output channels into the next.
    """
    count = len(weight) // groups
    blocked = count - count % BLOCK
    rows = weight.reshape(groups, count, weight.size // len(weight))
    blocks = rows[:, :blocked].reshape(groups, blocked // BLOCK, BLOCK, rows.shape[2])
    packed = np.empty((groups, count * rows.shape[2]), np.float32)
    split = blocked * rows.shape[2]
    packed[:, :split].reshape(groups, blocked // BLOCK, rows.shape[2], BLOCK)[...] = (
        blocks.swapaxes(2, 3)
    )
    packed[:, split:] = rows[:, blocked:].reshape(groups, packed.shape[1] - split)
    return ConstantArgument("weights", packed.reshape(-1))


def limits(activation: Activation) -> dict[str, float]:
    """Return the kernel parameters ``minimum`` and ``maximum``."""
    low, high = activation.bounds()
    return {"minimum": low, "maximum": high}


def limited(sums: F32, activation: Activation) -> F32:
    """Clamp as the C does: a value that equals a limit stays as it is, so that -0 does."""
    low, high = (np.float32(bound) for bound in activation.bounds())
    result: F32 = np.where(sums < low, low, sums)
    return np.where(result > high, high, result)


def multiply_in_order(rows: F32, weight: F32, bias: F32) -> F32:
    """Return bias[o] + sum over i in order of w[o,i] x[i]: [rows][in] by [out][in]."""
    sums = np.broadcast_to(bias, (len(rows), len(weight))).astype(np.float32)
    columns = max(1, _CACHE_BYTES // (4 * len(weight)))
    for begin in range(0, weight.shape[1], columns):
        # Transposed piece by piece: all weights may be hundreds of megabytes.
        part = np.ascontiguousarray(weight[:, begin : begin + columns].T)
        for i, factors in enumerate(part, begin):
            sums += rows[:, i, np.newaxis] * factors
    return sums


def convolve_in_order(images: F32, weight: F32, bias: F32, window: AnyWindow, groups: int) -> F32:
    """Convolve images, product by product.

    Args:
        images: [images][row][col][in]; 3-D images have a depth before the rows.
        weight: [out][kernel_row][kernel_col][in / groups] likewise.
        bias: [out].
        window: Kernel extents as in ``weight``.
        groups: Output block g reads input block g only.

    Returns:
        [images][row][col][out] likewise.
    """
    extents = output_extents(window, images.shape)
    sums = np.broadcast_to(bias, (len(images), *extents, len(bias))).astype(np.float32)
    for image, image_sums in zip(images, sums, strict=True):
        for block in _row_blocks(image_sums.shape):
            _add_taps(image, image_sums, block, weight, window, groups)
    return sums


def convolve_depthwise_in_order(
    images: F32, weight: F32, bias: F32, window: Window, multiplier: int
) -> F32:
    """Convolve each channel by its own filters, tap by tap.

    Args:
        images: [images][row][col][in].
        weight: [kernel_row][kernel_col][out].
        bias: [out].
        window: Kernel extents as in ``weight``.
        multiplier: Output channels per input channel.

    Returns:
        [images][row][col][out].
    """
    extents = output_extents(window, images.shape)
    sums = np.broadcast_to(bias, (len(images), *extents, len(bias))).astype(np.float32)
    for tap in tap_indices(window):
        seen = [
            _seen(axis, index, extent)
            for axis, index, extent in zip(window.axes, tap, images.shape[1:3], strict=True)
        ]
        sources, results = zip(*seen, strict=True)
        pixels = np.repeat(images[(slice(None), *sources)], multiplier, axis=-1)
        sums[(slice(None), *results)] += pixels * weight[tap]
    return sums


def _row_blocks(shape: Shape) -> Iterator[tuple[int, int]]:
    """Split the outermost axis of an image's sums so that each part stays in the cache."""
    step = max(1, _CACHE_BYTES // (4 * math.prod(shape[1:])))
    for begin in range(0, shape[0], step):
        yield begin, min(begin + step, shape[0])


def _add_taps(
    image: F32, sums: F32, block: tuple[int, int], weight: F32, window: AnyWindow, groups: int
) -> None:
    """Add all products to the sums of some rows (planes of a 3-D image), in place."""
    outer, *inner = window.axes
    filters = weight.reshape(len(weight), -1, weight.shape[-1])
    for index, tap in enumerate(tap_indices(window)):
        first = _seen(outer, tap[0], image.shape[0], block)
        rest = [
            _seen(axis, position, extent)
            for axis, position, extent in zip(inner, tap[1:], image.shape[1:-1], strict=True)
        ]
        sources, results = zip(first, *rest, strict=True)
        by_input = np.ascontiguousarray(filters[:, index].T)
        add_products(image[sources], sums[results], by_input, groups)


def add_products(pixels: F32, sums: F32, weight: F32, groups: int) -> None:
    """Add one tap's products to sums, in place, input channel by input channel.

    Args:
        pixels: [...][in].
        sums: [...][out].
        weight: [in / groups][out].
        groups: Output block g reads input block g only.
    """
    count = sums.shape[-1] // groups
    for group in range(groups):
        outputs = slice(group * count, (group + 1) * count)
        # A view: what is added to it is added to the sums.
        block = sums[..., outputs]
        products = np.empty(block.shape, np.float32)
        for i, factors in enumerate(weight[:, outputs], group * len(weight)):
            np.multiply(pixels[..., i, np.newaxis], factors, out=products)
            np.add(block, products, out=block)


def _seen(
    axis: WindowAxis, tap: int, extent: int, outputs: tuple[int, int] | None = None
) -> tuple[slice, slice]:
    """Return the positions that a tap sees inside the image, and the outputs that see them.

    Args:
        axis: How the window slides.
        tap: Index of the tap on this axis.
        extent: Extent of the image.
        outputs: First output that matters, and one past the last; by default all.
    """
    begin, end = outputs or (0, axis.output_extent(extent))
    offset = tap * axis.dilation - axis.pad_before
    first = max(begin, -(offset // axis.stride))
    # At most the last output that sees a position below the extent.
    end = min(end, (extent - 1 - offset) // axis.stride + 1)
    count = max(0, end - first)
    if not count:
        return slice(0, 0), slice(0, 0)
    position = first * axis.stride + offset
    return (
        slice(position, position + (count - 1) * axis.stride + 1, axis.stride),
        slice(first, first + count),
    )
