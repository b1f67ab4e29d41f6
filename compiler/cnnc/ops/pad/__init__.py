"""Pad: put a constant around a tensor (ONNX Pad, mode constant; spec 4.15)."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, AnyArray, Quantization, Shape
from cnnc.ops._axes import normalized_axes
from cnnc.ops._definition import OperatorDefinition
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, quantize_real

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_MAXIMUM_AXES = 4
"""Axes of the C kernel and of TFLite's, after unpadded ones are merged into their neighbours."""


@dataclass(frozen=True)
class PaddedAxis:
    """One axis in memory.

    Attributes:
        extent: Elements of the operand.
        before: Elements of padding before it (likewise ``after``).
    """

    extent: int
    before: int
    after: int

    @property
    def padded(self) -> int:
        """Elements of the result."""
        return self.before + self.extent + self.after


@dataclass(frozen=True, eq=False)
class Pad(FloatOp):
    """Surround the operand with a constant.

    Attributes:
        before: Elements put before each axis in memory, >= 0.
        after: Elements put after each axis.
        value: Real value of the padding.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    value: float

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the padded shape after checking the number of padded axes."""
        axes = _axes(inputs[0], self.before, self.after)
        if len(merge_axes(axes)) > _MAXIMUM_AXES:
            raise UnsupportedAttributeError(
                f"pads of more than {_MAXIMUM_AXES} axes; split the node into two"
            )
        return tuple(axis.padded for axis in axes)

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Pad every sample."""
        return np.pad(inputs[0], _numpy_pads(self), constant_values=self.value)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the op that pads with the quantized value, clamped to int8."""
        fill = quantize_real(np.array(self.value, dtype=np.float32), context.output)
        return QuantPad(self.before, self.after, int(fill))

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel with the bits of the padding in the tensor's type."""
        bits = np.array(self.value).astype(site.output_type.numpy).tobytes()
        fill = int.from_bytes(bits, sys.byteorder, signed=True)
        return _lowering(_axes(site.inputs[0], self.before, self.after), fill, site)


