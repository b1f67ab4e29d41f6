"""The part of the integer gate that knows which ops keep, join or fix the int8 format.

The rule of an op is the ``output_format`` of the float op that it comes from; the operator's
definition says which one that is.
"""

from collections.abc import Mapping
from functools import cache

from cnnc.errors import InternalError
from cnnc.ir.op import FloatOp, OutputFormat, QuantOp
from cnnc.ir.quant_model import QuantNode, QuantValue
from cnnc.ops._definition import operators

_SHARED = (OutputFormat.SAME_AS_INPUT, OutputFormat.COMMON)


def verify_formats(node: QuantNode, values: Mapping[str, QuantValue]) -> None:
    """Check the formats around one node.

    Raises:
        InternalError: The op needs one format for operands and result, or a fixed one for its
            result, and the model gives others.
    """
    origin = _origins().get(type(node.op))
    if origin is None:
        return
    result = values[node.output].format
    if origin.output_format in _SHARED:
        for name in node.inputs:
            if values[name].is_quantized and values[name].format != result:
                raise InternalError(
                    f"node '{node.name}' ({node.op.kind}) reads '{name}' in the format "
                    f"{values[name].format} and writes {result}; they must be equal"
                )
    fixed = origin.output_format is OutputFormat.FIXED and not origin.format_may_be_given
    if fixed and result != origin.fixed_format:
        raise InternalError(
            f"node '{node.name}' ({node.op.kind}) writes {result} instead of {origin.fixed_format}"
        )


@cache
def _origins() -> dict[type[QuantOp], type[FloatOp]]:
    """Return the float op of each integer op: the one of the same name in its operator."""
    return {
        quant_op: float_op
        for definition in operators()
        for quant_op in definition.quant_ops
        for float_op in definition.float_ops
        if quant_op.__name__ == f"Quant{float_op.__name__}"
    }
