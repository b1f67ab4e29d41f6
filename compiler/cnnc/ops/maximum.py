"""The larger of two or more tensors, element by element (ONNX Max)."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnnc.ir.op import QuantOp
from cnnc.ir.types import I8, I64, Tensor
from cnnc.ops._binary import refuse_integers
from cnnc.ops._clip import Clip
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._extreme import ExtremeOp, QuantExtreme, read_extreme, read_tflite_extreme
from cnnc.quantize import float_math
from cnnc.quantize.context import QuantizeContext
from cnnc.quantize.fixed_point import Arithmetic

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader


@dataclass(frozen=True, eq=False)
class Maximum(ExtremeOp):
    """The larger of both operands, which broadcast together; NaN where either is."""

    operator_name = "maximum"

    def combine(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the larger one; the second where they are equal."""
        chosen = np.where(first > second, first, second)
        if chosen.dtype != np.float32:
            return chosen
        return np.where(np.isnan(first) | np.isnan(second), float_math.NAN, chosen)

    def clip(self, bound: float) -> Clip:
        """Return the bound."""
        return Clip(bound, math.inf)

    def quantize(self, context: QuantizeContext) -> QuantOp:
        """Return the same op on int8: order is preserved."""
        refuse_integers(context)
        return QuantMaximum()


@dataclass(frozen=True, eq=False, kw_only=True)
class QuantMaximum(QuantExtreme):
    """The larger of two operands on int8."""

    operator_name = "maximum"
    tflite_code = "MAXIMUM"

    def combine(self, first: I64, second: I64, arithmetic: Arithmetic) -> I8:
        """Compare the levels."""
        return np.maximum(first, second).astype(np.int8)


def _read_max(reader: "NodeReader") -> None:
    read_extreme(reader, Maximum())


def _read_tflite_maximum(reader: "TfliteNodeReader") -> None:
    read_tflite_extreme(reader, QuantMaximum, is_minimum=False)


OPERATOR = OperatorDefinition(
    name="maximum",
    summary="The larger of two or more tensors, with broadcasting; a number becomes a Clip.",
    readers={"Max": _read_max},
    float_ops=(Maximum,),
    quant_ops=(QuantMaximum,),
    kernels=("maximum_f32", "maximum_integers"),
    tflite=("MAXIMUM", "RESHAPE"),
    limits=("Shapes that alternate between repeating and not at most 6 times.",),
    tflite_readers={"MAXIMUM": _read_tflite_maximum},
)
