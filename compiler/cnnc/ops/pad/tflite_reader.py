"""Read PAD, PADV2 and MIRROR_PAD of an int8 .tflite file."""

from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ops.pad.constant import Pad, QuantPad
from cnnc.ops.pad.copies import PadCopy, PadMode

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader

_MODES = (PadMode.REFLECT, PadMode.SYMMETRIC)
"""By TFLite's number."""


def read_tflite_pad(reader: "TfliteNodeReader") -> None:
    """Read PAD, which pads with zero."""
    _emit(reader, reader.value(0).quantization.zero_point)


def read_tflite_pad_v2(reader: "TfliteNodeReader") -> None:
    """Read PADV2, whose padding is an int8 operand."""
    fill = reader.int8_constant(2)
    if reader.value(2).quantization != reader.value(0).quantization or fill.size != 1:
        raise UnsupportedAttributeError("the padding must be one element in the operand's format")
    _emit(reader, int(fill.reshape(-1)[0]))


def read_mirror_pad(reader: "TfliteNodeReader") -> None:
    """Read MIRROR_PAD, which pads with the mirror image."""
    mode = reader.option("Mode", 0)
    if mode not in (0, 1):
        raise UnsupportedAttributeError(f"mode {mode} is neither REFLECT (0) nor SYMMETRIC (1)")
    before, after = _pads(reader)
    reader.emit(PadCopy(before, after, _MODES[mode]), [reader.key(0)])


def _emit(reader: "TfliteNodeReader", fill: int) -> None:
    before, after = _pads(reader)
    # Checks the number of axes and that the format is kept.
    reader.check(Pad(before, after, 0.0))
    reader.emit(QuantPad(before, after, fill), [reader.key(0)])


def _pads(reader: "TfliteNodeReader") -> tuple[tuple[int, ...], tuple[int, ...]]:
    pads = reader.integers(1, "pads")
    rank = len(reader.value(0).shape)
    if pads.shape != (rank, 2) or int(pads.min(initial=0)) < 0:
        raise UnsupportedAttributeError(f"pads {pads.tolist()} do not fit {rank} axes")
    before, after = (tuple(int(pad) for pad in pads[:, side]) for side in (0, 1))
    return before, after
