"""Ops that compute nothing, one for each rule of output formats, and networks of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, AnyArray, Quantization, Shape
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.kernel import Lowering, LoweringSite
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands

SHAPE: Shape = (1, 4)
FIXED = Quantization(1.0 / 256.0, -128)


@dataclass(frozen=True, eq=False)
class Recorded(QuantOp):
    """Remembers what it was told."""

    context: QuantizeContext

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the first operand's shape."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Return the first operand."""
        return inputs[0]

    def lower(self, site: "LoweringSite") -> "Lowering":
        """Not for tests that emit."""
        raise NotImplementedError

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Not for tests that export."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Ranged(FloatOp):
    """An op with an output format of its own."""

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the first operand's shape."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Return the first operand."""
        return inputs[0]

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return an op that keeps the context."""
        return Recorded(context)


@dataclass(frozen=True, eq=False)
class Kept(Ranged):
    """Input and output share a format."""

    output_format = OutputFormat.SAME_AS_INPUT


@dataclass(frozen=True, eq=False)
class Joined(Ranged):
    """All operands and the result share a format."""

    output_format = OutputFormat.COMMON


@dataclass(frozen=True, eq=False)
class Squashed(Ranged):
    """An op whose result always has the same format."""

    output_format = OutputFormat.FIXED
    fixed_format = FIXED


@dataclass(frozen=True, eq=False)
class Faulty(Ranged):
    """An op that cannot be quantized."""

    error: Exception

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Fail."""
        raise self.error


def network(
    *nodes: tuple[str, FloatOp, str],
    outputs: str,
    constants: dict[str, F32] | None = None,
) -> FloatModel:
    """Return a network of one input ``x``; a node is (output, op, operands separated by spaces)."""
    built = tuple(
        FloatNode(f"node_{output}", op, tuple(inputs.split()), output, (f"onnx_{output}",))
        for output, op, inputs in nodes
    )
    held = constants or {}
    names = ["x", *held, *(node.output for node in built)]
    return FloatModel(
        name="net",
        inputs=(Port("x", "x", SHAPE, (0, 1)),),
        outputs=tuple(Port(name, name, SHAPE, (0, 1)) for name in outputs.split()),
        nodes=built,
        constants=held,
        shapes=dict.fromkeys(names, SHAPE),
    )
