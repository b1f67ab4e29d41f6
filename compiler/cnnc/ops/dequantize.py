"""Dequantize: int8 to real numbers, where an op without an integer rule reads an int8 layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.ir.op import QuantOp
from cnnc.ir.types import AnyArray, Quantization, Shape, elements
from cnnc.ops._definition import OperatorDefinition
from cnnc.quantize.fixed_point import Arithmetic, dequantize

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class QuantDequantize(QuantOp):
    """x = scale * (q - zero_point), in float32.

    Attributes:
        scale: Of the operand's format.
        zero_point: Of the operand's format.
    """

    scale: float
    zero_point: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute in float32."""
        return dequantize(inputs[0], self._format())

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        call = KernelCall(
            kernel="dequantize_s8",
            folder="dequantize",
            parameters={"size": elements(site.output), "zero_point": self.zero_point},
            reals={"scale": self.scale},
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add DEQUANTIZE."""
        graph.operator("DEQUANTIZE", operands.inputs, operands.output, version=2)

    def _format(self) -> Quantization:
        return Quantization(self.scale, self.zero_point)


OPERATOR = OperatorDefinition(
    name="dequantize",
    summary="From int8 to float32, before a layer that runs on real numbers.",
    readers={},
    float_ops=(),
    quant_ops=(QuantDequantize,),
    kernels=("dequantize_s8",),
    tflite=("DEQUANTIZE",),
)
