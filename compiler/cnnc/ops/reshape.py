"""Reshape and its relatives: the same bytes under another shape, free in C.

ONNX counts elements in NCHW order; where the operand is stored channel-last and the reshape mixes
axes (``_reshape_layout.py``), the reader asks for another order first and the importer inserts a
``Transpose``, which ``passes/absorb_transpose.py`` moves into the weights of a following fully
connected layer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import ALIAS, Lowering, LoweringSite
from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite, channel_count
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, AnyArray, ElementType, Shape
from cnnc.ops._axes import normalized_axes, normalized_axis
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._reshape_layout import reshape_layout
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


@dataclass(frozen=True, eq=False)
class Reshape(FloatOp):
    """Give the operand another shape.

    Attributes:
        shape: Target shape, all extents positive.
    """

    shape: Shape

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the target shape after checking the number of elements."""
        return _checked(inputs[0], self.shape)

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the operand's type, whatever it is."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Reshape every sample."""
        return inputs[0].reshape(len(inputs[0]), *self.shape)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Return an alias: the bytes stay where they are."""
        return ALIAS

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantReshape(self.shape)


@dataclass(frozen=True, eq=False)
class QuantReshape(QuantOp):
    """Reshape on int8: input and output share memory and format."""

    shape: Shape

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the target shape after checking the number of elements."""
        return _checked(inputs[0], self.shape)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Reshape every sample."""
        return inputs[0].reshape(len(inputs[0]), *self.shape)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's bounds for the channels that each channel of the result holds."""
        operand, channels = site.bounds[0], channel_count(self.shape)
        repeats, folds = _repeats(site), _folds(site)
        if repeats:
            return ChannelBounds(np.tile(operand.low, repeats), np.tile(operand.high, repeats))
        if folds:
            return ChannelBounds(
                operand.low.reshape(folds, channels).min(axis=0),
                operand.high.reshape(folds, channels).max(axis=0),
            )
        return super().channel_bounds(site)

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep every place of a channel where one extent of the last axis divides the other."""
        source, output = choice.inputs[0], choice.output
        repeats, folds = _repeats(site), _folds(site)
        if repeats:
            source = source | output.reshape(repeats, -1).any(axis=0)
            return ChannelChoice((source,), np.tile(source, repeats))
        if folds:
            output = output | source.reshape(folds, -1).any(axis=0)
            return ChannelChoice((np.tile(output, folds),), output)
        return choice.everything()

    def keep_channels(self, site: ChannelSite, choice: ChannelChoice) -> QuantOp:
        """Return the reshape to the shape that is left."""
        if not self.shape:
            return self
        return replace(self, shape=(*self.shape[:-1], int(choice.output.sum())))

    def lower(self, site: LoweringSite) -> Lowering:
        """Nothing to compute."""
        return ALIAS

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add RESHAPE."""
        graph.reshape(operands.inputs[0], self.shape, operands.output)


def _repeats(site: ChannelSite) -> int:
    """Return how often the operand's channels repeat along the result's last axis; 0 if not."""
    inner, outer = channel_count(site.input_shapes[0]), channel_count(site.output_shape)
    return outer // inner if outer % inner == 0 else 0


def _folds(site: ChannelSite) -> int:
    """Return how often the result's channels repeat along the operand's last axis; 0 if not."""
    outer, inner = channel_count(site.input_shapes[0]), channel_count(site.output_shape)
    return outer // inner if outer % inner == 0 else 0


def _checked(source: Shape, target: Shape) -> Shape:
    if math.prod(source) != math.prod(target):
        raise ModelError(
            f"a tensor of shape {list(source)} cannot be reshaped to {list(target)}",
            "check the shape constant in the model",
        )
    return target


def _emit(reader: "NodeReader", target: Shape) -> None:
    needed, axes = reshape_layout(reader.onnx_shape(0), target, reader.stored(0).axes)
    op = Reshape(tuple(target[axis] for axis in axes))
    reader.define(reader.emit(op, [reader.in_axes(0, needed)]), axes)


