"""Turn the float model into the int8 model: formats, integer ops, int8 constants."""

from cnnc.ir.float_model import FloatModel
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Rounding
from cnnc.quantize.builder import QuantModelBuilder
from cnnc.quantize.formats import Formats, assign_formats
from cnnc.quantize.ranges import ValueRanges


def quantize(model: FloatModel, ranges: ValueRanges, rounding: Rounding = "double") -> QuantModel:
    """Return the int8 network; its values have the float model's keys.

    Args:
        model: The network, simplified.
        ranges: Range of every input, constant and node output.
        rounding: How accumulators are scaled (spec 2.3).

    Raises:
        CalibrationError: No int8 format or multiplier exists for a range; names the node.
        ModelError: An op cannot be expressed on int8; names the node.
    """
    return quantize_with(model, assign_formats(model, ranges), rounding)


def quantize_with(model: FloatModel, formats: Formats, rounding: Rounding) -> QuantModel:
    """Return the int8 network with these formats.

    Raises:
        CalibrationError: No multiplier exists for the formats; names the node.
        ModelError: An op cannot be expressed on int8; names the node.
    """
    builder = QuantModelBuilder(model, formats, rounding)
    for node in model.nodes:
        builder.add(node)
    return builder.finish()


def start_quantization(
    model: FloatModel, ranges: ValueRanges, rounding: Rounding
) -> QuantModelBuilder:
    """Return the int8 network with formats decided and no nodes yet.

    Raises:
        CalibrationError: A range has no int8 format.
    """
    return QuantModelBuilder(model, assign_formats(model, ranges), rounding)
