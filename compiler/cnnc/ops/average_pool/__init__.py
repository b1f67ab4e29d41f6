"""Average pooling over one to three axes (ONNX AveragePool; spec 4.6).

y = sum of the counted taps / their number n. Padding counts as real 0 with count_include_pad,
otherwise not at all; what ceil_mode adds beyond the padding never counts in ONNX, but as padding
does in ONNX Runtime's QLinearAveragePool (the attribute count_overhang here).
int8: y = tdiv(sum > 0 ? sum + n/2 : sum - n/2, n), where padding that counts is the zero point.
"""

from typing import TYPE_CHECKING

from cnnc.ops._definition import OperatorDefinition
from cnnc.ops._one_row import emit_with_rows
from cnnc.ops._pool_window import read_pool_window
from cnnc.ops._tflite_import import read_tflite_window
from cnnc.ops.average_pool.float_op import AveragePool
from cnnc.ops.average_pool.quant_op import QuantAveragePool, QuantAveragePool3
from cnnc.ops.clip import emit_clamped

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

__all__ = ["OPERATOR", "AveragePool", "QuantAveragePool", "QuantAveragePool3"]


def _read_average_pool(reader: "NodeReader") -> None:
    include = bool(reader.int_attribute("count_include_pad", 0))
    counts_overhang = bool(reader.int_attribute("count_overhang", 0))
    pool = read_pool_window(reader)
    has_uncounted = any(pool.uncounted) and not counts_overhang
    op = AveragePool(
        window=pool.window,
        count_include_pad=include and pool.window.has_padding,
        uncounted=pool.uncounted if has_uncounted else (),
    )
    emit_with_rows(reader, op)


def _read_average_pool_2d(reader: "TfliteNodeReader") -> None:
    kernel = (reader.option("FilterHeight", 0), reader.option("FilterWidth", 0))
    op = AveragePool(read_tflite_window(reader, kernel, dilated=False))
    emit_clamped(reader, op, reader.activation())


OPERATOR = OperatorDefinition(
    name="average_pool",
    summary="Average over a window of up to three axes.",
    readers={"AveragePool": _read_average_pool},
    float_ops=(AveragePool,),
    quant_ops=(QuantAveragePool, QuantAveragePool3),
    kernels=("average_pool_s8", "average_pool_volume_s8", "average_pool_f32"),
    tflite=("AVERAGE_POOL_2D", "PAD"),
    limits=(
        "Images of one, two or three axes only.",
        "auto_pad SAME with dilations pads for the kernel without them, as ONNX Runtime does.",
    ),
    tflite_readers={"AVERAGE_POOL_2D": _read_average_pool_2d},
)
