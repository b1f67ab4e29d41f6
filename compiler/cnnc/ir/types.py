"""Small types that every stage shares: shapes, arrays, activations, windows, number formats."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Shape = tuple[int, ...]
F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I8 = npt.NDArray[np.int8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
AnyArray = npt.NDArray[np.generic]
Tensor = npt.NDArray[Any]
"""float32, or an integer type where the model computes with integers."""

Rounding = Literal["double", "single"]
"""How int32 accumulators are scaled to int8: spec 2.3, double (TFLite's kernels) or single."""

Dtype = Literal["int8", "float32"]
"""What a network computes in: int8, with layers on real numbers where it must, or float32."""


class ElementType(StrEnum):
    """Type of a tensor's elements; the names are NumPy's.

    int64 of a model is stored as int32, uint64 as uint32.
    """

    FLOAT32 = "float32"
    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"

    @property
    def numpy(self) -> "np.dtype[Any]":
        """The NumPy type."""
        return np.dtype(self.value)

    @property
    def bytes(self) -> int:
        """Size of one element."""
        return self.numpy.itemsize

    @property
    def c_name(self) -> str:
        """The C type."""
        return "float" if self is ElementType.FLOAT32 else f"{self.value}_t"


INT8_MIN = -128
INT8_MAX = 127


def elements(shape: Shape) -> int:
    """Return how many elements a tensor of this shape has (1 for a scalar)."""
    return math.prod(shape)


class Activation(StrEnum):
    """The activation that is fused into a layer; the names are TFLite's."""

    NONE = "NONE"
    RELU = "RELU"
    RELU6 = "RELU6"
    RELU_N1_TO_1 = "RELU_N1_TO_1"

    def bounds(self) -> tuple[float, float]:
        """Return the closed real interval that the activation clamps to."""
        return {
            Activation.NONE: (-math.inf, math.inf),
            Activation.RELU: (0.0, math.inf),
            Activation.RELU6: (0.0, 6.0),
            Activation.RELU_N1_TO_1: (-1.0, 1.0),
        }[self]

    def apply(self, real: F32) -> F32:
        """Clamp real values, any shape."""
        low, high = self.bounds()
        return np.clip(real, np.float32(low), np.float32(high))

    @staticmethod
    def from_bounds(low: float, high: float) -> "Activation | None":
        """Return the activation with exactly these bounds, or None if there is none."""
        for activation in Activation:
            if activation.bounds() == (low, high):
                return activation
        return None


@dataclass(frozen=True)
class Quantization:
    """Affine int8 format of one tensor: real = scale * (q - zero_point), spec section 1.

    Attributes:
        scale: Positive; exactly a float32 value (held as a Python float).
        zero_point: -128..127.
    """

    scale: float
    zero_point: int

    def __post_init__(self) -> None:
        if not (self.scale > 0.0 and math.isfinite(self.scale)):
            raise ValueError(f"scale {self.scale} is not a positive finite number")
        if float(np.float32(self.scale)) != self.scale:
            raise ValueError(f"scale {self.scale!r} is not a float32 value")
        if not INT8_MIN <= self.zero_point <= INT8_MAX:
            raise ValueError(f"zero point {self.zero_point} is outside int8")


@dataclass(frozen=True)
class WindowAxis:
    """How a window slides along one axis of an image.

    Attributes:
        kernel: Taps, >= 1.
        stride: Step between outputs, >= 1.
        dilation: Distance between taps, >= 1.
        pad_before: Elements of padding before the image, >= 0.
        pad_after: The same after it.
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    pad_before: int = 0
    pad_after: int = 0

    def __post_init__(self) -> None:
        if min(self.kernel, self.stride, self.dilation) < 1:
            raise ValueError(f"kernel, stride and dilation must be at least 1: {self}")
        if min(self.pad_before, self.pad_after) < 0:
            raise ValueError(f"padding must not be negative: {self}")

    @property
    def span(self) -> int:
        """Elements that the dilated kernel covers: K + (K-1)(D-1)."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def is_trivial(self) -> bool:
        """Whether the window sees each element alone and leaves the extent as it is."""
        return self.kernel == 1 and self.stride == 1 and not (self.pad_before or self.pad_after)

    def output_extent(self, extent: int) -> int:
        """Return (W - F + 2P)/S + 1 rounded down for an axis of extent W; may be <= 0."""
        return (extent + self.pad_before + self.pad_after - self.span) // self.stride + 1


@dataclass(frozen=True)
class Window:
    """A window that slides over rows and columns: kernel, strides, dilations, padding.

    Attributes:
        kernel_rows: Taps in the row direction, >= 1 (likewise ``kernel_cols``).
        stride_rows: Step between output rows, >= 1 (likewise ``stride_cols``).
        dilation_rows: Distance between taps, >= 1 (likewise ``dilation_cols``).
        pad_top: Rows of padding before the image, >= 0 (likewise bottom, left, right).
    """

    kernel_rows: int
    kernel_cols: int
    stride_rows: int = 1
    stride_cols: int = 1
    dilation_rows: int = 1
    dilation_cols: int = 1
    pad_top: int = 0
    pad_bottom: int = 0
    pad_left: int = 0
    pad_right: int = 0

    def __post_init__(self) -> None:
        steps = (self.kernel_rows, self.kernel_cols, self.stride_rows, self.stride_cols)
        if min(*steps, self.dilation_rows, self.dilation_cols) < 1:
            raise ValueError(f"kernel, strides and dilations must be at least 1: {self}")
        if min(self.pad_top, self.pad_bottom, self.pad_left, self.pad_right) < 0:
            raise ValueError(f"padding must not be negative: {self}")

    @property
    def span_rows(self) -> int:
        """Rows that the dilated kernel covers: K + (K-1)(D-1)."""
        return (self.kernel_rows - 1) * self.dilation_rows + 1

    @property
    def span_cols(self) -> int:
        """Columns that the dilated kernel covers."""
        return (self.kernel_cols - 1) * self.dilation_cols + 1

    @property
    def has_padding(self) -> bool:
        """Whether any border is padded."""
        return bool(self.pad_top or self.pad_bottom or self.pad_left or self.pad_right)

    def output_size(self, rows: int, cols: int) -> tuple[int, int]:
        """Return output rows and columns, (W - F + 2P)/S + 1 rounded down; may be <= 0."""
        padded_rows = rows + self.pad_top + self.pad_bottom
        padded_cols = cols + self.pad_left + self.pad_right
        return (
            (padded_rows - self.span_rows) // self.stride_rows + 1,
            (padded_cols - self.span_cols) // self.stride_cols + 1,
        )

    @property
    def axes(self) -> tuple[WindowAxis, ...]:
        """Rows and columns, one by one."""
        return (
            WindowAxis(
                self.kernel_rows,
                self.stride_rows,
                self.dilation_rows,
                self.pad_top,
                self.pad_bottom,
            ),
            WindowAxis(
                self.kernel_cols,
                self.stride_cols,
                self.dilation_cols,
                self.pad_left,
                self.pad_right,
            ),
        )


@dataclass(frozen=True)
class Window3:
    """A window that slides over depth, rows and columns of a 3-D image.

    Attributes:
        depth: Along the outermost of the three axes.
        rows: Along the rows.
        cols: Along the columns.
    """

    depth: WindowAxis
    rows: WindowAxis
    cols: WindowAxis

    @property
    def axes(self) -> tuple[WindowAxis, ...]:
        """Depth, rows and columns."""
        return self.depth, self.rows, self.cols

    @property
    def has_padding(self) -> bool:
        """Whether any border is padded."""
        return any(axis.pad_before or axis.pad_after for axis in self.axes)


AnyWindow = Window | Window3
"""A window over images of two or three axes; ``axes`` has an entry for each."""
