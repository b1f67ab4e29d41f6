"""Transposed convolution in NumPy: every tap adds the whole image to a lattice of the result.

y[i * stride + tap * dilation - cut][o] += sum over c of w[o,tap,c] x[i][c]
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from cnnc.errors import ModelError
from cnnc.ir.types import F32, Shape
from cnnc.ops._convolution import Numbers, by
from cnnc.ops._real_sums import add_products
from cnnc.ops.conv_transpose.axis import Axes, output_extents, place


def transposed_shape(inputs: Sequence[Shape], axes: Axes, channels: int, depth: int) -> Shape:
    """Return [batch][...][channel] of the result.

    Args:
        inputs: Shape of the operand.
        axes: Its axes between batch and channel.
        channels: Output channels.
        depth: Input channels.

    Raises:
        ModelError: The operand is no such image, or nothing of the result is left.
    """
    image = inputs[0]
    if len(image) != len(axes) + 2 or image[-1] != depth:
        raise ModelError(
            f"a tensor of shape {list(image)} is no {len(axes)}-D image of {depth} channels",
            "check the shape of the weights",
        )
    extents = output_extents(axes, image[1:-1])
    if min(extents) < 1:
        raise ModelError(
            f"a transposed convolution of an image of {by(image[1:-1])} has a result of "
            f"{by(extents)}",
            "check kernel size, padding and output_shape",
        )
    return (image[0], *extents, channels)


def tap_indices(axes: Axes) -> Iterator[Shape]:
    """Yield the index of each tap along each axis, the last axis fastest."""
    return itertools.product(*(range(axis.kernel) for axis in axes))


def transposed(images: Numbers, weight: Numbers, axes: Axes, groups: int) -> Numbers:
    """Convolve by matrix products.

    Args:
        images: [images][...][in], a float type.
        weight: [out][...kernel][in / groups], the same type.
        axes: Kernel extents as in ``weight``.
        groups: Output block g reads input block g only.

    Returns:
        [images][...][out].
    """
    extents = images.shape[1:-1]
    sums = np.zeros((len(images), *output_extents(axes, extents), len(weight)), images.dtype)
    depth, count = weight.shape[-1], len(weight) // groups
    by_tap = weight.reshape(groups, count, -1, depth)
    for index, tap in enumerate(tap_indices(axes)):
        inputs, outputs = place(axes, tap, extents)
        pixels, lattice = images[(slice(None), *inputs)], sums[(slice(None), *outputs)]
        for group in range(groups):
            products = pixels[..., group * depth : (group + 1) * depth] @ by_tap[group, :, index].T
            block = lattice[..., group * count : (group + 1) * count]
            np.add(block, products, out=block)
    return sums


def transposed_in_order(images: F32, weight: F32, bias: F32, axes: Axes, groups: int) -> F32:
    """Convolve product by product; arguments as those of ``transposed``, and bias [out]."""
    extents = images.shape[1:-1]
    shape = (len(images), *output_extents(axes, extents), len(weight))
    sums = np.broadcast_to(bias, shape).astype(np.float32)
    by_tap = weight.reshape(len(weight), -1, weight.shape[-1])
    for index, tap in enumerate(tap_indices(axes)):
        inputs, outputs = place(axes, tap, extents)
        factors = np.ascontiguousarray(by_tap[:, index].T)
        add_products(images[(slice(None), *inputs)], sums[(slice(None), *outputs)], factors, groups)
    return sums


def cut_patches(images: F32, axes: Axes) -> F32:
    """Return what each output sees through each tap, or 0: [images][...][tap][in]."""
    extents = images.shape[1:-1]
    taps = math.prod(axis.kernel for axis in axes)
    shape = (len(images), *output_extents(axes, extents), taps, images.shape[-1])
    patches = np.zeros(shape, np.float32)
    for index, tap in enumerate(tap_indices(axes)):
        inputs, outputs = place(axes, tap, extents)
        patches[..., index, :][(slice(None), *outputs)] = images[(slice(None), *inputs)]
    return patches
