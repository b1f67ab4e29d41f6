"""What every operator is: a float op, and the quantized op that it becomes.

Both are frozen dataclasses whose fields are the attributes and the constant arrays (weights). All
tensors are in storage order: channel-last (NHWC) wherever the importer saw an image.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, ClassVar

from cnnc.errors import InternalError, UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite, channel_count
from cnnc.ir.types import F32, Activation, AnyArray, ElementType, Quantization, Shape, Tensor

if TYPE_CHECKING:
    from cnnc.codegen.kernel import Lowering, LoweringSite
    from cnnc.codegen.parts import Part
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands
    from cnnc.quantize.context import QuantizeContext
    from cnnc.quantize.fixed_point import Arithmetic


class OutputFormat(Enum):
    """Where the int8 format of an op's output comes from."""

    FROM_RANGE = auto()
    """The calibrated range of the output value."""
    SAME_AS_INPUT = auto()
    """Every input and the output share one format (pooling, reshape, pad, transpose)."""
    COMMON = auto()
    """All inputs are brought to the output's calibrated format (concat); a producer with this
    single consumer adopts it, other inputs are requantized."""
    FIXED = auto()
    """``FloatOp.fixed_format`` (softmax, sigmoid, tanh)."""


class NoIntegerRuleError(Exception):
    """An op cannot be computed on int8, so that it runs on real numbers; the text says why."""


@dataclass(frozen=True, eq=False)
class FloatOp(ABC):
    """An operator on real tensors, as imported and simplified.

    Tensors are float32; index and counting operators also read or give integers.
    Arrays that are evaluated carry one extra leading axis of S samples: shape (S, *shape).

    Attributes:
        output_format: Where the format of the result comes from.
        fixed_format: The one of FIXED.
        format_may_be_given: Whether the op can have, instead of a fixed format, the one that a
            quantized model gives its result.
    """

    output_format: ClassVar[OutputFormat] = OutputFormat.FROM_RANGE
    fixed_format: ClassVar[Quantization | None] = None
    format_may_be_given: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        """Name of the operator in reports and generated names, snake case, e.g. ``conv2d``."""
        return _snake_case(type(self).__name__)

    @abstractmethod
    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the output's shape.

        Raises:
            ModelError: The input shapes do not fit the operator; says which and why.
        """

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return multiply-accumulates for one inference (0 unless the op has weights)."""
        return 0

    def output_type(self, inputs: Sequence[ElementType]) -> ElementType:
        """Return the element type of the result; by default float32, from operands of float32.

        Raises:
            ModelError: The operator does not take operands of these types.
        """
        for index, kind in enumerate(inputs):
            if kind is not ElementType.FLOAT32:
                raise UnsupportedAttributeError(
                    f"operand {index} is {kind.value}; only float32 is supported",
                    "put a Cast to float32 before it",
                )
        return ElementType.FLOAT32

    @abstractmethod
    def evaluate(self, inputs: Sequence[Tensor]) -> Tensor:
        """Compute the float reference; inputs and output have a leading sample axis."""

    def evaluate_in_order(self, inputs: Sequence[Tensor]) -> Tensor:
        """Compute what the C of ``lower_real`` computes, to the bit.

        Every operation is rounded to float32 in the order of the C. By default ``evaluate`` does.
        """
        return self.evaluate(inputs)

    def quantize(self, context: "QuantizeContext") -> "QuantOp":
        """Return the integer op for the formats that the context gives inputs and output.

        Raises:
            NoIntegerRuleError: The op has no integer form, or none for these operands.
        """
        raise NoIntegerRuleError(f"{self.kind} has no rule on int8")

    def lower_real(self, site: "LoweringSite") -> "Lowering":
        """Return the kernel calls (or the alias) that compute this op in C on real numbers."""
        raise InternalError(f"{self.kind} has no kernel for real numbers")


