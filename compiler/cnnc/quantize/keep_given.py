"""Quantize a model that was quantized before: its formats stay, the rest is calibrated."""

from collections.abc import Callable
from dataclasses import dataclass

from cnnc.ir.float_model import FloatModel
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Rounding
from cnnc.ops._real_op import RealOp
from cnnc.options import CalibrationMethod
from cnnc.quantize.formats import assign_formats
from cnnc.quantize.given_formats import GivenFormats, format_span, given_formats
from cnnc.quantize.parameters import with_zero
from cnnc.quantize.quantize import quantize_with
from cnnc.quantize.ranges import ValueRange, ValueRanges

Calibrate = Callable[[], ValueRanges]
"""Finds the range of every value from data; not called where no range is missing."""

_UNUSED: CalibrationMethod = "minmax"


@dataclass(frozen=True, eq=False)
class KeptFormats:
    """An int8 network with the formats of the model.

    Attributes:
        model: The network.
        calibrated: Values whose range the model did not give.
        real: Names of the nodes that stay on real numbers.
    """

    model: QuantModel
    calibrated: frozenset[str]
    real: tuple[str, ...]


def keep_given(model: FloatModel, rounding: Rounding, calibrate: Calibrate) -> KeptFormats:
    """Return the int8 network of a model with ``FakeQuantize``.

    Args:
        model: The network, simplified.
        rounding: How accumulators are scaled.
        calibrate: For what has no format.

    Raises:
        CalibrationError: No multiplier exists for a format, or a range has no format.
        ModelError: An op cannot be expressed on int8; names the node.
    """
    given = given_formats(model)
    calibrated = calibrate() if given.calibrated else None
    ranges = _all_ranges(model, given, calibrated)
    quantized = quantize_with(model, assign_formats(model, ranges, given), rounding)
    real = tuple(node.name for node in quantized.nodes if isinstance(node.op, RealOp))
    return KeptFormats(quantized, given.calibrated, real)


def _all_ranges(
    model: FloatModel, given: GivenFormats, calibrated: ValueRanges | None
) -> ValueRanges:
    """Return a range for every value: of its format, as calibrated, or empty where none is used."""
    ranges: dict[str, ValueRange] = {}
    for name in model.shapes:
        if name in given.values:
            ranges[name] = ValueRange(*with_zero(*format_span(given.values[name])))
        elif name in given.calibrated and calibrated is not None:
            ranges[name] = calibrated.range(name)
        elif name in model.constants and model.constants[name].size:
            array = model.constants[name]
            ranges[name] = ValueRange(*with_zero(float(array.min()), float(array.max())))
        else:
            ranges[name] = ValueRange(0.0, 0.0)
    samples = calibrated.samples if calibrated is not None else 0
    return ValueRanges(ranges, samples, calibrated.method if calibrated is not None else _UNUSED)
