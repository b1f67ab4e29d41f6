"""Cast: numbers of one type as numbers of another (ONNX Cast and CastLike).

An 8-bit integer that an int8 network reads as a real number, like the pixel of an image, becomes
int8 by a table of 256 bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp, NoIntegerRuleError, QuantOp
from cnnc.ir.quant_model import QuantValue
from cnnc.ir.types import I8, AnyArray, ElementType, Shape, Tensor, elements
from cnnc.ops._definition import OperatorDefinition
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic, quantize_real

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.importer.reader import NodeReader

_NUMBERS = {
    kind: number
    for number, kind in enumerate(
        (
            ElementType.FLOAT32,
            ElementType.INT8,
            ElementType.UINT8,
            ElementType.INT16,
            ElementType.UINT16,
            ElementType.INT32,
            ElementType.UINT32,
        )
    )
}
"""What the kernel calls the types."""
_BYTE_TYPES = (ElementType.INT8, ElementType.UINT8)
_TARGETS: dict[int, ElementType] = {
    onnx.TensorProto.FLOAT: ElementType.FLOAT32,
    onnx.TensorProto.INT8: ElementType.INT8,
    onnx.TensorProto.UINT8: ElementType.UINT8,
    onnx.TensorProto.INT16: ElementType.INT16,
    onnx.TensorProto.UINT16: ElementType.UINT16,
    onnx.TensorProto.INT32: ElementType.INT32,
    onnx.TensorProto.INT64: ElementType.INT32,
    onnx.TensorProto.UINT32: ElementType.UINT32,
    onnx.TensorProto.UINT64: ElementType.UINT32,
    onnx.TensorProto.BOOL: ElementType.UINT8,
}


@dataclass(frozen=True, eq=False)
class Cast(FloatOp):
    """The operand's numbers in another type.

    Real numbers are cut toward zero, and clamped to what the type holds; NaN becomes the least
    number. Of an integer that is too large the low bits are kept.

    Attributes:
        to: Type of the result.
        to_boolean: The result is 1 where the operand is not 0, else 0.
    """

    to: ElementType
    to_boolean: bool = False

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the type that is cast to."""
        return self.to

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Cast every sample."""
        operand = inputs[0]
        if self.to_boolean:
            nonzero: Tensor = np.not_equal(operand, 0).astype(self.to.numpy)
            return nonzero
        if operand.dtype.kind != "f" or self.to is ElementType.FLOAT32:
            return operand.astype(self.to.numpy)
        low, high = _bounds(self.to)
        with np.errstate(invalid="ignore"):
            raised = np.where(operand > low, operand, low)
            return np.where(raised < high, raised, high).astype(np.int64).astype(self.to.numpy)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return a table for 8-bit integers that become real numbers.

        Raises:
            NoIntegerRuleError: For all other types.
        """
        source = context.input_types[0]
        if self.to is not ElementType.FLOAT32 or source not in _BYTE_TYPES:
            raise NoIntegerRuleError(f"a cast to {self.to.value} is not a rule on int8")
        bytes_in_order = np.arange(256, dtype=np.uint8)
        real = bytes_in_order.view(source.numpy).astype(np.float32)
        return QuantCast(quantize_real(real, context.output))

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for all types."""
        source = site.input_types[0]
        low, high = (0.0, 0.0) if self.to is ElementType.FLOAT32 else _bounds(self.to)
        parameters = {
            "size": elements(site.output),
            "from": _NUMBERS[source],
            "from_bytes": source.bytes,
            "to": _NUMBERS[self.to],
            "to_bytes": self.to.bytes,
            "to_boolean": int(self.to_boolean),
        }
        call = KernelCall(
            kernel="cast_bytes",
            folder="cast",
            parameters=parameters,
            arguments=(InputArgument(0), OutputArgument()),
            reals={"low": float(low), "high": float(high)},
        )
        return Lowering(calls=(call,))


@dataclass(frozen=True, eq=False)
class QuantCast(QuantOp):
    """8-bit integers as real numbers, in an int8 format.

    Attributes:
        table: int8 [256], by the bits of the integer as uint8.
    """

    table: I8

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Look every number up."""
        found: AnyArray = self.table[np.ascontiguousarray(inputs[0]).view(np.uint8)]
        return found

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel, which may write over its operand."""
        call = KernelCall(
            kernel="cast_table_s8",
            folder="cast",
            parameters={"size": elements(site.output)},
            arguments=(InputArgument(0), OutputArgument(), ConstantArgument("table", self.table)),
        )
        return Lowering(calls=(call,), in_place=(0,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add CAST to float32 and QUANTIZE, which rounds as the table does."""
        real = QuantValue(operands.output_value.shape, None, ElementType.FLOAT32)
        between = graph.activation(f"real_{operands.output}", real)
        graph.operator("CAST", operands.inputs, between)
        graph.operator("QUANTIZE", [between], operands.output, version=2)


def _bounds(kind: ElementType) -> tuple[np.float32, np.float32]:
    """Return the least and the greatest float32 that an integer type holds."""
    limits = np.iinfo(kind.numpy)
    high = np.float32(limits.max)
    if int(high) > int(limits.max):
        high = np.nextafter(high, np.float32(0.0))
    return np.float32(limits.min), high


def _read_cast(reader: "NodeReader") -> None:
    reader.ignore("saturate", "round_mode")
    number = reader.int_attribute("to", onnx.TensorProto.UNDEFINED)
    if number not in _TARGETS:
        name = onnx.TensorProto.DataType.Name(number)
        allowed = ", ".join(onnx.TensorProto.DataType.Name(kind) for kind in _TARGETS)
        raise UnsupportedAttributeError(f"cast to {name}; casts to {allowed} are supported")
    stored, boolean = reader.stored(0), number == onnx.TensorProto.BOOL
    if reader.element_type(0) is _TARGETS[number] and not boolean:
        reader.define(stored.key, stored.axes)
        return
    op = Cast(_TARGETS[number], boolean)
    reader.define(reader.emit(op, [stored.key]), stored.axes)


def _read_cast_like(reader: "NodeReader") -> None:
    reader.ignore("saturate", "round_mode")
    stored, target = reader.stored(0), reader.element_type(1)
    if reader.element_type(0) is target:
        reader.define(stored.key, stored.axes)
        return
    reader.define(reader.emit(Cast(target), [stored.key]), stored.axes)


OPERATOR = OperatorDefinition(
    name="cast",
    summary="Numbers of one type as numbers of another.",
    readers={"Cast": _read_cast, "CastLike": _read_cast_like},
    float_ops=(Cast,),
    quant_ops=(QuantCast,),
    kernels=("cast_bytes", "cast_table_s8"),
    tflite=("CAST", "QUANTIZE"),
    limits=(
        "Not to or from float16, bfloat16, double and strings.",
        "int64 is computed as int32, uint64 as uint32, bool as a byte that is 0 or 1.",
        "A real number beyond the integers of the result becomes the nearest of them.",
    ),
)
