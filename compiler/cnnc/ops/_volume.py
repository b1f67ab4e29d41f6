"""Kernel parameters of windows over planes, rows and columns; an image is one plane."""

from cnnc.ir.types import AnyWindow, Shape, WindowAxis

_NAMES = ("planes", "rows", "cols")
_PADS = ("pad_front", "pad_top", "pad_left")


def volume(shape: Shape) -> Shape:
    """Return [batch][plane][row][col][channel] of an image, one plane where it is 2-D."""
    return shape if len(shape) == 5 else (shape[0], 1, *shape[1:])


def volume_parameters(window: AnyWindow, source: Shape, result: Shape) -> dict[str, int]:
    """Return the parameters that say how a window slides over planes, rows and columns.

    Args:
        window: Of two or three axes.
        source: Shape of the image.
        result: Shape of the result.
    """
    batch, *extents, channels = volume(source)
    _, *outputs, output_channels = volume(result)
    axes = window.axes if len(window.axes) == 3 else (WindowAxis(1), *window.axes)
    parameters = {"batch": batch, "input_channels": channels, "output_channels": output_channels}
    for name, pad, axis, extent, output in zip(_NAMES, _PADS, axes, extents, outputs, strict=True):
        parameters |= {
            f"input_{name}": extent,
            f"output_{name}": output,
            f"kernel_{name}": axis.kernel,
            f"stride_{name}": axis.stride,
            f"dilation_{name}": axis.dilation,
            pad: axis.pad_before,
        }
    return parameters
