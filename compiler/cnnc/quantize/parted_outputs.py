"""Outputs that join values of very different ranges, as the boxes and scores of a detector.

One int8 format for coordinates up to 640 and probabilities up to 1 would leave the latter no level
between 0 and 1. Where an output of the network is such a join, the join runs on real numbers: each
part keeps a format of its own, and the output is float32.
"""

from collections import Counter

from cnnc.ir.float_model import FloatModel
from cnnc.ir.op import OutputFormat
from cnnc.ir.types import ElementType
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose
from cnnc.quantize.ranges import ValueRange, ValueRanges

LARGEST_RATIO = 16.0
"""From here on the part with the smaller range would have less than 4 of the 8 bits."""


def parted_joins(model: FloatModel, ranges: ValueRanges) -> dict[str, str]:
    """Return the nodes between such joins and the outputs: name -> why it runs on real numbers.

    Args:
        model: The network.
        ranges: Calibrated.
    """
    search = _Search(model, ranges)
    found: dict[str, str] = {}
    for port in model.outputs:
        found.update(search.above(port.value))
    return found


class _Search:
    def __init__(self, model: FloatModel, ranges: ValueRanges) -> None:
        self._model = model
        self._ranges = ranges
        self._uses: Counter[str] = model.use_counts()
        self._producers = {node.output: node for node in model.nodes}

    def above(self, value: str) -> dict[str, str]:
        """Return what must run on real numbers above a value that is an output or leads to one."""
        node = self._producers.get(value)
        if node is None or self._uses[value] != 1:
            return {}
        joins = node.op.output_format is OutputFormat.COMMON
        if not joins and not isinstance(node.op, Reshape | Transpose):
            return {}
        reasons: dict[str, str] = {}
        for name in node.inputs:
            reasons.update(self.above(name))
        own = self._reason(node.inputs) if joins else None
        if own is not None:
            reasons = {node.name: own, **reasons}
        elif reasons:
            reasons[node.name] = next(iter(reasons.values()))
        return reasons

    def _reason(self, operands: tuple[str, ...]) -> str | None:
        spans = {
            name: _span(self._ranges.range(name))
            for name in operands
            if self._model.element_type(name) is ElementType.FLOAT32
        }
        spans = {name: span for name, span in spans.items() if span > 0.0}
        if not spans or max(spans.values()) < LARGEST_RATIO * min(spans.values()):
            return None
        large, small = (pick(spans, key=lambda name: spans[name]) for pick in (max, min))
        return (
            f"joins '{large}' with a range of {spans[large]:.3g} and '{small}' with one of "
            f"{spans[small]:.3g}, too far apart for one int8 format"
        )


def _span(range_: ValueRange) -> float:
    return range_.high - range_.low
