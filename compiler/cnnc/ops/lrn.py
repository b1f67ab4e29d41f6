"""Local response normalization across channels (ONNX LRN).

y[c] = x[c] / (bias + alpha / size * sum of x[k]^2)^beta, k from c - floor((size - 1) / 2) to
c + ceil((size - 1) / 2) as far as there are channels. No integer rule: it is computed on real
numbers. The power is x^0.5 = sqrt(x), x^0.75 = sqrt(x) sqrt(sqrt(x)), else exp(beta log(x)).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.errors import ModelError, UnsupportedAttributeError
from cnnc.ir.op import FloatOp, NoIntegerRuleError, QuantOp
from cnnc.ir.types import F32, Shape, elements
from cnnc.ops._definition import OperatorDefinition
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

_DEFAULT_ALPHA = float(np.float32(1e-4))


@dataclass(frozen=True, eq=False)
class Lrn(FloatOp):
    """Local response normalization along the last axis.

    Attributes:
        before: Channels of the window before its own.
        after: Channels behind its own.
        weight: alpha / size, a float32 value >= 0.
        bias: A float32 value > 0.
        beta: A float32 value.
    """

    before: int
    after: int
    weight: float
    bias: float
    beta: float

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        if not inputs[0]:
            raise ModelError("a local response normalization of a scalar")
        return inputs[0]

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float64."""
        squares = np.square(inputs[0].astype(np.float64))
        total = sum(self._neighbours(squares))
        result: F32 = (inputs[0] / (self.bias + self.weight * total) ** self.beta).astype(
            np.float32
        )
        return result

    def evaluate_in_order(self, inputs: Sequence[F32]) -> F32:
        """Add the squares in the order of the channels."""
        squares = inputs[0] * inputs[0]
        # Zeros beyond the ends change nothing: a sum that starts with 0 is never -0.
        total = np.zeros(squares.shape, np.float32)
        for neighbour in self._neighbours(squares):
            np.add(total, neighbour, out=total)
        base = np.float32(self.bias) + np.float32(self.weight) * total
        return inputs[0] / self._power(base)

    def _neighbours(self, squares: F32) -> Sequence[F32]:
        """Return the squares that each channel sees at each place of its window, 0 beyond."""
        channels = squares.shape[-1]
        widths = [(0, 0)] * (squares.ndim - 1) + [(self.before, self.after)]
        padded = np.pad(squares, widths)
        return [padded[..., k : k + channels] for k in range(self.before + self.after + 1)]

    def _power(self, base: F32) -> F32:
        if self.beta == 1.0:
            return base
        if self.beta == 0.5:
            return float_math.sqrt(base)
        if self.beta == 0.75:
            root = float_math.sqrt(base)
            return root * float_math.sqrt(root)
        return float_math.exp(np.float32(self.beta) * float_math.log(base))

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Refuse: there is no rule on integers."""
        raise NoIntegerRuleError("a power of sums of squares is computed on real numbers")

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel."""
        *pixels, channels = site.inputs[0]
        call = KernelCall(
            kernel="lrn_f32",
            folder="lrn",
            parameters={
                "pixels": elements(tuple(pixels)),
                "channels": channels,
                "before": self.before,
                "after": self.after,
            },
            reals={"weight": self.weight, "bias": self.bias, "beta": self.beta},
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,))


def _read_lrn(reader: "NodeReader") -> None:
    size = reader.int_attribute("size", 0)
    alpha = reader.float_attribute("alpha", _DEFAULT_ALPHA)
    bias, beta = reader.float_attribute("bias", 1.0), reader.float_attribute("beta", 0.75)
    shape = reader.onnx_shape(0)
    if len(shape) < 2:
        raise UnsupportedAttributeError(f"a tensor of shape {list(shape)} has no channel axis")
    if size < 1:
        raise UnsupportedAttributeError(f"size {size} must be at least 1")
    if not (bias > 0.0 and alpha >= 0.0 and math.isfinite(bias + alpha + beta)):
        raise UnsupportedAttributeError(
            f"bias {bias:g} must be positive and alpha {alpha:g} not negative, so that the power "
            "exists"
        )
    # No window reaches further than there are channels.
    before, after = (min(side, shape[1] - 1) for side in ((size - 1) // 2, size // 2))
    op = Lrn(before, after, float(np.float32(alpha / size)), bias, beta)
    reader.define_channel_last(reader.emit(op, [reader.channel_last(0)]))


OPERATOR = OperatorDefinition(
    name="lrn",
    summary="Local response normalization across channels, on real numbers.",
    readers={"LRN": _read_lrn},
    float_ops=(Lrn,),
    quant_ops=(),
    kernels=("lrn_f32",),
    tflite=(),
    limits=("bias must be positive, alpha not negative.",),
)
