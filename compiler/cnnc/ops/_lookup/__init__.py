"""What elementwise ops of one operand share: a table with the result for each of the 256 inputs.

Where an op maps every int8 to an int8 by a fixed function, the function is evaluated when the
model is quantized; C, reference and TFLite then agree because nothing is left to compute.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from cnnc.codegen.kernel import (
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    LoweringSite,
    OutputArgument,
)
from cnnc.codegen.parts import Part, elementwise_parts
from cnnc.codegen.tflite import TfliteOptions
from cnnc.errors import InternalError
from cnnc.ir.channels import ChannelBounds, ChannelChoice, ChannelSite
from cnnc.ir.op import QuantOp
from cnnc.ir.types import (
    F32,
    I8,
    I64,
    INT8_MAX,
    INT8_MIN,
    AnyArray,
    ElementType,
    Quantization,
    Shape,
    elements,
)
from cnnc.quantize.fixed_point import Arithmetic, quantize_multiplier, round_half_away

if TYPE_CHECKING:
    from cnnc.codegen.tflite import TfliteGraph, TfliteOperands

_TABLE_SIZE = 256
TABLE_OPERATORS = ("ADD", "CAST", "GATHER")
"""TFLite operators that look a table up; see ``export_table``."""
_TFLITE_LARGEST_RATIO = 2.0**23
_TFLITE_TYPES = {ElementType.INT8: 9, ElementType.UINT8: 3}
_TFLITE_INT32 = 2
_SATURATING_MULTIPLIER = 512.0
_BEYOND_INT8 = np.float32(1024)


@dataclass(frozen=True, eq=False)
class QuantLookup(QuantOp):
    """y = table[q + 128], element by element.

    Attributes:
        table: int8 [256], the result for -128 first.
    """

    table: I8

    judged_in_single_rounding = True

    tflite_code: ClassVar[str] = ""
    """The TFLite operator with the same table; empty where there is none."""
    tflite_rounds_alike: ClassVar[bool] = False
    """Whether that operator has the same table in every kind of rounding."""
    tflite_version: ClassVar[int] = 2
    """Its version that takes int8."""

    def __post_init__(self) -> None:
        if self.table.shape != (_TABLE_SIZE,) or self.table.dtype != np.int8:
            raise InternalError(f"a lookup table is int8 [256], not {self.table.shape}")

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Look every element up; the table already holds the model's rounding."""
        return look_up(self.table, inputs[0])

    def channel_bounds(self, site: ChannelSite) -> ChannelBounds:
        """Return the extremes of the table over each channel's interval."""
        every_input = all_inputs().astype(np.int8)[np.newaxis]
        image = self.evaluate([every_input], site.arithmetic)[0].astype(np.int64)
        spans = [
            image[low - INT8_MIN : high - INT8_MIN + 1]
            for low, high in zip(site.bounds[0].low, site.bounds[0].high, strict=True)
        ]
        return ChannelBounds(
            np.array([span.min() for span in spans], np.int64),
            np.array([span.max() for span in spans], np.int64),
        )

    def widen_channels(self, site: ChannelSite, choice: ChannelChoice) -> ChannelChoice:
        """Keep the same channels of operand and result."""
        return choice.in_step()

    def split(self, site: LoweringSite, count: int) -> tuple[Part, ...]:
        """Divide the elements."""
        return elementwise_parts(self, site, count)

    def lower(self, site: LoweringSite) -> Lowering:
        """Call the table kernel; the result may take over the operand's memory."""
        call = KernelCall(
            kernel="lookup_s8",
            folder="lookup",
            parameters={"size": elements(site.output)},
            arguments=(InputArgument(0), OutputArgument(), ConstantArgument("table", self.table)),
        )
        return Lowering(calls=(call,), in_place=(0,))

    def export_tflite(self, graph: "TfliteGraph", operands: "TfliteOperands") -> None:
        """Add the TFLite operator that builds the same table, or look the table itself up.

        In single rounding it is the table, as XNNPACK's kernels round otherwise (spec section 6).
        """
        rounds_otherwise = graph.rounding == "single" and not self.tflite_rounds_alike
        if not self.tflite_code or rounds_otherwise or tflite_overflows(operands):
            export_table(self.table, graph, operands)
            return
        graph.operator(
            self.tflite_code,
            [operands.inputs[0]],
            operands.output,
            self.tflite_options(),
            self.tflite_version,
        )

    def tflite_options(self) -> TfliteOptions | None:
        """Return the TFLite operator's options, if it has any."""
        return None