def _read_reshape(reader: "NodeReader") -> None:
    allow_zero = reader.int_attribute("allowzero", 0)
    source = reader.onnx_shape(0)
    if reader.opset < 5:
        requested = reader.ints_attribute("shape") or ()
    else:
        requested = tuple(int(extent) for extent in reader.constant(1, "shape").reshape(-1))
    extents = list(requested) if allow_zero else _kept_extents(source, requested)
    known = math.prod(extent for extent in extents if extent != -1)
    if -1 in extents and known > 0:
        extents[extents.index(-1)] = math.prod(source) // known
    if min(extents, default=1) < 1 or math.prod(extents) != math.prod(source):
        raise UnsupportedAttributeError(
            f"target shape {list(requested)} does not fit a tensor of shape {list(source)}"
        )
    _emit(reader, tuple(extents))


def _kept_extents(source: Shape, requested: Sequence[int]) -> list[int]:
    """Replace each 0 of a target shape by the source's extent there."""
    extents = list(requested)
    for axis, extent in enumerate(requested):
        if extent != 0:
            continue
        if axis >= len(source):
            raise UnsupportedAttributeError(
                f"target shape {list(requested)} keeps the extent of axis {axis} (entry 0), which "
                f"a tensor of shape {list(source)} does not have"
            )
        extents[axis] = source[axis]
    return extents


def _read_flatten(reader: "NodeReader") -> None:
    source = reader.onnx_shape(0)
    axis = reader.int_attribute("axis", 1)
    # The rank itself is allowed: all axes are then in front of the cut.
    axis = axis if axis == len(source) else normalized_axis(axis, len(source))
    _emit(reader, (math.prod(source[:axis]), math.prod(source[axis:])))


def _axes(reader: "NodeReader") -> tuple[int, ...]:
    if reader.opset < 13:
        return reader.ints_attribute("axes") or ()
    if not reader.has_input(1):
        return ()
    return tuple(int(axis) for axis in reader.constant(1, "axes").reshape(-1))


def _read_squeeze(reader: "NodeReader") -> None:
    source = reader.onnx_shape(0)
    axes = _axes(reader)
    if axes:
        dropped = normalized_axes(axes, len(source))
    else:
        dropped = tuple(axis for axis, extent in enumerate(source) if extent == 1)
    if any(source[axis] != 1 for axis in dropped):
        raise UnsupportedAttributeError(
            f"axes {sorted(dropped)} of shape {list(source)} are not all of size 1"
        )
    _emit(reader, tuple(e for axis, e in enumerate(source) if axis not in dropped))


def _read_unsqueeze(reader: "NodeReader") -> None:
    source = list(reader.onnx_shape(0))
    axes = _axes(reader)
    for axis in sorted(normalized_axes(axes, len(source) + len(axes))):
        source.insert(axis, 1)
    _emit(reader, tuple(source))


def _read_tflite_reshape(reader: "TfliteNodeReader") -> None:
    # The file says the result's shape; that of the options or the operand has led to it.
    reader.ignore("NewShape", "SqueezeDims")
    if reader.has_input(1):
        reader.integers(1, "shape or axis")
    reader.emit(Reshape(reader.stored_output.shape), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="reshape",
    summary="Another shape for the same elements; free.",
    readers={
        "Reshape": _read_reshape,
        "Flatten": _read_flatten,
        "Squeeze": _read_squeeze,
        "Unsqueeze": _read_unsqueeze,
    },
    float_ops=(Reshape,),
    quant_ops=(QuantReshape,),
    kernels=(),
    tflite=("RESHAPE",),
    tflite_readers={
        "RESHAPE": _read_tflite_reshape,
        "SQUEEZE": _read_tflite_reshape,
        "EXPAND_DIMS": _read_tflite_reshape,
    },
)
