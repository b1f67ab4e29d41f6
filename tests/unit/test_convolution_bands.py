"""Large images are convolved a few rows at a time, with the same result."""

import numpy as np

from cnnc.ir.types import Window, WindowAxis
from cnnc.ops._convolution import convolve, cut_patches, patch_bytes


def test_bands_of_rows_join_without_a_seam() -> None:
    generator = np.random.default_rng(5)
    images = generator.integers(-255, 256, (2, 131, 67, 40)).astype(np.float32)
    weight = generator.integers(-3, 4, (6, 5, 3, 20)).astype(np.float32)
    window = Window(WindowAxis(5, 2, 2, 3, 1), WindowAxis(3, 1, 1, 1, 2))
    # Several bands for each image, the last one shorter.
    assert patch_bytes(images.shape[1:], window, 4) > 2 * 4 * 2**20

    found = convolve(images, weight, window, 2)

    patches = cut_patches(images, window)
    halves = [
        np.einsum("brcti,oti->brco", patches[..., part], block.reshape(3, 15, 20))
        for part, block in ((slice(0, 20), weight[:3]), (slice(20, 40), weight[3:]))
    ]
    np.testing.assert_array_equal(found, np.concatenate(halves, axis=-1))