@dataclass(frozen=True, eq=False)
class QuantPad(QuantOp):
    """Surround an int8 tensor with a constant; input and output share their format.

    Attributes:
        before: As in ``Pad``, likewise ``after``.
        after: Elements put after each axis.
        fill: int8 value of the padding.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    fill: int

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the padded shape."""
        return tuple(axis.padded for axis in _axes(inputs[0], self.before, self.after))

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Pad every sample."""
        return np.pad(inputs[0], _numpy_pads(self), constant_values=self.fill)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's together with the padding, where channels are not padded."""
        if self._pads_channels:
            return super().channel_bounds(site)
        operand = site.bounds[0]
        padding = np.full_like(operand.low, self.fill)
        return ChannelBounds.hull([operand, ChannelBounds(padding, padding)])

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result, or all where channels are padded."""
        return choice.everything() if self._pads_channels else choice.in_step()

    @property
    def _pads_channels(self) -> bool:
        return not self.before or bool(self.before[-1] or self.after[-1])

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel on merged axes."""
        return _lowering(_axes(site.inputs[0], self.before, self.after), self.fill, site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add PAD or PADV2, between two RESHAPE to and from merged axes beyond rank 4."""
        value = operands.input_values[0]
        axes = _axes(value.shape, self.before, self.after)
        if len(axes) <= _MAXIMUM_AXES:
            self._add_pad(graph, axes, value.quantization, (operands.inputs[0], operands.output))
            return
        merged = merge_axes(axes)
        source = graph.intermediate(tuple(axis.extent for axis in merged), value.quantization)
        padded = graph.intermediate(tuple(axis.padded for axis in merged), value.quantization)
        graph.reshape(operands.inputs[0], tuple(axis.extent for axis in merged), source)
        self._add_pad(graph, merged, value.quantization, (source, padded))
        graph.reshape(padded, operands.output_value.shape, operands.output)

    def _add_pad(
        self,
        graph: "TfliteGraph",
        axes: tuple[PaddedAxis, ...],
        quantization: Quantization,
        tensors: tuple[int, int],
    ) -> None:
        """Add the operator from the first of ``tensors`` to the second."""
        source, output = tensors
        pads = graph.constant(np.array([(a.before, a.after) for a in axes], dtype=np.int32))
        if self.fill == quantization.zero_point:
            graph.operator("PAD", [source, pads], output, TfliteOptions("PadOptions", {}))
            return
        fill = graph.constant(
            np.array([self.fill], dtype=np.int8), (quantization.scale,), quantization.zero_point
        )
        graph.operator("PADV2", [source, pads, fill], output, TfliteOptions("PadV2Options", {}))


def _lowering(axes: tuple[PaddedAxis, ...], fill: int, site: LoweringSite) -> Lowering:
    merged = merge_axes(axes)
    merged = (PaddedAxis(1, 0, 0),) * (_MAXIMUM_AXES - len(merged)) + merged
    parameters = {"element_bytes": site.output_type.bytes, "fill": fill}
    parameters.update({f"extent_{k}": axis.extent for k, axis in enumerate(merged)})
    parameters.update({f"before_{k}": axis.before for k, axis in enumerate(merged)})
    parameters.update({f"after_{k}": axis.after for k, axis in enumerate(merged)})
    arguments = (InputArgument(0), OutputArgument())
    return Lowering(calls=(KernelCall("pad_bytes", "pad", parameters, arguments),))


def _axes(shape: Shape, before: Sequence[int], after: Sequence[int]) -> tuple[PaddedAxis, ...]:
    if not len(shape) == len(before) == len(after):
        raise ModelError(f"pads for {len(before)} axes do not fit a tensor of shape {list(shape)}")
    return tuple(PaddedAxis(*triple) for triple in zip(shape, before, after, strict=True))


def _numpy_pads(op: Pad | QuantPad) -> tuple[tuple[int, int], ...]:
    return ((0, 0), *zip(op.before, op.after, strict=True))


def merge_axes(axes: tuple[PaddedAxis, ...]) -> tuple[PaddedAxis, ...]:
    """Merge each axis without padding into its outer neighbour, and leading ones of size 1 away.

    [e0 | b0 a0][e1 | 0 0] holds the same bytes as [e0 e1 | b0 e1, a0 e1].
    """
    merged: list[PaddedAxis] = []
    for axis in axes:
        if not merged or merged[-1] == PaddedAxis(1, 0, 0):
            merged = [axis]
        elif axis.padded == axis.extent:
            outer = merged.pop()
            extents = (outer.extent, outer.before, outer.after)
            merged.append(PaddedAxis(*(extent * axis.extent for extent in extents)))
        else:
            merged.append(axis)
    return tuple(merged)


def _pads(reader: "NodeReader", rank: int) -> tuple[list[int], list[int]]:
    """Return elements before and after each ONNX axis."""
    if reader.opset < 11:
        pads = reader.ints_attribute("pads") or ()
    else:
        pads = tuple(int(pad) for pad in reader.constant(1, "pads").reshape(-1))
    axes = tuple(range(rank))
    if reader.opset >= 18 and reader.has_input(3):
        named = [int(axis) for axis in reader.constant(3, "axes").reshape(-1)]
        axes = normalized_axes(named, rank)
    if len(pads) != 2 * len(axes):
        raise UnsupportedAttributeError(f"pads {list(pads)} do not fit {len(axes)} axes")
    if min(pads, default=0) < 0:
        raise UnsupportedAttributeError(
            f"pads {list(pads)} crop the tensor; negative padding is not supported"
        )
    before, after = [0] * rank, [0] * rank
    for position, axis in enumerate(axes):
        before[axis] = pads[position]
        after[axis] = pads[position + len(axes)]
    return before, after


def _value(reader: "NodeReader") -> float:
    if reader.opset < 11:
        value = reader.float_attribute("value", 0.0)
    elif reader.has_input(2):
        value = float(reader.constant(2, "constant_value").reshape(-1)[0])
    else:
        value = 0.0
    if not math.isfinite(value):
        raise UnsupportedAttributeError(f"the padding is {value}, which has no int8 value")
    return value


def _read_pad(reader: "NodeReader") -> None:
    mode = reader.string_attribute("mode", "constant")
    if mode != "constant":
        raise UnsupportedAttributeError(f"mode '{mode}' is not supported; 'constant' is")
    stored = reader.stored(0)
    before, after = _pads(reader, len(stored.axes))
    value = _value(reader)
    if not any(before) and not any(after):
        reader.define(stored.key, stored.axes)
        return
    op = Pad(
        before=tuple(before[axis] for axis in stored.axes),
        after=tuple(after[axis] for axis in stored.axes),
        value=value,
    )
    reader.define(reader.emit(op, [stored.key]), stored.axes)


def _read_tflite_pad(reader: "TfliteNodeReader") -> None:
    _emit_tflite_pad(reader, reader.value(0).quantization.zero_point)


def _read_pad_v2(reader: "TfliteNodeReader") -> None:
    fill = reader.int8_constant(2)
    if reader.value(2).quantization != reader.value(0).quantization or fill.size != 1:
        raise UnsupportedAttributeError("the padding must be one element in the operand's format")
    _emit_tflite_pad(reader, int(fill.reshape(-1)[0]))


def _emit_tflite_pad(reader: "TfliteNodeReader", fill: int) -> None:
    pads = reader.integers(1, "pads")
    rank = len(reader.value(0).shape)
    if pads.shape != (rank, 2) or int(pads.min(initial=0)) < 0:
        raise UnsupportedAttributeError(f"pads {pads.tolist()} do not fit {rank} axes")
    before, after = (tuple(int(pad) for pad in pads[:, side]) for side in (0, 1))
    # Checks the number of axes and that the format is kept.
    reader.check(Pad(before, after, 0.0))
    reader.emit(QuantPad(before, after, fill), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="pad",
    summary="A constant around a tensor.",
    readers={"Pad": _read_pad},
    float_ops=(Pad,),
    quant_ops=(QuantPad,),
    kernels=("pad_bytes",),
    tflite=("PAD", "PADV2", "RESHAPE"),
    limits=(
        "Mode constant only.",
        "Negative pads (cropping) are refused.",
        f"At most {_MAXIMUM_AXES} padded axes.",
    ),
    tflite_readers={"PAD": _read_tflite_pad, "PADV2": _read_pad_v2},
)
