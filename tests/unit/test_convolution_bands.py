"""Large images are convolved a few rows at a time, with the same result."""

import numpy as np

from cnnc.ir.types import Window
from cnnc.ops._convolution import convolve, cut_patches, patch_bytes


def test_bands_of_rows_join_without_a_seam() -> None:
    generator = np.random.default_rng(5)
    images = generator.integers(-255, 256, (2, 131, 67, 40)).astype(np.float32)
    weight = generator.integers(-3, 4, (6, 5, 3, 20)).astype(np.float32)
    window = Window(5, 3, stride_rows=2, dilation_rows=2, pad_top=3, pad_bottom=1, pad_right=2)
    # Several bands for each image, the last one shorter.
    assert patch_bytes(images.shape[1:], window, 4) > 2 * 4 * 2**20

    found = convolve(images, weight, window, 2)

    patches = cut_patches(images, window)
    first = patches[..., :20].reshape(*found.shape[:3], 300) @ weight[:3].reshape(3, 300).T
    second = patches[..., 20:].reshape(*found.shape[:3], 300) @ weight[3:].reshape(3, 300).T
    np.testing.assert_array_equal(found, np.concatenate([first, second], axis=-1))
