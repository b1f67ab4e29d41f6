"""An op of the quantized network on real numbers: float32, or integers as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnc.codegen.tflite import NotExpressibleError
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.types import AnyArray, Shape

if TYPE_CHECKING:
    from cnnc.codegen.kernel import Lowering, LoweringSite
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.quantize.fixed_point import Arithmetic


@dataclass(frozen=True, eq=False)
class RealOp(QuantOp):
    """A float op that stays one, in a float32 network or among int8 layers.

    Attributes:
        op: What is computed, operation by operation as ``FloatOp.evaluate_in_order``.
        reason: Why it is not computed on int8; empty in a float32 network.
    """

    op: FloatOp
    reason: str = ""

    @property
    def kind(self) -> str:
        """Name of the float operator."""
        return self.op.kind

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the float op's."""
        return self.op.output_shape(inputs)

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return the float op's."""
        return self.op.macs(inputs)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: "Arithmetic") -> AnyArray:
        """Compute in float32, in the order of the C."""
        return self.op.evaluate_in_order(inputs)

    def lower(self, site: "LoweringSite") -> "Lowering":
        """Call the float op's kernels."""
        return self.op.lower_real(site)

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Refuse: the exported graph has no real numbers, which TFLite would add otherwise."""
        raise NotExpressibleError("computed on real numbers, which the .tflite does not hold")