@dataclass(frozen=True, eq=False)
class WeightedOp(FloatOp):
    """A float op that is linear in its first operand and then adds a bias per output channel.

    Its output's last axis is the channel. Passes fold affine maps and activations into it without
    knowing which op it is.

    Attributes:
        weight: Layout is the subclass's.
        bias: [out_channels]; zeros where the model has none.
        activation: Applied after the bias.
        weight_scale: [out_channels], the scale that a quantized model gives its weights; None
            where it is chosen from the weights.
    """

    weight: F32
    bias: F32
    activation: Activation
    weight_scale: F32 | None = field(default=None, kw_only=True)

    @abstractmethod
    def scale_output(self, scale: F32, offset: F32) -> "WeightedOp":
        """Return the op that computes scale * y + offset per output channel.

        Only valid while ``activation`` is NONE. Args: both [out_channels].
        """

    @abstractmethod
    def scale_input(self, scale: F32, offset: F32) -> "WeightedOp | str":
        """Return the op that computes the same from x' as this one from x = scale * x' + offset.

        Args: both [in_channels]. Returns a reason instead where no such op exists, e.g. because
        zero padding of x is not zero padding of x' when the offset is not zero.
        """

    @abstractmethod
    def unfold(self, operand: F32) -> F32:
        """Return what the weights are multiplied by, so that the op is a product of matrices.

        With U = unfold(x) and W = weight_matrix(), per group: y[row] = W U[row] + bias.

        Args:
            operand: (S, *shape).

        Returns:
            [groups][rows][taps], a row for each output pixel of each sample.
        """

    @abstractmethod
    def weight_matrix(self) -> F32:
        """Return the weights as [groups][out_channels / groups][taps]; see ``unfold``."""

    @abstractmethod
    def with_weights(self, matrix: F32, bias: F32) -> "WeightedOp":
        """Return the op with other weights (laid out as ``weight_matrix``) and another bias."""


@dataclass(frozen=True, eq=False)
class QuantOp(ABC):
    """An operator on int8 tensors; nothing is left to decide but how to compute it fast.

    Subclasses are rebuilt from JSON and arrays by their field types (``ir/serialize.py``): int,
    float, bool, str, StrEnum, tuples of these, ``Window``, ``Quantization``, numpy arrays.

    Attributes:
        judged_in_single_rounding: The default kernel of ai-edge-litert (XNNPACK) rounds once, or
            not at all, so that it can judge this op's single rounding (spec section 6).
    """

    judged_in_single_rounding: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        """Name of the operator in reports and generated names, snake case, e.g. ``conv2d``."""
        return _snake_case(type(self).__name__).removeprefix("quant_")

    @abstractmethod
    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the output's shape."""

    def macs(self, inputs: Sequence[Shape]) -> int:
        """Return multiply-accumulates for one inference."""
        return 0

    @abstractmethod
    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: "Arithmetic") -> AnyArray:
        """Compute the int8 reference from the spec; leading sample axis as in ``FloatOp``."""

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return what follows for the result's channels from what is known of the operands'.

        The bounds must follow from exact integer arithmetic. By default nothing is known.
        """
        return ChannelBounds.unknown(channel_count(site.output_shape))

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Return the least choice that keeps these channels and that the op can be rebuilt for.

        An operand's channel may be left out where the result's kept channels do not depend on it,
        or where it is constant and what it adds is the same for every element. By default
        everything is kept.
        """
        return choice.everything()

    def keep_channels(self, site: ChannelSite, choice: ChannelChoice) -> "QuantOp":
        """Return the op that computes the kept channels of the result from those of the operands.

        By default the op itself, which suits ops that hold nothing per channel.

        Args:
            site: Before the removal.
            choice: One that ``widen_channels`` leaves as it is.
        """
        return self

    def split(self, site: "LoweringSite", count: int) -> "tuple[Part, ...]":
        """Return the op in parts that compute one piece of the result each, for several threads.

        By default none: one thread computes the layer.

        Args:
            site: The layer's shapes.
            count: Parts at most.
        """
        return ()

    @abstractmethod
    def lower(self, site: "LoweringSite") -> "Lowering":
        """Return the kernel calls (or the alias) that compute this op in C on the site's target."""

    @abstractmethod
    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add the same computation to a TFLite graph.

        Raises:
            NotExpressibleError: TFLite has no operator with exactly this integer rule; the text
                becomes the reason under ``not_compared``.
        """


def _snake_case(camel: str) -> str:
    letters = [f"_{c.lower()}" if c.isupper() else c for c in camel]
    return "".join(letters).removeprefix("_")
