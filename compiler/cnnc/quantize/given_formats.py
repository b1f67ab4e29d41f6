"""Which values of a quantized model have their int8 format given, and what to do with the others.

A ``FakeQuantize`` gives its result a format. From there formats spread, in both directions:

* back to what it reads, through Clip, MaxPool, Pad and moves, which are the same before and behind
  rounding; the layer there then computes in the format at once, without a second rounding. Where
  something else reads the reals too, only a layer with weights does so;
* on to what keeps its operand's format, to softmax and its like, which have a fixed one, and to a
  join of operands that have one each.

A layer is settled if its result has a format and its operands have. The others form islands,
connected by the values without a format. An island with weights is calibrated, as in a float model;
a multiply-add per channel, which a BatchNormalization becomes, does not count. Any other runs on
real numbers, so that nothing is rounded that the model does not round.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.op import OutputFormat, WeightedOp
from cnnc.ir.types import INT8_MAX, INT8_MIN, ElementType, Quantization
from cnnc.ops.average_pool import AveragePool
from cnnc.ops.clip import Clip
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d
from cnnc.ops.fake_quantize import FakeQuantize
from cnnc.ops.pad import Pad
from cnnc.ops.resize import ResizeLinear
from cnnc.quantize.joined_ranges import LOWEST_PADDING
from cnnc.quantize.parameters import format_of_range

_ISLAND = "the model leaves it on real numbers between its int8 formats"


@dataclass(frozen=True)
class GivenFormats:
    """What a quantized model says of its values.

    Attributes:
        values: Key -> the format that the model gives.
        real: Name of a node -> why it runs on real numbers.
        calibrated: Values whose range has to be found from data.
    """

    values: dict[str, Quantization] = field(default_factory=dict[str, Quantization])
    real: dict[str, str] = field(default_factory=dict[str, str])
    calibrated: frozenset[str] = frozenset()


def has_given_formats(model: FloatModel) -> bool:
    """Whether the model was quantized before."""
    return any(isinstance(node.op, FakeQuantize) for node in model.nodes)


def given_formats(model: FloatModel) -> GivenFormats:
    """Return the formats that a model gives; of a float model, that all values are calibrated."""
    if not has_given_formats(model):
        return GivenFormats(calibrated=frozenset(model.shapes))
    values, settled = _spread(model, _wanted_formats(model))
    islands = _Islands(model, values, settled)
    return GivenFormats(values, islands.real_nodes(), islands.calibrated_values())


def format_span(format_: Quantization) -> tuple[float, float]:
    """Return the least and the greatest real number of a format."""
    low, high = INT8_MIN - format_.zero_point, INT8_MAX - format_.zero_point
    return format_.scale * low, format_.scale * high


@dataclass(frozen=True)
class _Wanted:
    """The formats that the readers of values want them in.

    Attributes:
        formats: Value -> a format that holds those of all its readers.
        clipped: Values whose format is that of a Clip behind them: no others may read them.
    """

    formats: dict[str, Quantization]
    clipped: set[str]

    def may_have(self, value: str, rounded: set[str], *, is_layer: bool) -> bool:
        """Return whether a value can have the format, though it may have other readers.

        Args:
            value: The value.
            rounded: Those without other readers.
            is_layer: Whether a layer with weights computes it, or it is an input.
        """
        alone = value in rounded
        return value in self.formats and (alone or (is_layer and value not in self.clipped))


def _wanted_formats(model: FloatModel) -> _Wanted:
    producers = {node.output: node for node in model.nodes}
    wanted: dict[str, Quantization] = {}
    clipped: set[str] = set()
    for node in reversed(model.nodes):
        if not isinstance(node.op, FakeQuantize):
            continue
        value, behind = node.inputs[0], False
        while True:
            wanted[value] = _holding(wanted.get(value), node.op.format)
            clipped.update([value] if behind else [])
            producer = producers.get(value)
            if producer is None or not _commutes(producer, node.op.format):
                break
            value, behind = producer.inputs[0], behind or isinstance(producer.op, Clip)
    return _Wanted(wanted, clipped)


def _holding(first: Quantization | None, second: Quantization) -> Quantization:
    """Return the coarser format where it holds the other's numbers, else one for both spans."""
    if first is None:
        return second
    finer, coarser = sorted((first, second), key=lambda format_: format_.scale)
    (least, most), (low, high) = format_span(finer), format_span(coarser)
    # Ends that are a step apart are those of one range, rounded to different steps.
    if low - coarser.scale <= least and most <= high + coarser.scale:
        return coarser
    return format_of_range(min(least, low), max(most, high))


def _commutes(node: FloatNode, format_: Quantization) -> bool:
    """Return whether rounding to the format may come before the op as well as behind it."""
    if isinstance(node.op, Clip):
        return True
    if isinstance(node.op, Pad) and not _holds(format_, node.op.value):
        return False
    # An average of saturated numbers is not a saturated average.
    return _keeps_format(node) and not isinstance(node.op, (AveragePool, ResizeLinear))


def _holds(format_: Quantization, real: float) -> bool:
    steps = real / format_.scale
    return steps == round(steps) and format_span(format_)[0] <= real <= format_span(format_)[1]


