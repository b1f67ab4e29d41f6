"""Windows, images and formats for the tests of convolutions."""

from typing import TypedDict

from hypothesis import strategies as st

from cnnc.ir.types import Quantization, Window


class Geometry(TypedDict, total=False):
    """Fields of ``Window`` beside the kernel's extent."""

    stride_rows: int
    stride_cols: int
    dilation_rows: int
    dilation_cols: int
    pad_top: int
    pad_bottom: int
    pad_left: int
    pad_right: int


class Padding(TypedDict):
    """The fields of ``Geometry`` that say how the border is padded."""

    pad_top: int
    pad_bottom: int
    pad_left: int
    pad_right: int


ONE_AROUND: Padding = {"pad_top": 1, "pad_bottom": 1, "pad_left": 1, "pad_right": 1}

_steps = st.integers(1, 3)
_pads = st.integers(0, 3)

geometries: st.SearchStrategy[Geometry] = st.builds(
    Geometry,
    stride_rows=_steps,
    stride_cols=_steps,
    dilation_rows=_steps,
    dilation_cols=_steps,
    pad_top=_pads,
    pad_bottom=_pads,
    pad_left=_pads,
    pad_right=_pads,
)

formats = st.builds(
    Quantization, st.sampled_from([0.0078125, 0.5, 3.0]), st.sampled_from([-128, -5, 0, 127])
)


@st.composite
def images(draw: st.DrawFn, window: Window) -> tuple[int, int]:
    """Draw rows and columns of an image that the window fits; down to 1x1 under much padding."""
    rows = max(1, window.span_rows - window.pad_top) + draw(_pads)
    cols = max(1, window.span_cols - window.pad_left) + draw(_pads)
    return rows, cols
