"""What float ops of one operand share: a function of each element, its C, its table on int8.

An operator brings ``apply``, which computes operation by operation what the header
``cnnc_<operator>_f32.h`` computes; the loop over the elements is runtime/cnnc_unary_f32.h. On int8
the same function fills a table of 256 bytes, unless TFLite's rule for it is another one.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cnnc.codegen.kernel import (
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import FloatOp
from cnnc.ir.types import F32, I8, ElementType, Shape, Tensor, elements
from cnnc.ops._lookup import QuantLookup, all_inputs, table_of

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.quantize.context import QuantizeContext


@dataclass(frozen=True, eq=False)
class UnaryOp(FloatOp):
    """A function of every element."""

    operator_name: ClassVar[str]
    """Folder of the kernel and first part of its name."""

    @abstractmethod
    def apply(self, x: F32) -> F32:
        """Return the function of each element, operation by operation as in C."""

    def parameters(self) -> tuple[float, float]:
        """Return the kernel's numbers alpha and beta."""
        return 0.0, 0.0

    @property
    def kernel(self) -> str:
        """Name of the kernel."""
        return f"{self.operator_name}_f32"

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return float32.

        Raises:
            UnsupportedAttributeError: The operand has integers.
        """
        if inputs[0] is not ElementType.FLOAT32:
            raise UnsupportedAttributeError(f"its operand is {inputs[0]}; float32 is supported")
        return inputs[0]

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Apply the function."""
        with np.errstate(all="ignore"):
            return self.apply(np.asarray(inputs[0], dtype=np.float32))

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel; the result may take over the operand's memory."""
        alpha, beta = self.parameters()
        call = KernelCall(
            kernel=self.kernel,
            folder=self.operator_name,
            parameters={"size": elements(site.output)},
            arguments=(InputArgument(0), OutputArgument()),
            reals={"alpha": float(np.float32(alpha)), "beta": float(np.float32(beta))},
        )
        return Lowering(calls=(call,), in_place=(0,))

    def table(self, context: "QuantizeContext") -> I8:
        """Tabulate the function for all int8 inputs.

        y = clamp(round(f(f32(s_in (q - z_in))) * f32(1 / s_out)) + z_out), ties away from zero. An
        infinite result is the end of int8; one that is no number is the zero point.
        """
        source = context.inputs[0]
        distance = (all_inputs() - source.zero_point).astype(np.float32)
        return table_of(self.evaluate([np.float32(source.scale) * distance]), context.output)


@dataclass(frozen=True, eq=False)
class QuantFunction(QuantLookup):
    """A function that TFLite has not on int8, as a table."""


def read_unary(reader: "NodeReader", op: UnaryOp) -> None:
    """Read an ONNX node of one operand, in whatever order that is stored."""
    value = reader.stored(0)
    reader.define(reader.emit(op, [value.key]), value.axes)
