"""Quantize: real numbers to int8 (spec 4.14), where an int8 layer reads a float layer's result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.ir.op import QuantOp
from cnnc.ir.types import AnyArray, Quantization, Shape, elements
from cnnc.ops._definition import OperatorDefinition
from cnnc.quantize.fixed_point import Arithmetic, quantize_real

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands


@dataclass(frozen=True, eq=False)
class QuantQuantize(QuantOp):
    """q = clamp(round(x / scale) + zero_point), ties away from zero, in float32.

    Attributes:
        scale: Of the result's format.
        zero_point: Of the result's format.
    """

    scale: float
    zero_point: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute in float32."""
        return quantize_real(np.asarray(inputs[0], np.float32), self._format())

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        call = KernelCall(
            kernel="quantize_s8",
            folder="quantize",
            parameters={"size": elements(site.output), "zero_point": self.zero_point},
            reals={"scale": self.scale},
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add QUANTIZE."""
        graph.operator("QUANTIZE", operands.inputs, operands.output, version=2)

    def _format(self) -> Quantization:
        return Quantization(self.scale, self.zero_point)


OPERATOR = OperatorDefinition(
    name="quantize",
    summary="From float32 to int8, after a layer that runs on real numbers.",
    readers={},
    float_ops=(),
    quant_ops=(QuantQuantize,),
    kernels=("quantize_s8",),
    tflite=("QUANTIZE",),
)
