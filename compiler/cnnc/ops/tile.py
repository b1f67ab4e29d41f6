"""Tile: repeat a tensor along its axes (ONNX Tile and Expand)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite, channel_count
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import AnyArray, ElementType, Shape, Tensor
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._move import MAXIMUM_AXES, MOVE_KERNEL, View, lower_view, whole
from cnnc.ops._reshape_layout import reshape_layout
from cnnc.ops.reshape import Reshape
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


@dataclass(frozen=True, eq=False)
class Tile(FloatOp):
    """Element i along axis k of the result is element i mod extent of the operand.

    Attributes:
        repeats: How often the operand is there along each axis in memory, >= 1.
    """

    repeats: tuple[int, ...]

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the multiplied extents after checking the number of axes."""
        shape = _tiled(inputs[0], self.repeats)
        _view(inputs[0], self.repeats).check("a tile")
        return shape

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the operand's type, whatever it is."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Tile every sample."""
        return np.tile(inputs[0], (1, *self.repeats))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantTile(self.repeats)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for elements of any type."""
        return lower_view(_view(site.inputs[0], self.repeats), site)


@dataclass(frozen=True, eq=False)
class QuantTile(QuantOp):
    """Tile on int8; input and output share their format.

    Attributes:
        repeats: As in ``Tile``.
    """

    repeats: tuple[int, ...]

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the multiplied extents."""
        return _tiled(inputs[0], self.repeats)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Tile every sample."""
        return np.tile(inputs[0], (1, *self.repeats))

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's, as often as its channels are there."""
        operand, times = site.bounds[0], self._channel_repeats
        return ChannelBounds(np.tile(operand.low, times), np.tile(operand.high, times))

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep every place of a channel, or none."""
        channels = channel_count(site.input_shapes[0])
        places = choice.output.reshape(self._channel_repeats, channels)
        source = choice.inputs[0] | places.any(axis=0)
        return ChannelChoice((source,), np.tile(source, self._channel_repeats))

    @property
    def _channel_repeats(self) -> int:
        return self.repeats[-1] if self.repeats else 1

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        return lower_view(_view(site.inputs[0], self.repeats), site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add TILE."""
        repeats = graph.constant(np.array(self.repeats, dtype=np.int32))
        options = TfliteOptions("TileOptions", {})
        graph.operator("TILE", [operands.inputs[0], repeats], operands.output, options, version=2)


def _tiled(shape: Shape, repeats: tuple[int, ...]) -> Shape:
    if len(repeats) != len(shape) or min(repeats, default=1) < 1:
        raise UnsupportedAttributeError(
            f"repeats {list(repeats)} do not fit a tensor of shape {list(shape)}"
        )
    return tuple(extent * times for extent, times in zip(shape, repeats, strict=True))


def _view(shape: Shape, repeats: tuple[int, ...]) -> View:
    """Return the view in which each axis is repeats, then the operand's axis."""
    pairs = zip(repeats, shape, whole(shape).strides, strict=True)
    axes = [axis for times, extent, stride in pairs for axis in ((times, 0), (extent, stride))]
    return View(tuple(extent for extent, _ in axes), tuple(stride for _, stride in axes))


def _read_tile(reader: "NodeReader") -> None:
    if reader.opset < 6:
        raise UnsupportedAttributeError("Tile before opset 6 is not supported")
    repeats = tuple(int(times) for times in reader.constant(1, "repeats").reshape(-1))
    stored = reader.stored(0)
    _tiled(reader.onnx_shape(0), repeats)
    _define(reader, stored.key, stored.axes, repeats)


def _read_expand(reader: "NodeReader") -> None:
    source = reader.onnx_shape(0)
    wanted = tuple(int(extent) for extent in reader.constant(1, "shape").reshape(-1))
    rank = max(len(source), len(wanted))
    target = (1,) * (rank - len(wanted)) + wanted
    padded = (1,) * (rank - len(source)) + source
    pairs = list(zip(padded, target, strict=True))
    fits = all(extent == want or 1 in (extent, want) for extent, want in pairs)
    if not fits or min(target, default=1) < 1:
        raise UnsupportedAttributeError(
            f"a tensor of shape {list(source)} does not expand to {list(wanted)}"
        )
    key, axes = reader.stored(0).key, reader.stored(0).axes
    if len(source) != rank:
        needed, axes = reshape_layout(source, padded, axes)
        moved = Reshape(tuple(padded[axis] for axis in axes))
        key = reader.emit(moved, [reader.in_axes(0, needed)], suffix="axes")
    repeats = tuple(want if extent == 1 else 1 for extent, want in pairs)
    _define(reader, key, axes, repeats)


def _define(
    reader: "NodeReader", key: str, axes: tuple[int, ...], repeats: tuple[int, ...]
) -> None:
    """Define the result; ``repeats`` are in ONNX order.

    Where the kernel has too few axes, the inner axes are repeated first.
    """
    shape = reader.shape(key)
    times = tuple(repeats[axis] for axis in axes)
    half = len(times) // 2
    if len(_view(shape, times).merged()) > MAXIMUM_AXES:
        inner = (1,) * half + times[half:]
        key = reader.emit(Tile(inner), [key], suffix="inner")
        times = times[:half] + (1,) * (len(times) - half)
    if math.prod(times) != 1:
        key = reader.emit(Tile(times), [key])
    reader.define(key, axes)


def _read_tflite_tile(reader: "TfliteNodeReader") -> None:
    repeats = tuple(int(times) for times in reader.integers(1, "multiples").reshape(-1))
    reader.emit(Tile(repeats), [reader.key(0)])


def _read_broadcast_to(reader: "TfliteNodeReader") -> None:
    source, target = reader.value(0), reader.output.shape
    reader.integers(1, "shape")
    padded = (1,) * (len(target) - len(source.shape)) + source.shape
    key = reader.key(0)
    if padded != source.shape:
        key = reader.emit_inner(Reshape(padded), [key], "axes", source.quantization)
    repeats = tuple(want // max(extent, 1) for extent, want in zip(padded, target, strict=True))
    reader.emit(Tile(repeats), [key])


OPERATOR = OperatorDefinition(
    name="tile",
    summary="A tensor repeated along its axes; Expand repeats axes of size 1.",
    readers={"Tile": _read_tile, "Expand": _read_expand},
    float_ops=(Tile,),
    quant_ops=(QuantTile,),
    kernels=(MOVE_KERNEL,),
    tflite=("TILE",),
    limits=(
        "Repeats and shapes must be constants.",
        f"An operand of at most {MAXIMUM_AXES - 2} axes is sure to be taken.",
    ),
    tflite_readers={"TILE": _read_tflite_tile, "BROADCAST_TO": _read_broadcast_to},
)
