"""Pad with copies of the tensor's own elements: edge, reflect, symmetric, wrap."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import I64, AnyArray, ElementType, Shape, Tensor
from cnnc.ops.gather.quant_op import add_gather
from cnnc.ops.pad.axis import MAXIMUM_AXES, PaddedAxis, padded_axes
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


class PadMode(StrEnum):
    """What stands beyond the border; the names are NumPy's."""

    EDGE = "edge"
    """The last element."""
    REFLECT = "reflect"
    """The mirror image without the last element."""
    SYMMETRIC = "symmetric"
    """The mirror image with it."""
    WRAP = "wrap"
    """The other end."""


_MODE_NUMBERS = {mode: number for number, mode in enumerate(PadMode)}
_MIRROR_MODES = {PadMode.REFLECT: 0, PadMode.SYMMETRIC: 1}
"""What TFLite's MIRROR_PAD calls them."""


@dataclass(frozen=True, eq=False)
class PadCopy(FloatOp):
    """Surround the operand with copies of its elements.

    Attributes:
        before: Elements put before each axis in memory, >= 0, no more than the mode has.
        after: Elements put after each axis.
        mode: Which elements.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    mode: PadMode

    output_format = OutputFormat.SAME_AS_INPUT

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the padded shape after checking number and width of the pads."""
        axes = padded_axes(inputs[0], self.before, self.after)
        _check(axes, self.mode)
        return tuple(axis.padded for axis in axes)

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the operand's type, whatever it is."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Pad every sample."""
        return _evaluate(inputs[0], self)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantPadCopy(self.before, self.after, self.mode)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for elements of any type."""
        return _lowering(self, site)


@dataclass(frozen=True, eq=False)
class QuantPadCopy(QuantOp):
    """Surround an int8 tensor with copies of its elements; input and output share their format.

    Attributes:
        before: As in ``PadCopy``, likewise ``after`` and ``mode``.
        after: Elements put after each axis.
        mode: Which elements.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    mode: PadMode

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the padded shape."""
        return tuple(axis.padded for axis in padded_axes(inputs[0], self.before, self.after))

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Pad every sample."""
        return _evaluate(inputs[0], self)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operand's where channels are not padded."""
        return super().channel_bounds(site) if self._pads_channels else site.bounds[0]

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result, or all where channels are padded."""
        return choice.everything() if self._pads_channels else choice.in_step()

    @property
    def _pads_channels(self) -> bool:
        return not self.before or bool(self.before[-1] or self.after[-1])

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel on merged axes."""
        return _lowering(self, site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add MIRROR_PAD, or a GATHER for each padded axis where there is no such mode."""
        axes = padded_axes(operands.input_values[0].shape, self.before, self.after)
        if self.mode in _MIRROR_MODES:
            pads = np.array([(axis.before, axis.after) for axis in axes], dtype=np.int32)
            options = TfliteOptions("MirrorPadOptions", {"Mode": _MIRROR_MODES[self.mode]})
            inputs = [operands.inputs[0], graph.constant(pads)]
            graph.operator("MIRROR_PAD", inputs, operands.output, options, version=2)
            return
        self._add_gathers(graph, operands, axes)

    def _add_gathers(
        self, graph: "TfliteGraph", operands: "TfliteOperands", axes: tuple[PaddedAxis, ...]
    ) -> None:
        padded = [number for number, axis in enumerate(axes) if axis.padded != axis.extent]
        shape = list(operands.input_values[0].shape)
        source = operands.inputs[0]
        for number in padded:
            shape[number] = axes[number].padded
            output = operands.output
            if number != padded[-1]:
                output = graph.reshaped(operands.output_value, tuple(shape))
            indices = _sources(axes[number], self.mode).tolist()
            add_gather(graph, number, indices, source, output)
            source = output


def _evaluate(operand: Tensor, op: PadCopy | QuantPadCopy) -> Tensor:
    axes = padded_axes(operand.shape[1:], op.before, op.after)
    for number, axis in enumerate(axes, start=1):
        if axis.padded != axis.extent:
            operand = np.take(operand, _sources(axis, op.mode), axis=number)
    return operand


def _sources(axis: PaddedAxis, mode: PadMode) -> I64:
    """Return the index of the element that stands at each place of the result."""
    width = (axis.before, axis.after)
    # The names are NumPy's, which has the rules for all of them.
    return np.pad(np.arange(axis.extent, dtype=np.int64), width, mode=mode.value)


def _check(axes: tuple[PaddedAxis, ...], mode: PadMode) -> None:
    for number, axis in enumerate(axes):
        most = axis.extent - 1 if mode is PadMode.REFLECT else axis.extent
        widest = max(axis.before, axis.after)
        if mode is not PadMode.EDGE and widest > most:
            raise UnsupportedAttributeError(
                f"mode '{mode.value}' pads axis {number} of {axis.extent} elements by at most "
                f"{most}, not {widest}"
            )
    if len(_merged(axes)[0]) > MAXIMUM_AXES:
        raise UnsupportedAttributeError(
            f"pads of more than {MAXIMUM_AXES} axes; split the node into two"
        )


def _merged(axes: tuple[PaddedAxis, ...]) -> tuple[tuple[PaddedAxis, ...], int]:
    """Merge neighbours without padding; returns the axes, and the elements inside of them."""
    merged: list[PaddedAxis] = []
    for axis in axes:
        if merged and axis.padded == axis.extent and merged[-1].padded == merged[-1].extent:
            merged.append(PaddedAxis(merged.pop().extent * axis.extent, 0, 0))
        else:
            merged.append(axis)
    block = 1
    if merged and merged[-1].padded == merged[-1].extent:
        block = merged.pop().extent
    return tuple(axis for axis in merged if axis != PaddedAxis(1, 0, 0)), block


def _lowering(op: PadCopy | QuantPadCopy, site: LoweringSite) -> Lowering:
    axes, block = _merged(padded_axes(site.inputs[0], op.before, op.after))
    axes = (PaddedAxis(1, 0, 0),) * (MAXIMUM_AXES - len(axes)) + axes
    parameters = {
        "mode": _MODE_NUMBERS[op.mode],
        "block_bytes": block * site.output_type.bytes,
    }
    parameters.update({f"extent_{k}": axis.extent for k, axis in enumerate(axes)})
    parameters.update({f"before_{k}": axis.before for k, axis in enumerate(axes)})
    parameters.update({f"padded_{k}": axis.padded for k, axis in enumerate(axes)})
    arguments = (InputArgument(0), OutputArgument())
    return Lowering(calls=(KernelCall("pad_copy_bytes", "pad", parameters, arguments),))
