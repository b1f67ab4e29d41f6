"""Measures of how far int8 is from float, and both from the labels."""

import math
from dataclasses import dataclass

import numpy as np

from cnnc.ir.float_model import Port
from cnnc.ir.types import F32, I64


@dataclass
class NoiseRatio:
    """Signal to quantization noise over all values, collected chunk by chunk."""

    signal: float = 0.0
    noise: float = 0.0

    def add(self, expected: F32, found: F32) -> None:
        """Add values of any shape."""
        wide = expected.astype(np.float64)
        self.signal += float(np.square(wide).sum())
        self.noise += float(np.square(wide - found).sum())

    @property
    def identical(self) -> bool:
        """Whether no value differs at all."""
        return self.noise == 0.0

    def decibels(self) -> float | None:
        """Return 10 log10(signal / noise); None without signal or without noise."""
        if self.signal == 0.0 or self.noise == 0.0:
            return None
        return 10.0 * math.log10(self.signal / self.noise)


def class_count(port: Port) -> int:
    """Return the number of classes among which ``top_classes`` chooses; 1 for a scalar."""
    return port.onnx_shape[_class_axis(port)] if port.onnx_shape else 1


def top_classes(port: Port, output: F32) -> I64:
    """Return the index of the largest class of every item, flat.

    The class axis of a channel-last tensor is its channel, otherwise the last axis.

    Args:
        port: The output that holds the scores.
        output: (S, *onnx_shape).
    """
    if not port.onnx_shape:
        return np.zeros(len(output), dtype=np.int64)
    classes: I64 = output.argmax(axis=_class_axis(port) + 1)
    return classes.reshape(-1)


def _class_axis(port: Port) -> int:
    return port.storage_axes[-1]
