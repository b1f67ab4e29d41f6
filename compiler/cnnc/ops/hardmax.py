"""Hardmax: 1 at the first largest element along an axis, 0 elsewhere, on real numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import Lowering, LoweringSite
from cnnc.errors import ModelError
from cnnc.ir.op import FloatOp, NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, Shape
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._last_axis import read_along_axis
from cnnc.ops._real_rows import lower_rows
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


@dataclass(frozen=True, eq=False)
class Hardmax(FloatOp):
    """1 at the first largest element of the last axis, 0 elsewhere.

    Attributes:
        axis: The operand's last axis, counted from 0.
    """

    axis: int

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape after checking the axis."""
        if self.axis != len(inputs[0]) - 1:
            raise ModelError(f"hardmax over axis {self.axis} of {list(inputs[0])}")
        return inputs[0]

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compare."""
        x = inputs[0]
        places = np.arange(x.shape[-1])
        return np.asarray(places == x.argmax(axis=-1)[..., np.newaxis], np.float32)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse."""
        raise NoIntegerRuleError("hardmax has no rule on int8")

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel; a row is read whole before it is overwritten."""
        return lower_rows("hardmax", site)


def _read_hardmax(reader: "NodeReader") -> None:
    read_along_axis(reader, Hardmax)


OPERATOR = OperatorDefinition(
    name="hardmax",
    summary="1 at the first largest element along one axis, 0 elsewhere, on real numbers.",
    readers={"Hardmax": _read_hardmax},
    float_ops=(Hardmax,),
    quant_ops=(),
    kernels=("hardmax_f32",),
    tflite=(),
)
