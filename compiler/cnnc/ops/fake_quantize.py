"""FakeQuantize: real numbers rounded to an int8 format that the model itself states.

QuantizeLinear followed by DequantizeLinear. In an int8 network it is where a value's format is
given, and nothing is computed; what differs from its operand's format is a requantization.

A tensor between the two is stored as the reals that it stands for. uint8 becomes int8, with a zero
point that is smaller by 128. Formats of 16 bits are finer than int8: the value is then treated as
one without a format, which is calibrated.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from onnx import helper

from cnnc.codegen.kernel import InputArgument, KernelCall, Lowering, LoweringSite, OutputArgument
from cnnc.errors import UnsupportedAttributeError
from cnnc.importer.fold_quantization import EIGHT_BITS, checked_scale
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.types import F32, INT8_MAX, INT8_MIN, Quantization, Shape, elements
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.dequantize_bytes import DequantizeBytes
from cnnc.ops.requantize import requantize
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader

logger = logging.getLogger(__name__)

_WIDE = ("int16", "uint16")


@dataclass(frozen=True, eq=False)
class FakeQuantize(FloatOp):
    """scale * (clamp(round(x / scale) + zero_point) - zero_point), ties to even, in float32.

    Source: QuantizeLinear and DequantizeLinear on the ONNX operator pages.

    Attributes:
        format: The int8 format.
    """

    format: Quantization

    output_format = OutputFormat.FIXED

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return the operand's shape."""
        return inputs[0]

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Compute in float32, operation by operation as the C does."""
        scale, zero_point = np.float32(self.format.scale), np.float32(self.format.zero_point)
        with np.errstate(over="ignore"):
            steps = (inputs[0] / scale).astype(np.float32)
        low, high = np.float32(INT8_MIN) - zero_point, np.float32(INT8_MAX) - zero_point
        # Clamped first: the bounds are integers, so that rounding does not pass them. NaN is least,
        # as in C.
        bounded = np.clip(np.where(np.isnan(steps), low, steps), low, high)
        # Adding 0 makes -0 what the C has.
        rounded: F32 = np.rint(bounded) + np.float32(0.0)
        return np.asarray(rounded * scale, np.float32)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the requantization to the format, which is none where the operand has it."""
        return requantize(context.inputs[0], self.format, context.rounding)

    def lower_real(self, site: LoweringSite) -> Lowering:
        """Call the kernel; the result may take over the operand's memory."""
        call = KernelCall(
            kernel="fake_quantize_f32",
            folder="fake_quantize",
            parameters={
                "size": elements(site.output),
                "minimum": INT8_MIN - self.format.zero_point,
                "maximum": INT8_MAX - self.format.zero_point,
            },
            reals={"scale": self.format.scale},
            arguments=(InputArgument(0), OutputArgument()),
        )
        return Lowering(calls=(call,), in_place=(0,))


def _read_quantize(reader: "NodeReader") -> None:
    # Of the first element alone, which axis it is has no meaning.
    reader.ignore("axis", "saturate", "precision")
    value = reader.stored(0)
    format_ = _format(reader)
    if format_ is None:
        logger.info("'%s' has more than 8 bits: its int8 format is calibrated", reader.name)
        reader.define_quantized(value.key, value.axes, None)
        return
    key = reader.emit(FakeQuantize(format_), [value.key])
    reader.define_quantized(key, value.axes, format_)


def _read_dequantize(reader: "NodeReader") -> None:
    reader.ignore("axis")
    if not reader.is_quantized(0) and reader.element_type(0).value in EIGHT_BITS:
        _read_integers(reader)
        return
    given = reader.quantized(0)
    value = reader.stored(0)
    stated = _format(reader)
    if given != stated:
        raise UnsupportedAttributeError(
            f"its operand '{reader.input_name(0)}' was quantized with another scale or zero point",
            "quantize and dequantize a tensor with the same scale and zero point",
        )
    reader.define(value.key, value.axes)


def _read_integers(reader: "NodeReader") -> None:
    """Read the integers of a graph's input."""
    kind = reader.element_type(0).value
    if reader.has_input(2) and reader.constant(2, "zero point").dtype.name != kind:
        raise UnsupportedAttributeError(f"its operand is {kind}, its zero point is not")
    format_ = _format(reader, kind)
    value = reader.stored(0)
    if format_ is None:
        raise UnsupportedAttributeError(f"integers of type {kind} are not supported")
    op = DequantizeBytes(format_.scale, format_.zero_point + EIGHT_BITS[kind])
    real = reader.emit(op, [value.key], suffix="integers")
    reader.define(reader.emit(FakeQuantize(format_), [real]), value.axes)


def _format(reader: "NodeReader", default: str = "uint8") -> Quantization | None:
    """Return the int8 format of scale and zero point; None where the integers have 16 bits.

    Raises:
        UnsupportedAttributeError: One per channel, or of a type other than int8, uint8, int16 and
            uint16.
    """
    scale = checked_scale(reader.constant(1, "scale"))
    kind, zero_point = _zero_point(reader, default)
    if scale.size != 1:
        raise UnsupportedAttributeError(
            f"an activation with {scale.size} scales, one per channel, is not supported",
            "quantize activations per tensor; only weights can have a scale per channel",
        )
    if kind in _WIDE:
        return None
    if kind not in EIGHT_BITS:
        raise UnsupportedAttributeError(
            f"an activation of type {kind} is not supported",
            "quantize activations to int8 or uint8",
        )
    return Quantization(float(scale.reshape(())), zero_point - EIGHT_BITS[kind])


def _zero_point(reader: "NodeReader", default: str) -> tuple[str, int]:
    """Return type and value of the zero point; 0 of the type that the node names, or of another."""
    stated = reader.int_attribute("output_dtype", 0)
    if not reader.has_input(2):
        kind = helper.tensor_dtype_to_np_dtype(stated).name if stated else default
        return kind, 0
    array = reader.constant(2, "zero point")
    return array.dtype.name, int(array.reshape(-1)[0])


OPERATOR = OperatorDefinition(
    name="fake_quantize",
    summary="The int8 format that a quantized model gives a value; costs nothing by itself.",
    readers={"QuantizeLinear": _read_quantize, "DequantizeLinear": _read_dequantize},
    float_ops=(FakeQuantize,),
    quant_ops=(),
    kernels=("fake_quantize_f32",),
    tflite=(),
    limits=(
        "Activations have one scale per tensor, of int8 or uint8.",
        "Activations of 16 bits are calibrated and computed in int8.",
        "A tensor is dequantized with the scale and zero point that it was quantized with.",
    ),
)
