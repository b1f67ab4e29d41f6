"""Formats so far apart that TFLite's kernels overflow: the table itself is looked up then."""

import pytest
from tests.support.tables import assert_same_as_tflite, quantized

from cnnc.ir.op import FloatOp, NoIntegerRuleError
from cnnc.ir.types import Quantization
from cnnc.ops.abs import Abs
from cnnc.ops.clip import Clip
from cnnc.ops.gelu import Gelu
from cnnc.ops.hard_swish import HardSwish
from cnnc.ops.leaky_relu import LeakyRelu
from cnnc.ops.mat_mul import MatMul
from cnnc.quantize.context import QuantizeContext

COARSE, FINE = Quantization(4.0, 3), Quantization(2.0**-22, -5)


@pytest.mark.parametrize(
    "op", [Clip(0.0, 6.0), Abs(), LeakyRelu(0.25), Gelu(), HardSwish()], ids=str
)
@pytest.mark.parametrize("formats", [(COARSE, FINE), (FINE, COARSE), (FINE, FINE)])
def test_tables_are_the_same(op: FloatOp, formats: tuple[Quantization, Quantization]) -> None:
    assert_same_as_tflite([quantized(op, *formats)])


def test_products_that_overflow_when_rescaled_are_no_integers() -> None:
    shapes = ((1, 128), (128, 1))
    unit = Quantization(1.0, 0)
    context = QuantizeContext(
        "op", "double", (unit, unit), shapes, Quantization(2.0**-8, 0), (1, 1)
    )
    with pytest.raises(NoIntegerRuleError, match="when rescaled"):
        MatMul().quantize(context)
