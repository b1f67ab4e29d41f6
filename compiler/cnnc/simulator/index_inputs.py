"""Which inputs of a network are indices, and how far they may go."""

from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.quant_model import QuantModel
from cnnc.ops._real_op import RealOp
from cnnc.ops.cast import Cast
from cnnc.ops.gather import GatherAt, QuantGatherAt
from cnnc.ops.reshape import QuantReshape, Reshape
from cnnc.ops.transpose import QuantTranspose, Transpose

_PASSING_ON = (Cast, QuantReshape, QuantTranspose, Reshape, Transpose)
_INDICES = 1
"""Operand of a Gather that holds the indices."""


def index_extents(model: QuantModel) -> dict[str, int]:
    """Return how many entries the axes have that an input indexes, by value key.

    Inputs that index nothing are not among them; of several axes the shortest counts.
    """
    sources = {port.value: port.value for port in model.inputs}
    extents: dict[str, int] = {}
    for node in model.nodes:
        op = _float_or_integer(node.op)
        if isinstance(op, _PASSING_ON) and node.inputs[0] in sources:
            sources[node.output] = sources[node.inputs[0]]
        if not isinstance(op, GatherAt | QuantGatherAt):
            continue
        source = sources.get(node.inputs[_INDICES])
        extent = model.values[node.inputs[0]].shape[op.axis]
        if source is not None:
            extents[source] = min(extent, extents.get(source, extent))
    return extents


def _float_or_integer(op: QuantOp) -> QuantOp | FloatOp:
    return op.op if isinstance(op, RealOp) else op
