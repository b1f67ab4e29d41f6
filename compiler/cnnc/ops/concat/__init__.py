"""Join tensors along one axis (ONNX Concat; spec 4.15).

All operands are in the output's int8 format, so that joining copies bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import (
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite, channel_count
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, Activation, AnyArray, ElementType, Shape, elements
from cnnc.ops._axes import normalized_axis
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._types import common_type
from cnnc.ops.reshape import Reshape
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


@dataclass(frozen=True, eq=False)
class Concat(FloatOp):
    """Join the operands along an axis.

    Attributes:
        axis: Storage axis, >= 0.
    """

    axis: int

    output_format = OutputFormat.COMMON

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the joined shape after checking that all other extents agree."""
        return _joined(inputs, self.axis)

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Join every sample."""
        return np.concatenate(inputs, axis=self.axis + 1)

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the operands' common type.

        Raises:
            UnsupportedAttributeError: They differ.
        """
        return common_type("Concat", inputs)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8."""
        return QuantConcat(self.axis)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Copy the bytes of each operand to their place in the result."""
        return _lowering(self.axis, site)


@dataclass(frozen=True, eq=False)
class QuantConcat(QuantOp):
    """Join int8 operands of one format along an axis.

    Attributes:
        axis: Storage axis, >= 0.
    """

    axis: int

    judged_in_single_rounding = True

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the joined shape."""
        return _joined(inputs, self.axis)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Join every sample."""
        return np.concatenate(inputs, axis=self.axis + 1)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the operands' one after the other, or all of them together per channel."""
        if not self._joins_channels(site):
            return ChannelBounds.hull(site.bounds)
        return ChannelBounds(
            np.concatenate([operand.low for operand in site.bounds]),
            np.concatenate([operand.high for operand in site.bounds]),
        )

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep of each operand what is kept of its part of the result."""
        if not self._joins_channels(site):
            return choice.in_step()
        output = choice.output | np.concatenate(choice.inputs)
        ends = np.cumsum([channel_count(shape) for shape in site.input_shapes])
        return ChannelChoice(tuple(np.split(output, ends[:-1])), output)

    def _joins_channels(self, site: ChannelSite) -> bool:
        return self.axis == len(site.output_shape) - 1

    def lower(self, site: LoweringSite) -> Lowering:
        """Copy each operand, block by block, to its place in the result."""
        return _lowering(self.axis, site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add CONCATENATION."""
        options = TfliteOptions("ConcatenationOptions", {"Axis": self.axis})
        graph.operator("CONCATENATION", operands.inputs, operands.output, options, version=2)


def _lowering(axis: int, site: LoweringSite) -> Lowering:
    """Return a call for each operand; the offset in the result counts elements, the rest bytes."""
    element_bytes = site.output_type.bytes
    calls: list[KernelCall] = []
    offset = 0
    for index, shape in enumerate(site.inputs):
        block = elements(shape[axis:])
        parameters = {
            "block_count": elements(site.output[:axis]),
            "block_bytes": block * element_bytes,
            "output_bytes": elements(site.output[axis:]) * element_bytes,
        }
        arguments = (InputArgument(index), OutputArgument(offset))
        calls.append(KernelCall("concat_bytes", "concat", parameters, arguments))
        offset += block
    return Lowering(calls=tuple(calls))


def _joined(inputs: Sequence[Shape], axis: int) -> Shape:
    others = {(*shape[:axis], *shape[axis + 1 :]) for shape in inputs}
    if len(others) != 1 or len({len(shape) for shape in inputs}) != 1:
        listed = ", ".join(str(list(shape)) for shape in inputs)
        raise UnsupportedAttributeError(f"tensors stored as {listed} cannot join at axis {axis}")
    first = inputs[0]
    return (*first[:axis], sum(shape[axis] for shape in inputs), *first[axis + 1 :])


def _read_concat(reader: "NodeReader") -> None:
    rank = len(reader.onnx_shape(0))
    onnx_axis = normalized_axis(reader.int_attribute("axis", 1), rank)
    if any(len(reader.onnx_shape(index)) != rank for index in range(reader.input_count)):
        raise UnsupportedAttributeError("the operands differ in rank")
    full = [k for k in range(reader.input_count) if elements(reader.onnx_shape(k))]
    keys, axes = reader.aligned(full)
    if len(keys) == 1:
        reader.define(keys[0], axes)
        return
    reader.define(reader.emit(Concat(axes.index(onnx_axis)), keys), axes)


def _read_concatenation(reader: "TfliteNodeReader") -> None:
    if reader.activation() is not Activation.NONE:
        raise UnsupportedAttributeError("a fused activation is not supported")
    axis = normalized_axis(reader.option("Axis", 0), len(reader.output.shape))
    keys = [reader.key(index) for index in range(reader.input_count)]
    reader.emit(Concat(axis), keys)


def _read_pack(reader: "TfliteNodeReader") -> None:
    reader.ignore("ValuesCount")
    output = reader.output
    axis = normalized_axis(reader.option("Axis", 0), len(output.shape))
    keys = []
    for index in range(reader.input_count):
        value = reader.value(index)
        if value.quantization != output.quantization:
            raise UnsupportedAttributeError(f"operand {index} is in another format than the result")
        stacked = Reshape((*value.shape[:axis], 1, *value.shape[axis:]))
        suffix = f"axis_{index}"
        keys.append(reader.emit_inner(stacked, [reader.key(index)], suffix, value.quantization))
    reader.emit(Concat(axis), keys)


OPERATOR = OperatorDefinition(
    name="concat",
    summary="Join tensors along one axis; operands are brought to one int8 format first.",
    readers={"Concat": _read_concat},
    float_ops=(Concat,),
    quant_ops=(QuantConcat,),
    kernels=("concat_bytes",),
    tflite=("CONCATENATION",),
    tflite_readers={"CONCATENATION": _read_concatenation, "PACK": _read_pack},
)
