"""DequantizeBytes: what 8-bit integers stand for that a quantized model takes as its input.

In an int8 network they become int8 of the same format by a table of 256 bytes: uint8 less 128.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.types import F32, INT8_MIN, ElementType, Shape, Tensor, elements
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import export_table
from cnnc.ops.cast import QuantCast
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import quantize_real

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands

_KERNELS = {ElementType.INT8: "dequantize_s8", ElementType.UINT8: "dequantize_u8"}
"""By the type of the operand."""


@dataclass(frozen=True, eq=False)
class DequantizeBytes(FloatOp):
    """x = scale * (q - zero_point) of int8 or uint8, in float32.

    Source: DequantizeLinear on the ONNX operator pages.

    Attributes:
        scale: Of the integers.
        zero_point: Of the integers, in their own type.
    """

    scale: float
    zero_point: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return float32.

        Raises:
            UnsupportedAttributeError: The operand is not of 8 bits.
        """
        if inputs[0] not in _KERNELS:
            raise UnsupportedAttributeError(f"integers of type {inputs[0].value} are not supported")
        return ElementType.FLOAT32

    def evaluate(self, inputs: Sequence[Tensor]) -> F32:
        """Compute in float32."""
        distance = inputs[0].astype(np.int32) - self.zero_point
        return np.asarray(np.float32(self.scale) * distance.astype(np.float32), np.float32)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table of the int8 that each of the 256 bytes stands for."""
        every_byte = np.arange(256, dtype=np.uint8).view(context.input_types[0].numpy)
        return QuantDequantizeBytes(quantize_real(self.evaluate([every_byte]), context.output))

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel of the operand's type."""
        call = KernelCall(
            kernel=_KERNELS[site.input_types[0]],
            folder="dequantize",
            parameters={"size": elements(site.output), "zero_point": self.zero_point},
            reals={"scale": self.scale},
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))


class QuantDequantizeBytes(QuantCast):
    """8-bit integers as the int8 of a format, by a table."""

    judged_in_single_rounding = True

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Look the table up, which has its entries in the order of the integers."""
        kind = operands.input_values[0].element_type
        signed = kind is ElementType.INT8
        table = np.roll(self.table, -INT8_MIN) if signed else self.table
        export_table(table, graph, operands, kind)


OPERATOR = OperatorDefinition(
    name="dequantize_bytes",
    summary="8-bit integers that a quantized model takes as its input, as int8 of the same format.",
    readers={},
    float_ops=(DequantizeBytes,),
    quant_ops=(QuantDequantizeBytes,),
    kernels=("cast_table_s8", "dequantize_s8", "dequantize_u8"),
    tflite=("ADD", "CAST", "GATHER"),
)
