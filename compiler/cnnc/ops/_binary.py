"""What float ops of two operands share: broadcasting, on real numbers or integers, and their C.

An operator brings ``combine`` and two headers of a few lines each, ``<operator>_f32`` and
``<operator>_integers``; the walk over the elements is runtime/cnnc_binary_*.h.
"""

import math
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
from cnnc.ir.op import FloatOp, NoIntegerRuleError
from cnnc.ir.types import Activation, ElementType, Shape, Tensor, elements
from cnnc.ops._broadcast import broadcast_samples, broadcast_shape, merge_axes
from cnnc.quantize.float_math import clamp

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.quantize.context import QuantizeContext


@dataclass(frozen=True, eq=False)
class BinaryOp(FloatOp):
    """A function of two operands that broadcast together, of one element type."""

    operator_name: ClassVar[str]
    """Folder of the kernels and first part of their names."""
    takes_integers: ClassVar[bool] = True
    """Whether there is a kernel for integers."""

    @abstractmethod
    def combine(self, first: Tensor, second: Tensor) -> Tensor:
        """Compute the result of operands that NumPy broadcasts, both float32 or both int64."""

    def bounds(self) -> tuple[float, float]:
        """Return the closed interval that real results are clamped to."""
        return -math.inf, math.inf

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the broadcast shape."""
        return broadcast_shape(inputs)

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the operands' type.

        Raises:
            UnsupportedAttributeError: They differ, or the operator does not take them.
        """
        if len(set(inputs)) != 1:
            listed = " and ".join(inputs)
            raise UnsupportedAttributeError(f"its operands have different types, {listed}")
        if inputs[0] is not ElementType.FLOAT32 and not self.takes_integers:
            raise UnsupportedAttributeError(f"its operands are {inputs[0]}; float32 is supported")
        return inputs[0]

    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Combine in float32, or in integers that wrap around; operation by operation as in C."""
        first, second = broadcast_samples(inputs)
        with np.errstate(all="ignore"):
            if first.dtype == np.float32:
                return clamp(self.combine(first, second), *self.bounds())
            result = self.combine(first.astype(np.int64), second.astype(np.int64))
            return np.asarray(result.astype(first.dtype))

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel for the element type.

        It reads element i of an operand of full size before it writes element i of the result.
        """
        size = elements(site.output)
        full = tuple(index for index, shape in enumerate(site.inputs) if elements(shape) == size)
        geometry = merge_axes(*site.inputs).kernel_parameters()
        kind = site.output_type
        if kind is ElementType.FLOAT32:
            suffix, parameters = "f32", geometry
            low, high = self.bounds()
            reals = {"minimum": low, "maximum": high}
        else:
            suffix, reals = "integers", {}
            parameters = {**geometry, **integer_parameters(kind)}
        call = KernelCall(
            kernel=f"{self.operator_name}_{suffix}",
            folder=self.operator_name,
            parameters=parameters,
            arguments=(InputArgument(0), InputArgument(1), OutputArgument()),
            reals=reals,
        )
        return Lowering(calls=(call,), in_place=full)


@dataclass(frozen=True, eq=False)
class ActivatedOp(BinaryOp):
    """A function of two operands with an activation behind it.

    Attributes:
        activation: Applied to real results.
    """

    activation: Activation = Activation.NONE

    def bounds(self) -> tuple[float, float]:
        """Return the activation's interval."""
        return self.activation.bounds()


def integer_parameters(kind: ElementType) -> dict[str, int]:
    """Return the fields by which a kernel for integers knows their type."""
    return {"element_bytes": kind.bytes, "is_signed": int(kind.numpy.kind == "i")}


def refuse_integers(context: "QuantizeContext") -> None:
    """Keep an op on integers, which are not quantized, as it is.

    Raises:
        NoIntegerRuleError: An operand has integers.
    """
    if not all(context.is_quantized):
        raise NoIntegerRuleError("its operands are integers, which are not quantized")


def read_binary(reader: "NodeReader", op: BinaryOp) -> None:
    """Read an ONNX node of two operands, aligned to one rank and one layout."""
    keys, axes = reader.aligned([0, 1])
    reader.define(reader.emit(op, keys), axes)
