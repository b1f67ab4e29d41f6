"""The ring of padded rows that Helium kernels read their image from (cnnc_mve_patch.h)."""

from dataclasses import dataclass

from cnnc.codegen.packing.mve import rounded, steps
from cnnc.codegen.variants import Refusal
from cnnc.ir.types import Shape, Window

_MOST_KERNEL_ROWS = 16


@dataclass(frozen=True)
class ImageRing:
    """Sizes of a ring; all but rows in bytes.

    Attributes:
        input_rows: Of the image.
        input_row_bytes: Of the image.
        pad_top: Rows of padding above it.
        left_bytes: Padding before a row.
        copy_bytes: What is read of a row.
        pitch: A padded row, as far as it is read.
        span: Rows of the ring: from the kernel's first to its last.
    """

    input_rows: int
    input_row_bytes: int
    pad_top: int
    left_bytes: int
    copy_bytes: int
    pitch: int
    span: int

    @property
    def bytes(self) -> int:
        """Return the scratch memory, a multiple of 16."""
        return rounded(self.span * self.pitch)

    def parameters(self) -> dict[str, int]:
        """Return the fields of a kernel's parameters."""
        return dict(vars(self))

    def instructions(self, window: Window, output_rows: int) -> int:
        """Return what filling the ring for one image takes."""
        rows = (output_rows - 1) * min(window.stride_rows, self.span) + self.span
        return rows * (50 + 3 * steps(self.pitch)) + output_rows * (25 + 15 * window.kernel_rows)


def image_ring(window: Window, image: Shape) -> ImageRing | Refusal:
    """Return the ring for a window over an image [batch][row][col][channel].

    Refuses dilated columns, which do not lie next to each other, and tall kernels.
    """
    if window.dilation_cols > 1 and window.kernel_cols > 1:
        return Refusal("its columns are dilated")
    if window.kernel_rows > _MOST_KERNEL_ROWS:
        return Refusal(f"it has more than {_MOST_KERNEL_ROWS} kernel rows")
    _, rows, cols, depth = image
    _, output_cols = window.output_size(rows, cols)
    read = (output_cols - 1) * window.stride_cols + window.kernel_cols
    return ImageRing(
        input_rows=rows,
        input_row_bytes=cols * depth,
        pad_top=window.pad_top,
        left_bytes=min(window.pad_left, read) * depth,
        copy_bytes=max(0, min(cols, read - window.pad_left)) * depth,
        pitch=read * depth,
        span=window.span_rows,
    )
