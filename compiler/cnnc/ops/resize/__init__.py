"""Resize: axes with another number of elements (ONNX Resize and Upsample; spec 4.16)."""

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.resize.cubic import ResizeWeighted
from cnnc.ops.resize.geometry import KERNEL_AXES, LARGEST_EXTENT
from cnnc.ops.resize.linear import QuantResizeLinear, ResizeLinear
from cnnc.ops.resize.nearest import QuantResizeNearest, ResizeNearest
from cnnc.ops.resize.reader import read_resize, read_upsample
from cnnc.ops.resize.tflite_reader import read_resize_bilinear, read_resize_nearest

__all__ = [
    "OPERATOR",
    "QuantResizeLinear",
    "QuantResizeNearest",
    "ResizeLinear",
    "ResizeNearest",
    "ResizeWeighted",
]

OPERATOR = OperatorDefinition(
    name="resize",
    summary="Another number of elements along axes, by the nearest element or by interpolation.",
    readers={"Resize": read_resize, "Upsample": read_upsample},
    float_ops=(ResizeNearest, ResizeLinear, ResizeWeighted),
    quant_ops=(QuantResizeNearest, QuantResizeLinear),
    kernels=("resize_nearest_bytes", "resize_linear_s8", "resize_taps_f32"),
    tflite=("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR", "RESHAPE"),
    limits=(
        "Scales, sizes, axes and roi must be constants.",
        f"At most {KERNEL_AXES} axes, those between resized ones included.",
        f"At most {LARGEST_EXTENT} elements along a resized axis.",
        "Cubic interpolation and antialias are computed in float32.",
    ),
    tflite_readers={
        "RESIZE_NEAREST_NEIGHBOR": read_resize_nearest,
        "RESIZE_BILINEAR": read_resize_bilinear,
    },
)
