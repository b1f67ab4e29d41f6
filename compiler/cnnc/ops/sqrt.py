"""Square root (ONNX Sqrt; TFLite SQRT)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.ir.op import QuantOp
from cnnc.ir.types import F32, INT8_MAX, INT8_MIN
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._lookup import TABLE_OPERATORS, all_inputs
from cnnc.ops._unary import QuantFunction, UnaryOp, read_unary
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_BEYOND_INT8 = np.float32(1024)


@dataclass(frozen=True, eq=False)
class Sqrt(UnaryOp):
    """The square root."""

    operator_name = "sqrt"

    def apply(self, x: F32) -> F32:
        """Compute the function."""
        return float_math.sqrt(x)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the table."""
        return QuantSqrt(self.table(context))


@dataclass(frozen=True, eq=False)
class QuantSqrt(QuantFunction):
    """Square root on int8."""


def _read_sqrt(reader: "NodeReader") -> None:
    read_unary(reader, Sqrt())


def _read_tflite_sqrt(reader: "TfliteNodeReader") -> None:
    """Read SQRT, which rounds sqrt(x) / s_out down."""
    source, target = reader.value(0).quantization, reader.output.quantization
    distance = np.maximum(all_inputs() - source.zero_point, 0).astype(np.float32)
    steps = np.sqrt(np.float32(source.scale) * distance) / np.float32(target.scale)
    levels = np.floor(np.minimum(steps, _BEYOND_INT8)) + target.zero_point
    table = np.clip(levels, INT8_MIN, INT8_MAX).astype(np.int8)
    reader.emit(QuantSqrt(table), [reader.key(0)])


OPERATOR = OperatorDefinition(
    name="sqrt",
    summary="The square root, as a 256-byte table on int8; below zero it is 0 there.",
    readers={"Sqrt": _read_sqrt},
    float_ops=(Sqrt,),
    quant_ops=(QuantSqrt,),
    kernels=("lookup_s8", "sqrt_f32"),
    tflite=TABLE_OPERATORS,
    limits=("SQRT of .tflite files rounds down, as TFLite does; ONNX's to the nearest value.",),
    tflite_readers={"SQRT": _read_tflite_sqrt},
)
