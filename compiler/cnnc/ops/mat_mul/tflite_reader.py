"""Read TFLite's BATCH_MATMUL."""

from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.op import NoIntegerRuleError
from cnnc.ops.mat_mul.float_op import MatMul

if TYPE_CHECKING:
    from cnnc.importer.tflite.reader import TfliteNodeReader


def read_batch_matmul(reader: "TfliteNodeReader") -> None:
    """Add the product; either operand may be a constant.

    Raises:
        UnsupportedAttributeError: The sums could pass int32.
    """
    # About float activations.
    reader.ignore("AsymmetricQuantizeInputs")
    op = MatMul(bool(reader.option("AdjX", 0)), bool(reader.option("AdjY", 0)))
    try:
        reader.emit(op, [reader.key(0), reader.key(1)])
    except NoIntegerRuleError as error:
        raise UnsupportedAttributeError(str(error)) from error