def _spread(model: FloatModel, wanted: _Wanted) -> tuple[dict[str, Quantization], set[str]]:
    """Return the format of every value that has one, and the names of the settled nodes."""
    rounded = _only_rounded(model)
    inputs = [port.value for port in model.inputs]
    values = {
        name: wanted.formats[name]
        for name in inputs
        if wanted.may_have(name, rounded, is_layer=True)
    }
    settled: set[str] = set()
    for node in model.nodes:
        if isinstance(node.op, FakeQuantize):
            values[node.output] = node.op.format
            settled.add(node.name)
            continue
        known = all(_is_known(model, name, values) for name in node.inputs)
        adopts = known or _takes_any_format(node)
        if adopts and wanted.may_have(node.output, rounded, is_layer=_has_weights(node)):
            values[node.output] = wanted.formats[node.output]
        if not known:
            continue
        format_ = _format_behind(node, values, rounded)
        if format_ is not None:
            values[node.output] = format_
            settled.add(node.name)
        elif model.element_type(node.output) is not ElementType.FLOAT32:
            settled.add(node.name)
    return values, settled


def _keeps_format(node: FloatNode) -> bool:
    return node.op.output_format is OutputFormat.SAME_AS_INPUT and len(node.inputs) == 1


def _takes_any_format(node: FloatNode) -> bool:
    """Return whether the result's format is up to neither the operator nor its operand."""
    has_its_own = node.op.output_format is OutputFormat.FIXED and not node.op.format_may_be_given
    return not has_its_own and not _keeps_format(node)


def _is_known(model: FloatModel, name: str, values: dict[str, Quantization]) -> bool:
    constant = name in model.constants
    return constant or name in values or model.element_type(name) is not ElementType.FLOAT32


def _format_behind(
    node: FloatNode, values: dict[str, Quantization], rounded: set[str]
) -> Quantization | None:
    """Return the format of the result of a node whose operands have one."""
    formats = [values[name] for name in node.inputs if name in values]
    wanted = values.get(node.output)
    kind = node.op.output_format
    if isinstance(node.op, Pad) and not _fits(formats, node.op.value):
        return wanted
    if kind is OutputFormat.FIXED and not (wanted and node.op.format_may_be_given):
        return node.op.fixed_format if node.output in rounded else None
    if _keeps_format(node) and formats:
        return formats[0]
    if wanted is not None:
        return wanted
    keeps = isinstance(node.op, Clip) or kind is not OutputFormat.FROM_RANGE
    alike = len(set(formats)) == 1 and len(formats) == len(node.inputs)
    return formats[0] if keeps and alike else None


def _fits(formats: list[Quantization], padding: float) -> bool:
    """Return whether the operand's format reaches what is padded with; anything may be clamped."""
    if not formats or padding <= LOWEST_PADDING:
        return True
    low, high = format_span(formats[0])
    return low - formats[0].scale <= padding <= high + formats[0].scale


def _only_rounded(model: FloatModel) -> set[str]:
    """Return the values that nothing reads but outputs and FakeQuantize, moves in between."""
    rounded: set[str] = set()
    computed = [node.output for node in reversed(model.nodes)]
    for value in (*computed, *(port.value for port in model.inputs)):
        readers = model.consumers(value)
        if all(isinstance(r.op, FakeQuantize) or _passes(r, rounded) for r in readers):
            rounded.add(value)
    return rounded


def _passes(reader: FloatNode, rounded: set[str]) -> bool:
    keeps = reader.op.output_format is OutputFormat.SAME_AS_INPUT or isinstance(reader.op, Clip)
    return keeps and reader.output in rounded


def _has_weights(node: FloatNode) -> bool:
    if isinstance(node.op, DepthwiseConv2d):
        window = node.op.window
        return window.kernel_rows * window.kernel_cols * node.op.multiplier > 1
    return isinstance(node.op, WeightedOp)


class _Islands:
    """The nodes that are not settled, grouped by the values without a format between them.

    Args:
        model: The network.
        values: Formats that are given.
        settled: Names of the other nodes.
    """

    def __init__(
        self, model: FloatModel, values: dict[str, Quantization], settled: set[str]
    ) -> None:
        self._model = model
        self._values = values
        self._open = [node for node in model.nodes if node.name not in settled]
        self._root = {node.name: node.name for node in self._open}
        self._join()
        self._weighted = {self._find(node.name) for node in self._open if _has_weights(node)}

    def real_nodes(self) -> dict[str, str]:
        """Return the nodes of the islands without weights, each with the reason."""
        return {node.name: _ISLAND for node in self._open if not self._is_calibrated(node)}

    def calibrated_values(self) -> frozenset[str]:
        """Return the values without a format that will be int8."""
        inputs = {port.value for port in self._model.inputs}
        found = {name for name in inputs if self._model.element_type(name) is ElementType.FLOAT32}
        found |= {port.value for port in self._model.outputs}
        for node in self._open:
            if self._is_calibrated(node):
                found.update((*node.inputs, node.output))
        return frozenset(found - self._values.keys() - self._model.constants.keys())

    def _is_calibrated(self, node: FloatNode) -> bool:
        return self._find(node.name) in self._weighted

    def _join(self) -> None:
        touching: defaultdict[str, list[str]] = defaultdict(list)
        for node in self._open:
            for name in (*node.inputs, node.output):
                if name not in self._values and name not in self._model.constants:
                    touching[name].append(node.name)
        for names in touching.values():
            for other in names[1:]:
                self._root[self._find(other)] = self._find(names[0])

    def _find(self, name: str) -> str:
        while self._root[name] != name:
            name = self._root[name]
        return name
