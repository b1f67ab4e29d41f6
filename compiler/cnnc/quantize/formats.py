"""Decide the int8 format of every value, and where an operand has to be requantized.

Rules (``OutputFormat``): an op's output has the format of its calibrated range, of its operand, a
fixed one, or, for concat, one format that holds all operands and that they are brought to
(``joined_ranges.py``). An operand that nobody else reads adopts the common format where it is
produced, through any chain of format-keeping ops that are read once; every other operand needs a
requantization.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from cnnc.errors import InternalError
from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import OutputFormat
from cnnc.ir.types import Quantization
from cnnc.ops.fake_quantize import FakeQuantize
from cnnc.quantize.given_formats import GivenFormats, given_formats
from cnnc.quantize.joined_ranges import JoinedRanges, join_ranges
from cnnc.quantize.parted_outputs import parted_joins
from cnnc.quantize.ranges import ValueRanges


@dataclass(frozen=True)
class Formats:
    """The int8 formats of a network.

    Attributes:
        values: Format of every input, constant and value, by key.
        requantized: (node name, operand index) -> format that the node needs this operand in.
        real: Name of a node that runs on real numbers, whatever it could -> why.
        real_outputs: Values that leave the network as real numbers.
    """

    values: dict[str, Quantization]
    requantized: dict[tuple[str, int], Quantization]
    real: Mapping[str, str] = field(default_factory=dict[str, str])
    real_outputs: frozenset[str] = frozenset()


def assign_formats(
    model: FloatModel, ranges: ValueRanges, given: GivenFormats | None = None
) -> Formats:
    """Return the format of every value.

    Args:
        model: The network.
        ranges: Range of every input, constant and node output.
        given: What the model itself says; by default as ``given_formats`` finds it.

    Raises:
        InternalError: A range is missing, or an op with a fixed format does not say which.
        CalibrationError: int8 cannot cover a range; names the value.
    """
    stated = given_formats(model) if given is None else given
    # A model that states its formats states those of its outputs too.
    parted = {} if stated.values else parted_joins(model, ranges)
    joined = join_ranges(model, ranges, frozenset(parted))
    # What the model states goes before what a join would like.
    adopted = {**_adopted_formats(model, joined, stated.values), **stated.values}
    values: dict[str, Quantization] = {}
    for name in (*(port.value for port in model.inputs), *model.constants):
        values[name] = adopted.get(name) or joined.ranges.quantization(name)
    requantized: dict[tuple[str, int], Quantization] = {}
    for node in model.nodes:
        output = stated.values.get(node.output)
        if output is None and node.name in stated.real and node.output in stated.calibrated:
            # Its operand, which is real too, has no format that it could keep.
            output = ranges.quantization(node.output)
        output = output or _output_format(node, values, adopted, joined)
        values[node.output] = output
        if node.output not in joined.joining:
            continue
        for index, name in enumerate(node.inputs):
            if values[name] != output:
                requantized[node.name, index] = output
    made = {node.output for node in model.nodes if node.name in parted}
    outputs = frozenset(port.value for port in model.outputs) & made
    return Formats(values, requantized, {**stated.real, **parted}, outputs)


def _output_format(
    node: FloatNode,
    values: dict[str, Quantization],
    adopted: dict[str, Quantization],
    joined: JoinedRanges,
) -> Quantization:
    if isinstance(node.op, FakeQuantize):
        return node.op.format
    if node.op.output_format is OutputFormat.FIXED:
        if node.op.fixed_format is None:
            raise InternalError(f"{node.op.kind} has a fixed output format but does not say which")
        return node.op.fixed_format
    if node.op.output_format is OutputFormat.SAME_AS_INPUT and node.output not in joined.joining:
        return values[node.inputs[0]]
    return adopted.get(node.output) or joined.ranges.quantization(node.output)


def _adopted_formats(
    model: FloatModel, joined: JoinedRanges, stated: Mapping[str, Quantization]
) -> dict[str, Quantization]:
    """Return the format of every value that takes over the one of its only reader."""
    uses = model.use_counts()
    adopted = dict(stated)
    # From the end, so that a concat inside a concat already knows what it adopts.
    for node in reversed(model.nodes):
        if node.output not in joined.joining:
            continue
        common = adopted.get(node.output) or joined.ranges.quantization(node.output)
        for name in node.inputs:
            chain = _adopting_chain(model, name, uses, joined.joining)
            adopted.update(dict.fromkeys(chain, common))
    return adopted


def _adopting_chain(
    model: FloatModel, value: str, uses: Counter[str], joining: frozenset[str]
) -> list[str]:
    """Return the value and what it is made from up to the op that can adopt; [] if none can."""
    chain: list[str] = []
    while uses[value] == 1:
        chain.append(value)
        if value in model.constants:
            return chain
        producer = model.producer(value)
        if producer is None or producer.op.output_format is OutputFormat.FIXED:
            return []
        if producer.op.output_format is OutputFormat.FROM_RANGE or value in joining:
            return chain
        value = producer.inputs[0]
    return []
