"""The part of the integer gate that proves that no accumulator passes int32.

|bias[c]| + 255 sum |w[c]| < 2^31 for every output channel c (spec section 1). Weights that cnnc
quantizes are in [-127, 127]; those of an imported file may be -128, which the proof covers.
"""

from cnnc.errors import InternalError
from cnnc.ir.quant_model import QuantNode
from cnnc.ops._requantize import QuantWeightedOp, accumulator_bounds

_ACCUMULATOR_LIMIT = 2**31


def verify_accumulators(node: QuantNode) -> None:
    """Check a layer with weights; other layers pass.

    Raises:
        InternalError: An accumulator could pass int32; names the node and the channel.
    """
    op = node.op
    if not isinstance(op, QuantWeightedOp):
        return
    bounds = accumulator_bounds(op.weight, op.bias, op.channel_axis)
    if bounds.size and int(bounds.max()) >= _ACCUMULATOR_LIMIT:
        raise InternalError(
            f"an accumulator of node '{node.name}', channel {int(bounds.argmax())}, could reach "
            f"{int(bounds.max())}, beyond int32"
        )
