"""What elementwise ops of two operands share: ONNX broadcasting in NumPy, C and TFLite.

Axes that broadcast alike and lie next to each other are one axis to a kernel: [1][6][6][8] with
[1][1][1][8] is [36][8] with [1][8].
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from cnnc.codegen.kernel import (
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.parts import Part, elementwise_parts
from cnnc.codegen.tflite import NotExpressibleError, TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite, Mask, channel_count
from cnnc.ir.op import QuantOp
from cnnc.ir.types import I8, I64, Activation, AnyArray, Shape, elements
from cnnc.ops._axes import merge_alike
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands

Scalar = TypeVar("Scalar", bound=np.generic)

_KERNEL_RANK = 6
_CHUNK_ELEMENTS = 1 << 20
_TFLITE_ACTIVATION = {
    Activation.NONE: 0,
    Activation.RELU: 1,
    Activation.RELU_N1_TO_1: 2,
    Activation.RELU6: 3,
}


@dataclass(frozen=True)
class BroadcastAxes:
    """The axes of a result after merging, outermost first.

    Attributes:
        extents: Size of each axis, > 1.
        first: Whether the first operand has the axis (else it repeats along it).
        second: The same for the second operand.
    """

    extents: tuple[int, ...]
    first: tuple[bool, ...]
    second: tuple[bool, ...]

    def shape(self, present: tuple[bool, ...]) -> Shape:
        """Return the merged shape of an operand that has these axes."""
        pairs = zip(self.extents, present, strict=True)
        return tuple(extent if has_axis else 1 for extent, has_axis in pairs)

    def strides(self, present: tuple[bool, ...]) -> tuple[int, ...]:
        """Return an operand's stride in elements per axis, 0 where it repeats."""
        shape = self.shape(present)
        return tuple(
            elements(shape[axis + 1 :]) if has_axis else 0 for axis, has_axis in enumerate(present)
        )

    def kernel_parameters(self) -> dict[str, int]:
        """Return extents and strides as fields of a broadcasting kernel, padded to its rank."""
        missing = _KERNEL_RANK - len(self.extents)
        fields = {
            "extent": (*(1,) * missing, *self.extents),
            "first_stride": (*(0,) * missing, *self.strides(self.first)),
            "second_stride": (*(0,) * missing, *self.strides(self.second)),
        }
        return {
            f"{name}_{axis}": value
            for name, values in fields.items()
            for axis, value in enumerate(values)
        }


def merge_axes(first: Shape, second: Shape) -> BroadcastAxes:
    """Return the merged axes of two shapes that broadcast together."""
    rank = max(len(first), len(second))
    pairs = tuple(zip(_padded(first, rank), _padded(second, rank), strict=True))
    groups = merge_alike(
        tuple(max(pair) for pair in pairs), [(one != 1, other != 1) for one, other in pairs]
    )
    return BroadcastAxes(
        extents=tuple(extent for extent, _ in groups),
        first=tuple(present[0] for _, present in groups),
        second=tuple(present[1] for _, present in groups),
    )


def broadcast_shape(inputs: Sequence[Shape]) -> Shape:
    """Return the shape of two operands broadcast together, by ONNX's rule.

    Raises:
        UnsupportedAttributeError: The shapes do not fit, or alternate too often for the kernels.
    """
    first, second = inputs
    listed = f"{list(first)} and {list(second)}"
    try:
        shape = np.broadcast_shapes(first, second)
    except ValueError:
        raise UnsupportedAttributeError(f"shapes {listed} do not broadcast together") from None
    if len(merge_axes(first, second).extents) > _KERNEL_RANK:
        raise UnsupportedAttributeError(
            f"shapes {listed} broadcast along more than {_KERNEL_RANK} groups of axes"
        )
    return shape


def broadcast_samples(
    inputs: Sequence[npt.NDArray[Scalar]],
) -> tuple[npt.NDArray[Scalar], npt.NDArray[Scalar]]:
    """Give two operands (S, *shape) one rank, so that NumPy broadcasts behind the sample axis."""
    rank = max(array.ndim for array in inputs) - 1
    first, second = (array.reshape(len(array), *_padded(array.shape[1:], rank)) for array in inputs)
    return first, second


