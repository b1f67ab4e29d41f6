"""Pad with a constant, on real tensors and on int8."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, AnyArray, ElementType, Quantization, Shape
from cnnc.ops.pad.axis import MAXIMUM_AXES, PaddedAxis, merge_axes, padded_axes
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, quantize_real

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


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
        axes = padded_axes(inputs[0], self.before, self.after)
        if len(merge_axes(axes)) > MAXIMUM_AXES:
            raise UnsupportedAttributeError(
                f"pads of more than {MAXIMUM_AXES} axes; split the node into two"
            )
        return tuple(axis.padded for axis in axes)

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the operand's type, whatever it is."""
        return inputs[0]

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
        return _lowering(padded_axes(site.inputs[0], self.before, self.after), fill, site)


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
        return tuple(axis.padded for axis in padded_axes(inputs[0], self.before, self.after))

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
        return _lowering(padded_axes(site.inputs[0], self.before, self.after), self.fill, site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add PAD or PADV2, between two RESHAPE to and from merged axes beyond rank 4."""
        value = operands.input_values[0]
        axes = padded_axes(value.shape, self.before, self.after)
        if len(axes) <= MAXIMUM_AXES:
            self._add_pad(graph, axes, value.format, (operands.inputs[0], operands.output))
            return
        merged = merge_axes(axes)
        source = graph.reshaped(value, tuple(axis.extent for axis in merged))
        padded = graph.reshaped(value, tuple(axis.padded for axis in merged))
        graph.reshape(operands.inputs[0], tuple(axis.extent for axis in merged), source)
        self._add_pad(graph, merged, value.format, (source, padded))
        graph.reshape(padded, operands.output_value.shape, operands.output)

    def _add_pad(
        self,
        graph: "TfliteGraph",
        axes: tuple[PaddedAxis, ...],
        format_: Quantization | None,
        tensors: tuple[int, int],
    ) -> None:
        """Add the operator from the first of ``tensors`` to the second."""
        source, output = tensors
        pads = graph.constant(np.array([(a.before, a.after) for a in axes], dtype=np.int32))
        if self.fill == (format_.zero_point if format_ else 0):
            graph.operator("PAD", [source, pads], output, TfliteOptions("PadOptions", {}))
            return
        if format_ is None:
            raise NotExpressibleError("TFLite pads integers that are not quantized with 0 only")
        fill = graph.constant(
            np.array([self.fill], dtype=np.int8), (format_.scale,), format_.zero_point
        )
        graph.operator("PADV2", [source, pads, fill], output, TfliteOptions("PadV2Options", {}))


def _lowering(axes: tuple[PaddedAxis, ...], fill: int, site: LoweringSite) -> Lowering:
    merged = merge_axes(axes)
    merged = (PaddedAxis(1, 0, 0),) * (MAXIMUM_AXES - len(merged)) + merged
    parameters = {"element_bytes": site.output_type.bytes, "fill": fill}
    parameters.update({f"extent_{k}": axis.extent for k, axis in enumerate(merged)})
    parameters.update({f"before_{k}": axis.before for k, axis in enumerate(merged)})
    parameters.update({f"after_{k}": axis.after for k, axis in enumerate(merged)})
    arguments = (InputArgument(0), OutputArgument())
    return Lowering(calls=(KernelCall("pad_bytes", "pad", parameters, arguments),))


def _numpy_pads(op: Pad | QuantPad) -> tuple[tuple[int, int], ...]:
    return ((0, 0), *zip(op.before, op.after, strict=True))
