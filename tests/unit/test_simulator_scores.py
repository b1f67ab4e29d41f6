"""Top-1 classes and the ratio of signal to noise."""

import numpy as np
import pytest

from cnnc.ir.float_model import Port
from cnnc.simulator.scores import NoiseRatio, class_count, is_present, overlap, top_classes


def test_classes_of_a_flat_output() -> None:
    port = Port("y", "y", (2, 3), (0, 1))
    output = np.array([[[1, 5, 2], [9, 0, 0]], [[0, 0, 1], [0, 2, 1]]], dtype=np.float32)
    assert top_classes(port, output).tolist() == [1, 0, 2, 1]
    assert class_count(port) == 3


def test_classes_of_an_image_are_its_channels() -> None:
    port = Port("y", "y", (1, 3, 1, 2), (0, 2, 3, 1))
    output = np.zeros((1, 1, 3, 1, 2), dtype=np.float32)
    output[0, 0, 2, 0, 0] = 1.0
    output[0, 0, 1, 0, 1] = 1.0
    assert top_classes(port, output).tolist() == [2, 1]
    assert class_count(port) == 3


def test_a_scalar_is_one_class() -> None:
    port = Port("y", "y", (), ())
    assert top_classes(port, np.array([3.0, 1.0], dtype=np.float32)).tolist() == [0, 0]
    assert class_count(port) == 1


def test_a_tenth_of_the_amplitude_is_twenty_decibels() -> None:
    ratio = NoiseRatio()
    signal = np.array([1.0, -2.0, 3.0], dtype=np.float32)
    ratio.add(signal[:1], signal[:1] * np.float32(1.1))
    ratio.add(signal[1:], signal[1:] * np.float32(1.1))
    assert ratio.decibels() == pytest.approx(20.0, abs=1e-3)


@pytest.mark.parametrize(("expected", "found"), [(1.0, 1.0), (0.0, 1.0)])
def test_no_ratio_without_noise_or_signal(expected: float, found: float) -> None:
    ratio = NoiseRatio()
    ratio.add(np.array([expected], np.float32), np.array([found], np.float32))
    assert ratio.decibels() is None
    assert ratio.identical == (expected == found)


def test_integers_are_classes_already() -> None:
    port = Port("y", "y", (1, 2), (0, 1))
    assert top_classes(port, np.array([[[3, 0]], [[1, 7]]], dtype=np.int32)).tolist() == [
        3,
        0,
        1,
        7,
    ]


def test_largest_difference() -> None:
    ratio = NoiseRatio()
    ratio.add(np.array([2.0, -4.0], np.float32), np.array([2.0, -4.5], np.float32))
    ratio.add(np.array([1.0], np.float32), np.array([0.75], np.float32))
    assert (ratio.largest_difference, ratio.largest, ratio.relative) == (0.5, 4.0, 0.125)


def test_what_is_infinite_in_both_is_no_difference() -> None:
    ratio = NoiseRatio()
    strange = np.array([np.nan, np.inf, -np.inf, 3.0], np.float32)
    ratio.add(strange, strange.copy())
    assert (ratio.identical, ratio.largest_difference, ratio.largest) == (True, 0.0, 3.0)


@pytest.mark.parametrize("found", [np.nan, np.inf])
def test_what_is_infinite_on_one_side_differs_without_bound(found: float) -> None:
    ratio = NoiseRatio()
    ratio.add(np.array([1.0], np.float32), np.array([found], np.float32))
    assert ratio.largest_difference == np.inf
    assert not ratio.identical


def test_overlap_of_masks() -> None:
    found = is_present(np.array([[0.5, 0.9], [0.49, 0.0]], np.float32))

    assert found.tolist() == [1, 1, 0, 0]
    assert overlap(found, np.array([1, 0, 0, 0])) == 0.5
    assert overlap(found, np.array([0, 0, 1, 1])) == 0.0
    assert overlap(np.zeros(4, np.int64), np.zeros(4, np.int64)) == 1.0
