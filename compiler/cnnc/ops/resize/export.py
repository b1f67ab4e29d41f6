"""Write a resize into a TFLite graph."""

from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.ops.resize.geometry import Span
from cnnc.ops.resize.tflite_form import Flags

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands

_OPTIONS = {
    "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions",
    "RESIZE_BILINEAR": "ResizeBilinearOptions",
}


def export_resize(
    graph: "TfliteGraph", operands: "TfliteOperands", code: str, span: Span, flags: Flags
) -> None:
    """Add the operator on rows and columns, between reshapes where the tensor has other axes.

    Raises:
        NotExpressibleError: Three axes are resized.
    """
    if span.extents[0] != 1 or span.sizes[0] != 1:
        raise NotExpressibleError(f"{code} resizes rows and columns only")
    shape = (span.outer, *span.extents[1:], span.inner)
    resized = (span.outer, *span.sizes[1:], span.inner)
    source, target = operands.inputs[0], operands.output
    quantization = operands.output_value.quantization
    if operands.input_values[0].shape != shape:
        source = graph.intermediate(shape, quantization)
        graph.reshape(operands.inputs[0], shape, source)
    reshaped = operands.output_value.shape != resized
    if reshaped:
        target = graph.intermediate(resized, quantization)
    size = graph.constant(np.array(span.sizes[1:], dtype=np.int32))
    options = TfliteOptions(
        _OPTIONS[code],
        {"AlignCorners": flags.align_corners, "HalfPixelCenters": flags.half_pixel_centers},
    )
    graph.operator(code, [source, size], target, options, version=3)
    if reshaped:
        graph.reshape(target, operands.output_value.shape, operands.output)
