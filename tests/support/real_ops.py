"""Float ops without an integer rule, for tests of layers on real numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnc.codegen.kernel import ALIAS
from cnnc.ir.op import FloatOp
from cnnc.ir.types import Shape, Tensor

if TYPE_CHECKING:
    from cnnc.codegen.kernel import Lowering, LoweringSite


@dataclass(frozen=True, eq=False)
class StaysReal(FloatOp):
    """Returns its operand, but only as real numbers: in C nothing is computed."""

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the operand."""
        return inputs[0]

    def lower_real(self, site: "LoweringSite") -> "Lowering":
        """Return an alias."""
        return ALIAS