def tflite_overflows(operands: "TfliteOperands") -> bool:
    """Return whether TFLite's kernels would shift a rescaled element out of int32."""
    source, target = operands.input_values[0].quantization, operands.output_value.quantization
    return source.scale / target.scale >= _TFLITE_LARGEST_RATIO


def export_table(
    table: I8,
    graph: "TfliteGraph",
    operands: "TfliteOperands",
    kind: ElementType = ElementType.INT8,
) -> None:
    """Add CAST, ADD and GATHER: the element of the table at q + 128; at q of uint8.

    Args:
        table: The result for the least integer first.
        graph: To be added to.
        operands: What is looked up, and where it goes.
        kind: int8 or uint8.
    """
    shape = operands.input_values[0].shape
    wide = graph.integers(shape)
    casting = {"InDataType": _TFLITE_TYPES[kind], "OutDataType": _TFLITE_INT32}
    graph.operator("CAST", operands.inputs, wide, TfliteOptions("CastOptions", casting))
    index = graph.integers(shape)
    offset = graph.constant(np.array([-np.iinfo(kind.numpy).min], np.int32))
    graph.operator("ADD", [wide, offset], index, TfliteOptions("AddOptions", {}))
    format_ = operands.output_value.quantization
    values = graph.constant(table, (format_.scale,), format_.zero_point)
    gathering = TfliteOptions("GatherOptions", {"Axis": 0})
    graph.operator("GATHER", [values, index], operands.output, gathering, version=2)


def look_up(table: I8, q: AnyArray) -> AnyArray:
    """Return table[q + 128] for every element of q; int8, any shape."""
    # bytes.translate counts 0..127, -128..-1; indexing by an array would take 8 bytes a value.
    by_byte = np.roll(table, _TABLE_SIZE // 2).tobytes()
    result = bytearray(q.tobytes()).translate(by_byte)
    return np.frombuffer(result, dtype=np.int8).reshape(q.shape)


def all_inputs() -> I64:
    """Return the 256 int8 values in the order of a table."""
    return np.arange(INT8_MIN, INT8_MAX + 1, dtype=np.int64)


def function_table(
    function: Callable[[float], np.float32], source: Quantization, target: Quantization
) -> I8:
    """Tabulate a real function as TFLite does for LOGISTIC, TANH, EXP and GELU (spec 4.10).

    y = clamp(round(f32(f(f32(s_in (q - z_in))) * f32(1 / s_out))) + z_out), float32 throughout,
    ties away from zero.

    Args:
        function: From a float32 value to float32.
        source: Format of the operand.
        target: Format of the result.
    """
    distance = (all_inputs() - source.zero_point).astype(np.float32)
    real = np.float32(source.scale) * distance
    image = np.array([function(float(x)) for x in real], dtype=np.float32)
    return table_of(image, target)


def table_of(image: F32, target: Quantization) -> I8:
    """Return the table of a function whose results are known.

    An infinite result is the end of int8; one that is no number is the zero point.

    Args:
        image: [256], the result for each operand in the order of a table.
        target: Format of the result.
    """
    with np.errstate(all="ignore"):
        scaled = image * (np.float32(1.0) / np.float32(target.scale))
    numbers = np.where(np.isnan(scaled), np.float32(0.0), scaled)
    bounded = np.clip(numbers, -_BEYOND_INT8, _BEYOND_INT8)
    return np.clip(round_half_away(bounded) + target.zero_point, INT8_MIN, INT8_MAX).astype(np.int8)


def rescaling_multiplier(ratio: float) -> tuple[int, int]:
    """Return mantissa and shift (spec 2.4) of s_in / s_out for a table of rescaled inputs.

    From 512 on, every q other than the zero point saturates: larger ratios, which would overflow
    int32, give the same table.
    """
    return quantize_multiplier(min(ratio, _SATURATING_MULTIPLIER))


def rescaling_table(
    ratio: float,
    zero_points: tuple[int, int],
    arithmetic: Arithmetic,
    limits: tuple[int, int] = (INT8_MIN, INT8_MAX),
) -> I8:
    """Tabulate y = clamp(MBQM(q - z_in, QM(s_in / s_out)) + z_out) (spec 4.12, 4.14).

    Args:
        ratio: s_in / s_out, in the float type that the operator prescribes.
        zero_points: z_in and z_out.
        arithmetic: The model's rounding.
        limits: Closed int8 interval of the result.
    """
    multiplier, shift = rescaling_multiplier(ratio)
    source, target = zero_points
    return arithmetic.requantize(all_inputs() - source, multiplier, shift, target, limits)
