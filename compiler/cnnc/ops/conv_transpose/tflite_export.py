"""Write transposed convolutions as TFLite operators (spec sections 4.2 and 9).

    PAD (where the result is larger than what inputs reach) - SPLIT (groups)
    - TRANSPOSE_CONV, VALID - CONCATENATION (groups)
    - SLICE (what is cut) - MAXIMUM, MINIMUM (activation)

TRANSPOSE_CONV has no dilation: taps of weight zero stand between the others.
"""

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.ir.quant_model import QuantValue
from cnnc.ir.types import I8, INT8_MAX, INT8_MIN, Quantization, Shape
from cnnc.ops._requantize import QuantWeightedOp
from cnnc.ops.conv_transpose.axis import Axes

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands

_VALID = 1


def export_transposed(
    graph: "TfliteGraph",
    operands: "TfliteOperands",
    op: QuantWeightedOp,
    axes: Axes,
    groups: int,
) -> None:
    """Add the operators that compute an op with weights [out][row][col][in / groups].

    Raises:
        NotExpressibleError: The image has three axes.
    """
    if len(axes) != 2:
        raise NotExpressibleError("3-D transposed convolution is float only in TFLite")
    value, result = operands.input_values[0], operands.output_value
    kept = result.shape[1:3]
    along = list(zip(axes, value.shape[1:3], kept, strict=True))
    added = [max(axis.inputs_for(axis.cut_before + k) - n, 0) for axis, n, k in along]
    extents = [axis.full_extent(n + more) for (axis, n, _), more in zip(along, added, strict=True)]
    full = (result.shape[0], *extents, result.shape[3])
    later = _later_steps(graph, op, axes, full, result)
    tensors = [graph.intermediate(full, result.quantization) for _ in later[:1]]
    tensors += [graph.intermediate(result.shape, result.quantization) for _ in later[1:]]
    tensors.append(operands.output)
    _convolve(graph, _padded(graph, operands, added), op, axes, groups, (full, tensors[0]))
    for step, (source, target) in zip(later, itertools.pairwise(tensors), strict=True):
        graph.operator(step.code, (source, *step.constants), target, step.options, version=2)


def _padded(graph: "TfliteGraph", operands: "TfliteOperands", added: list[int]) -> "TfliteOperands":
    """Return the operands of a convolution whose image has more rows and columns at its end."""
    if not any(added):
        return operands
    value = operands.input_values[0]
    batch, rows, cols, channels = value.shape
    larger = replace(value, shape=(batch, rows + added[0], cols + added[1], channels))
    margins = graph.constant(np.array([(0, 0), (0, added[0]), (0, added[1]), (0, 0)], np.int32))
    padded = graph.intermediate(larger.shape, value.quantization)
    pad = (operands.inputs[0], margins)
    graph.operator("PAD", pad, padded, TfliteOptions("PadOptions", {}), version=2)
    return replace(operands, inputs=(padded,), input_values=(larger,))


@dataclass(frozen=True)
class _Step:
    """An operator that follows the convolution.

    Attributes:
        code: Name of the operator.
        constants: Tensors of its other operands.
        options: Its options.
    """

    code: str
    constants: tuple[int, ...]
    options: TfliteOptions


def _later_steps(
    graph: "TfliteGraph", op: QuantWeightedOp, axes: Axes, full: Shape, result: QuantValue
) -> list[_Step]:
    """Return what cuts and clamps; old runtimes have no TRANSPOSE_CONV with an activation."""
    steps = []
    if full != result.shape:
        begin = _integers(graph, [0, axes[0].cut_before, axes[1].cut_before, 0])
        size = _integers(graph, result.shape)
        steps.append(_Step("SLICE", (begin, size), TfliteOptions("SliceOptions", {})))
    bounds = [("MAXIMUM", op.minimum, INT8_MIN), ("MINIMUM", op.maximum, INT8_MAX)]
    for code, bound, none in bounds:
        if bound != none:
            options = TfliteOptions("MaximumMinimumOptions", {})
            format_ = result.quantization
            constant = np.array([bound], dtype=np.int8)
            tensor = graph.constant(constant, (format_.scale,), format_.zero_point)
            steps.append(_Step(code, (tensor,), options))
    return steps


def _convolve(
    graph: "TfliteGraph",
    operands: "TfliteOperands",
    op: QuantWeightedOp,
    axes: Axes,
    groups: int,
    result: tuple[Shape, int],
) -> None:
    """Add TRANSPOSE_CONV for each group; ``result`` is shape and tensor of what they compute."""
    value, quantization = operands.input_values[0], operands.output_value.quantization
    shape, target = result
    sources = _split(graph, operands.inputs[0], value.shape, value.quantization, groups)
    count = len(op.weight) // groups
    part = (*shape[:3], count)
    parts = [target]
    if groups > 1:
        parts = [graph.intermediate(part, quantization) for _ in range(groups)]
    weight = _with_zeros(op.weight, axes)
    options = {
        "Padding": _VALID,
        "StrideH": axes[0].stride,
        "StrideW": axes[1].stride,
    }
    for group, (source, output) in enumerate(zip(sources, parts, strict=True)):
        outputs = slice(group * count, (group + 1) * count)
        scales = [float(scale) for scale in op.weight_scales[outputs]]
        bias_scales = [float(np.float32(value.quantization.scale * scale)) for scale in scales]
        graph.operator(
            "TRANSPOSE_CONV",
            (
                _integers(graph, part),
                graph.constant(weight[outputs], scales),
                source,
                graph.constant(op.bias[outputs], bias_scales),
            ),
            output,
            TfliteOptions("TransposeConvOptions", options),
            version=3,
        )
    if groups > 1:
        axis = TfliteOptions("ConcatenationOptions", {"Axis": 3, "FusedActivationFunction": 0})
        graph.operator("CONCATENATION", parts, target, axis, version=2)


def _split(
    graph: "TfliteGraph", source: int, shape: Shape, quantization: Quantization, groups: int
) -> list[int]:
    """Return the tensor of each group's input channels."""
    if groups == 1:
        return [source]
    part = (*shape[:3], shape[3] // groups)
    parts = [graph.intermediate(part, quantization) for _ in range(groups)]
    axis = graph.constant(np.array(3, dtype=np.int32))
    options = TfliteOptions("SplitOptions", {"NumSplits": groups})
    graph.operator("SPLIT", (axis, source), parts, options, version=2)
    return parts


def _with_zeros(weight: I8, axes: Axes) -> I8:
    """Return weights in which zeros stand between the taps of a dilated kernel."""
    spread = np.zeros((len(weight), *(axis.span for axis in axes), weight.shape[-1]), np.int8)
    spread[:, :: axes[0].dilation, :: axes[1].dilation] = weight
    return spread


def _integers(graph: "TfliteGraph", values: Shape | list[int]) -> int:
    return graph.constant(np.array(values, dtype=np.int32))
