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

    def decibels(self) -> float | None:
        """Return 10 log10(signal / noise); None without signal or without noise."""
        if self.signal == 0.0 or self.noise == 0.0:
            return None
        return 10.0 * math.log10(self.signal / self.noise)


def top_classes(port: Port, output: F32) -> I64:
    """Return the index of the largest class of every item, flat.

    The class axis of a channel-last tensor is its channel, otherwise the last axis.

    Args:
        port: The output that holds the scores.
        output: (S, *onnx_shape).
    """
    axis = port.storage_axes[-1] if port.storage_axes else -1
    classes: I64 = output.argmax(axis=axis + 1 if axis >= 0 else -1)
    return classes.reshape(-1)
