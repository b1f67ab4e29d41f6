"""Measures of how far int8 is from float, and both from the labels."""

import math
from dataclasses import dataclass

import numpy as np

from cnnc.ir.float_model import Port
from cnnc.ir.types import I64, Tensor

PRESENT = 0.5
"""Probability from which on a single class counts as present."""


@dataclass
class NoiseRatio:
    """Signal to quantization noise over all values, collected chunk by chunk."""

    signal: float = 0.0
    noise: float = 0.0
    largest: float = 0.0
    largest_difference: float = 0.0

    def add(self, expected: Tensor, found: Tensor) -> None:
        """Add values of any shape; what is infinite or no number in both is no difference."""
        wide = expected.astype(np.float64)
        other = found.astype(np.float64)
        same = (wide == other) | (np.isnan(wide) & np.isnan(other))
        signal = np.where(same & ~np.isfinite(wide), 0.0, wide)
        with np.errstate(invalid="ignore"):
            difference = np.where(same, 0.0, wide - other)
        self.signal += float(np.square(signal).sum())
        self.noise += float(np.square(difference).sum())
        self.largest = max(self.largest, float(np.abs(signal).max(initial=0.0)))
        # NaN on one side only makes every maximum NaN; it has to count as a difference.
        furthest = np.where(np.isnan(difference), np.inf, np.abs(difference)).max(initial=0.0)
        self.largest_difference = max(self.largest_difference, float(furthest))

    @property
    def identical(self) -> bool:
        """Whether no value differs at all."""
        return self.noise == 0.0

    @property
    def relative(self) -> float | None:
        """Return the largest difference over the largest magnitude; None without signal."""
        return self.largest_difference / self.largest if self.largest > 0.0 else None

    def decibels(self) -> float | None:
        """Return 10 log10(signal / noise); None without signal or without noise."""
        if self.signal == 0.0 or self.noise == 0.0:
            return None
        return 10.0 * math.log10(self.signal / self.noise)


def class_count(port: Port) -> int:
    """Return the number of classes among which ``top_classes`` chooses; 1 for a scalar."""
    return port.onnx_shape[_class_axis(port)] if port.onnx_shape else 1


def top_classes(port: Port, output: Tensor) -> I64:
    """Return the index of the largest class of every item, flat.

    The class axis of a channel-last tensor is its channel, otherwise the last axis. Integers, as
    ArgMax gives them, are indices already.

    Args:
        port: The output that holds the scores.
        output: (S, *onnx_shape).
    """
    if output.dtype.kind in "iu":
        return output.reshape(-1).astype(np.int64)
    if not port.onnx_shape:
        return np.zeros(len(output), dtype=np.int64)
    classes: I64 = output.argmax(axis=_class_axis(port) + 1)
    return classes.reshape(-1)


def is_present(output: Tensor) -> I64:
    """Return for each of the scores of a single class whether it is there: 1 from 0.5 on, flat."""
    present: I64 = (output.reshape(-1) >= PRESENT).astype(np.int64)
    return present


def overlap(found: I64, truth: I64) -> float:
    """Return intersection over union of what is 1 in two masks; 1 where both are empty."""
    union = int(((found | truth) != 0).sum())
    return int((found & truth).sum()) / union if union else 1.0


def _class_axis(port: Port) -> int:
    return port.storage_axes[-1]
