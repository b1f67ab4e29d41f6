"""What Minimum and Maximum share: one format on int8, any number of operands in ONNX."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.codegen.kernel import (
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.channels import ChannelBounds
from cnnc.ir.op import OutputFormat
from cnnc.ir.types import INT8_MAX, INT8_MIN, Activation, ElementType, elements
from cnnc.ops._binary import BinaryOp, integer_parameters
from cnnc.ops._broadcast import QuantBroadcast, merge_axes
from cnnc.ops._clip import Clip, clamp_levels
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


@dataclass(frozen=True, eq=False)
class ExtremeOp(BinaryOp):
    """The smaller or the larger of two operands."""

    output_format = OutputFormat.COMMON

    @abstractmethod
    def clip(self, bound: float) -> Clip:
        """Return the op for one operand where the other is this number."""


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantExtreme(QuantBroadcast):
    """The smaller or the larger of two operands of one format; nothing is clamped."""

    activation: Activation = Activation.NONE
    minimum: int = INT8_MIN
    maximum: int = INT8_MAX

    tflite_options = "MaximumMinimumOptions"
    tflite_broadcast_rank = 4
    judged_in_single_rounding = True

    def combined_bounds(
        self, first: ChannelBounds, second: ChannelBounds, arithmetic: Arithmetic
    ) -> ChannelBounds:
        """Combine both lower ends and both upper ends: the result never falls."""
        low = self.combine(first.low, second.low, arithmetic).astype(np.int64)
        return ChannelBounds(
            low, self.combine(first.high, second.high, arithmetic).astype(np.int64)
        )

    def kernel_parameters(self) -> dict[str, int]:
        """Return the element type."""
        return integer_parameters(ElementType.INT8)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the kernel for integers, which reads element i before it writes element i."""
        size = elements(site.output)
        call = KernelCall(
            kernel=f"{self.operator_name}_integers",
            folder=self.operator_name,
            parameters={
                **merge_axes(*site.inputs).kernel_parameters(),
                **self.kernel_parameters(),
            },
            arguments=(InputArgument(0), InputArgument(1), OutputArgument()),
        )
        full = tuple(index for index, shape in enumerate(site.inputs) if elements(shape) == size)
        return Lowering(calls=(call,), in_place=full)

    def tflite_settings(self) -> TfliteOptions:
        """Return the options: there are none."""
        return TfliteOptions(self.tflite_options, {})


def read_extreme(reader: "NodeReader", op: ExtremeOp) -> None:
    """Read Min or Max of any number of operands; a bound that is one number is a Clip."""
    indices = list(range(reader.input_count))
    rank = max(len(reader.onnx_shape(i)) for i in indices if not reader.is_constant(i))
    bounds = [index for index in indices if _is_bound(reader, index, rank)]
    others = [index for index in indices if index not in bounds]
    keys, axes = reader.aligned(others)
    result = keys[0]
    for position, key in enumerate(keys[1:]):
        last = position == len(keys) - 2 and not bounds
        result = reader.emit(op, [result, key], "" if last else f"operand_{position + 1}")
    for position, index in enumerate(bounds):
        last = position == len(bounds) - 1
        bound = float(reader.constant(index, "operand").item())
        result = reader.emit(op.clip(bound), [result], "" if last else f"bound_{position}")
    reader.define(result, axes)


def _is_bound(reader: "NodeReader", index: int, rank: int) -> bool:
    if not reader.is_constant(index):
        return False
    array = reader.constant(index, "operand")
    return array.size == 1 and array.ndim <= rank and array.dtype == np.float32


def read_tflite_extreme(
    reader: "TfliteNodeReader", op: type[QuantExtreme], *, is_minimum: bool
) -> None:
    """Read MINIMUM or MAXIMUM; a constant of one level becomes a table."""
    formats = {reader.value(index).quantization for index in (0, 1)}
    if formats != {reader.output.quantization}:
        raise UnsupportedAttributeError("both operands and the result need one format")
    constants = [index for index in (0, 1) if reader.is_constant(index)]
    if len(constants) == 1:
        levels = np.unique(reader.int8_constant(constants[0]))
        other = 1 - constants[0]
        if levels.size == 1 and reader.value(other).shape == reader.output.shape:
            level = int(levels[0])
            limits = (INT8_MIN, level) if is_minimum else (level, INT8_MAX)
            reader.emit(clamp_levels(limits), [reader.key(other)])
            return
    reader.emit(op(), [reader.key(0), reader.key(1)])