def _padded(shape: Shape, rank: int) -> Shape:
    return (*(1,) * (rank - len(shape)), *shape)


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantBroadcast(QuantOp):
    """An integer op on two operands that broadcast together.

    Attributes:
        activation: Fused activation, for reports and TFLite.
        minimum: Least result, -128..127.
        maximum: Greatest result, -128..127.
    """

    activation: Activation
    minimum: int
    maximum: int

    operator_name: ClassVar[str]
    """Folder of the kernels and first part of their names."""
    tflite_code: ClassVar[str]
    tflite_options: ClassVar[str]
    tflite_broadcast_rank: ClassVar[int]
    """Rank up to which TFLite's kernels broadcast."""
    tflite_version: ClassVar[int] = 2
    """Version of the operator that takes int8."""

    @abstractmethod
    def kernel_parameters(self) -> dict[str, int]:
        """Return the fields of the kernels that are not about shapes."""

    @abstractmethod
    def combine(self, first: I64, second: I64, arithmetic: Arithmetic) -> I8:
        """Compute the result of operands that NumPy broadcasts, int8 values held in int64."""

    @abstractmethod
    def combined_bounds(
        self, first: ChannelBounds, second: ChannelBounds, arithmetic: Arithmetic
    ) -> ChannelBounds:
        """Return the bounds of the result for operands of as many channels as the result."""

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the broadcast shape."""
        return broadcast_shape(inputs)

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Combine the operands' bounds channel by channel."""
        channels = channel_count(site.output_shape)
        first, second = (
            ChannelBounds(
                np.broadcast_to(operand.low, channels), np.broadcast_to(operand.high, channels)
            )
            for operand in site.bounds
        )
        return self.combined_bounds(first, second, site.arithmetic)

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of the result and of operands that do not repeat along them."""
        repeats = [len(mask) != len(choice.output) for mask in choice.inputs]
        masks = [mask for mask, repeat in zip(choice.inputs, repeats, strict=True) if not repeat]
        output: Mask = np.logical_or.reduce([*masks, choice.output])
        inputs = tuple(np.ones(1, np.bool_) if repeat else output for repeat in repeats)
        return ChannelChoice(inputs, output)

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Combine the operands, a few samples at a time: int64 takes 8 times their memory."""
        first, second = broadcast_samples(inputs)
        shape = np.broadcast_shapes(first.shape, second.shape)
        step = max(1, _CHUNK_ELEMENTS // max(1, elements(shape[1:])))
        result = np.empty(shape, dtype=np.int8)
        for start in range(0, shape[0], step):
            part = slice(start, start + step)
            result[part] = self.combine(
                first[part].astype(np.int64), second[part].astype(np.int64), arithmetic
            )
        return result

    def split(self, site: LoweringSite, count: int) -> tuple[Part, ...]:
        """Divide the elements."""
        return elementwise_parts(self, site, count)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the flat kernel for equal shapes, else the broadcasting one.

        Both read element i of an operand of full size before they write element i of the result.
        """
        size = elements(site.output)
        full = tuple(index for index, shape in enumerate(site.inputs) if elements(shape) == size)
        if len(full) == 2:
            variant = f"{self.operator_name}_s8"
            geometry = {"size": size}
        else:
            variant = f"{self.operator_name}_broadcast_s8"
            geometry = merge_axes(*site.inputs).kernel_parameters()
        call = KernelCall(
            kernel=variant,
            folder=self.operator_name,
            parameters={**geometry, **self.kernel_parameters()},
            arguments=(InputArgument(0), InputArgument(1), OutputArgument()),
        )
        return Lowering(calls=(call,), in_place=full)

    def tflite_settings(self) -> TfliteOptions | None:
        """Return the TFLite operator's options: the fused activation."""
        return TfliteOptions(
            self.tflite_options, {"FusedActivationFunction": _TFLITE_ACTIVATION[self.activation]}
        )

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add the operator, between reshapes where TFLite cannot broadcast at the full rank."""
        first, second = (value.shape for value in operands.input_values)
        options = self.tflite_settings()
        if first == second or max(len(first), len(second)) <= self.tflite_broadcast_rank:
            graph.operator(
                self.tflite_code, operands.inputs, operands.output, options, self.tflite_version
            )
            return
        axes = merge_axes(first, second)
        if len(axes.extents) > self.tflite_broadcast_rank:
            raise NotExpressibleError(
                f"{self.tflite_code} broadcasts up to rank {self.tflite_broadcast_rank}"
            )
        merged = [axes.shape(axes.first), axes.shape(axes.second)]
        sources = [
            graph.intermediate(shape, value.quantization)
            for shape, value in zip(merged, operands.input_values, strict=True)
        ]
        for tensor, shape, source in zip(operands.inputs, merged, sources, strict=True):
            graph.reshape(tensor, shape, source)
        result = graph.intermediate(axes.extents, operands.output_value.quantization)
        graph.operator(self.tflite_code, sources, result, options, self.tflite_version)
        graph.reshape(result, operands.output_value.shape, operands.output)
