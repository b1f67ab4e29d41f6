"""Pad: put a constant or copies of its elements around a tensor (ONNX Pad; spec 4.15)."""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.pad.axis import MAXIMUM_AXES, PaddedAxis, merge_axes
from cnnc.ops.pad.constant import Pad, QuantPad
from cnnc.ops.pad.copies import PadCopy, PadMode, QuantPadCopy
from cnnc.ops.pad.reader import read_pad
from cnnc.ops.pad.tflite_reader import read_mirror_pad, read_tflite_pad, read_tflite_pad_v2

__all__ = [
    "OPERATOR",
    "Pad",
    "PadCopy",
    "PadMode",
    "PaddedAxis",
    "QuantPad",
    "QuantPadCopy",
    "merge_axes",
]

OPERATOR = OperatorDefinition(
    name="pad",
    summary="A constant, or copies of its own elements, around a tensor; negative pads crop it.",
    readers={"Pad": read_pad},
    float_ops=(Pad, PadCopy),
    quant_ops=(QuantPad, QuantPadCopy),
    kernels=("pad_bytes", "pad_copy_bytes"),
    tflite=("PAD", "PADV2", "RESHAPE", "MIRROR_PAD", "GATHER"),
    limits=(
        "Pads must be constants.",
        "Modes reflect and wrap copy each element once to a side: pads are no wider than the axis.",
        f"At most {MAXIMUM_AXES} padded axes.",
    ),
    tflite_readers={
        "PAD": read_tflite_pad,
        "PADV2": read_tflite_pad_v2,
        "MIRROR_PAD": read_mirror_pad,
    },
)
