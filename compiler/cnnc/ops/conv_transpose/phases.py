"""What the kernels of transposed convolutions read: geometry and weights, phase by phase."""

import itertools
import math
from collections.abc import Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from cnnc.ir.types import Shape
from cnnc.ops._volume import volume
from cnnc.ops.conv_transpose.axis import Axes, TransposedAxis

_NAMES = ("planes", "rows", "cols")
_CUTS = ("cut_front", "cut_top", "cut_left")
_Number = TypeVar("_Number", np.float32, np.int8)


def phase_weights(weight: npt.NDArray[_Number], axes: Axes) -> Iterator[npt.NDArray[_Number]]:
    """Yield the weights of each phase as [out][tap of the phase][in], columns fastest.

    Args:
        weight: [out][...kernel][in].
        axes: Kernel extents as in ``weight``.
    """
    for phase in itertools.product(*(range(axis.stride) for axis in axes)):
        taps = [axis.phase_taps(index) for axis, index in zip(axes, phase, strict=True)]
        chosen = weight[np.ix_(range(len(weight)), *taps, range(weight.shape[-1]))]
        yield chosen.reshape(len(weight), math.prod(map(len, taps)), weight.shape[-1])


def transposed_parameters(axes: Axes, groups: int, source: Shape, result: Shape) -> dict[str, int]:
    """Return the kernel parameters that say how an image is spread over planes, rows and columns.

    Args:
        axes: Two, or three.
        groups: Of channels.
        source: Shape of the operand.
        result: Shape of the result.
    """
    batch, *extents, channels = volume(source)
    _, *outputs, output_channels = volume(result)
    along = axes if len(axes) == 3 else (TransposedAxis(1), *axes)
    parameters = {
        "batch": batch,
        "input_channels": channels,
        "output_channels": output_channels,
        "groups": groups,
    }
    for name, cut, axis, extent, output in zip(_NAMES, _CUTS, along, extents, outputs, strict=True):
        parameters |= {
            f"input_{name}": extent,
            f"output_{name}": output,
            f"kernel_{name}": axis.kernel,
            f"stride_{name}": axis.stride,
            f"dilation_{name}": axis.dilation,
            cut: axis.cut_before,
        }
    return parameters
