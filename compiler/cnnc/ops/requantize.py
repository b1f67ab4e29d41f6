"""Requantize: the same real values in another int8 format (spec 4.14).

Quantization inserts it where an op needs an operand in a format that its producer cannot adopt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnc.codegen.tflite_file import TensorRecord
from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import AnyArray, Quantization, Rounding
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import (
    QuantLookup,
    all_inputs,
    look_up,
    rescaling_multiplier,
    rescaling_table,
)
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader

_UINT8_OFFSET = 128
"""uint8 values with their zero point are int8 values with theirs, both greater by this."""


@dataclass(frozen=True, eq=False)
class QuantRequantize(QuantLookup):
    """y = clamp(MBQM(q - z_in, multiplier, shift) + z_out).

    Attributes:
        multiplier: Mantissa of s_in / s_out.
        shift: Its exponent.
        input_zero_point: z_in.
        output_zero_point: z_out.
    """

    multiplier: int
    shift: int
    input_zero_point: int
    output_zero_point: int

    tflite_code = "QUANTIZE"

    def evaluate(self, inputs: Sequence[AnyArray], arithmetic: Arithmetic) -> AnyArray:
        """Compute the formula, not the table, so that a table of another rounding shows."""
        distances = all_inputs() - self.input_zero_point
        table = arithmetic.requantize(
            distances, self.multiplier, self.shift, self.output_zero_point
        )
        return look_up(table, inputs[0])


def requantize(source: Quantization, target: Quantization, rounding: Rounding) -> QuantRequantize:
    """Return the op that takes int8 values from one format to another.

    Args:
        source: Format of the operand.
        target: Format of the result.
        rounding: The model's rounding, for the table.
    """
    ratio = source.scale / target.scale
    zero_points = (source.zero_point, target.zero_point)
    multiplier, shift = rescaling_multiplier(ratio)
    table = rescaling_table(ratio, zero_points, Arithmetic(rounding))
    return QuantRequantize(table, multiplier, shift, *zero_points)


def _read_quantize(reader: "TfliteNodeReader") -> None:
    """Read QUANTIZE between int8 formats, or at the graph's edge from float32, from or to uint8.

    At the edge nothing is computed: the int8 tensor becomes the graph's input or output.
    """
    source, result = reader.tensor(0), reader.result
    kinds = (source.element_type, result.element_type)
    if kinds == ("int8", "int8"):
        formats = reader.value(0).quantization, reader.output.quantization
        reader.emit(requantize(*formats, reader.rounding), [reader.key(0)])
    elif reader.is_graph_input(0) and (
        kinds == ("float32", "int8")
        or (kinds == ("uint8", "int8") and _same_values(source, result))
    ):
        reader.become_input()
    elif kinds == ("int8", "uint8") and reader.is_graph_output and _same_values(result, source):
        reader.become_output()
    else:
        raise UnsupportedAttributeError(
            f"from {kinds[0]} to {kinds[1]}; supported are int8 to int8, a float32 input of the "
            "model to int8, and uint8 inputs and outputs of the model that are int8 plus 128"
        )


def _read_dequantize(reader: "TfliteNodeReader") -> None:
    """Read DEQUANTIZE at the graph's end: the int8 tensor becomes the output."""
    source, result = reader.tensor(0), reader.result
    if source.element_type != "int8" or not reader.is_graph_output:
        raise UnsupportedAttributeError(
            f"from {source.element_type} to {result.element_type} inside the model; only int8 to "
            "float32 as an output of the model is supported"
        )
    reader.become_output()


def _same_values(unsigned: TensorRecord, signed: TensorRecord) -> bool:
    same_zero = unsigned.zero_point == signed.zero_point + _UINT8_OFFSET
    return unsigned.scales == signed.scales and same_zero


OPERATOR = OperatorDefinition(
    name="requantize",
    summary="Another int8 format for the same values, as a 256-byte table; inserted where needed.",
    readers={},
    float_ops=(),
    quant_ops=(QuantRequantize,),
    kernels=("lookup_s8",),
    tflite=("QUANTIZE",),
    tflite_readers={"QUANTIZE": _read_quantize, "DEQUANTIZE": _read_dequantize},
)
