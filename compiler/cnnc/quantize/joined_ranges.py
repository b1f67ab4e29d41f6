"""Ranges of values that are joined with others, and so have to hold what the others hold.

The result of a concat needs the union of its operands' ranges, not a range of its own: the
percentile of all elements together would cut off a small operand of large values. A Pad joins its
operand with a constant; where the operand's range does not hold that, the two are joined like the
operands of a concat.
"""

from dataclasses import dataclass

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import OutputFormat
from cnnc.ir.types import INT8_MAX, INT8_MIN, ElementType, Quantization
from cnnc.ops.pad import Pad
from cnnc.quantize.parameters import with_zero
from cnnc.quantize.ranges import ValueRange, ValueRanges, format_of_value

LOWEST_PADDING = -float(np.finfo(np.float32).max) / 2.0
"""Padding from here down stands for minus infinity, before a maximum: -128 does as well."""


@dataclass(frozen=True)
class JoinedRanges:
    """What ``join_ranges`` decides.

    Attributes:
        ranges: As calibrated, except for values that are joined or have a joined value's format.
        joining: Outputs of the nodes whose operands are all brought to the output's format.
    """

    ranges: ValueRanges
    joining: frozenset[str]


def join_ranges(
    model: FloatModel, calibrated: ValueRanges, apart: frozenset[str] = frozenset()
) -> JoinedRanges:
    """Return ranges with which every join holds all that is joined.

    Args:
        model: The network.
        calibrated: Range of every input, constant and node output.
        apart: Names of nodes whose operands keep formats of their own.

    Raises:
        InternalError: A range is missing.
    """
    found = {name: calibrated.range(name) for name in model.shapes}
    fixed: dict[str, Quantization] = {}
    joining: set[str] = set()
    for node in model.nodes:
        if node.name in apart:
            continue
        first = node.inputs[0]
        real = [name for name in node.inputs if model.element_type(name) is ElementType.FLOAT32]
        operands = [found[name] for name in real]
        padding = _padding(node, fixed.get(first) or format_of_value(first, found[first]))
        if padding is not None or _joins(node, len(real)):
            joining.add(node.output)
            found[node.output] = _union([*operands, padding or ValueRange(0.0, 0.0)])
        elif node.op.output_format is OutputFormat.SAME_AS_INPUT:
            found[node.output] = found[first]
            fixed.update({node.output: fixed[first]} if first in fixed else {})
        elif node.op.fixed_format is not None:
            fixed[node.output] = node.op.fixed_format
    ranges = ValueRanges(found, calibrated.samples, calibrated.method)
    return JoinedRanges(ranges, frozenset(joining))


def _joins(node: FloatNode, operands: int) -> bool:
    """Whether several operands of real numbers share the result's format."""
    if node.op.output_format is OutputFormat.COMMON:
        return True
    return node.op.output_format is OutputFormat.SAME_AS_INPUT and operands > 1


def _padding(node: FloatNode, operand: Quantization) -> ValueRange | None:
    """Return the constant that a Pad adds, unless its operand's format holds it anyway."""
    if not isinstance(node.op, Pad) or node.op.value <= LOWEST_PADDING:
        return None
    steps = node.op.value / operand.scale + operand.zero_point
    # A step beyond either end costs no more than rounding does.
    if INT8_MIN - 1 <= steps <= INT8_MAX + 1:
        return None
    return ValueRange(*with_zero(node.op.value, node.op.value))


def _union(ranges: list[ValueRange]) -> ValueRange:
    return ValueRange(min(range_.low for range_ in ranges), max(range_.high for range_ in ranges))
