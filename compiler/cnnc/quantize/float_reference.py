"""Run the float model with the NumPy reference of each op."""

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from cnnc.errors import InternalError
from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.types import F32, AnyArray, Shape


def run_float(model: FloatModel, inputs: Mapping[str, F32]) -> Iterator[tuple[str, F32]]:
    """Yield the graph inputs and then every node's output, in order.

    A value is let go after its last reader ran: peak memory is that of the live values.

    Args:
        model: The network.
        inputs: Value key of each graph input -> float32 (S, *storage shape).

    Yields:
        Value key and array (S, *storage shape). Infinities and NaN are passed on, not reported.

    Raises:
        InternalError: An input is missing or has the wrong shape.
    """
    samples = checked_sample_count({p.value: p.storage_shape for p in model.inputs}, inputs)
    uses = Counter(name for node in model.nodes for name in set(node.inputs))
    live: dict[str, F32] = {}
    for port in model.inputs:
        live[port.value] = inputs[port.value]
        yield port.value, inputs[port.value]
    for name, array in model.constants.items():
        # No bytes: a stride of zero over the samples.
        live[name] = np.broadcast_to(array, (samples, *array.shape))
    for node in model.nodes:
        result = _evaluate(node, [live[name] for name in node.inputs])
        live[node.output] = result
        uses.subtract(set(node.inputs))
        for name in {*node.inputs, node.output}:
            if uses[name] == 0:
                del live[name]
        yield node.output, result


def _evaluate(node: FloatNode, operands: list[F32]) -> F32:
    with np.errstate(all="ignore"):
        return node.op.evaluate(operands)


def checked_sample_count(shapes: Mapping[str, Shape], inputs: Mapping[str, AnyArray]) -> int:
    """Return S after checking that every graph input is given as (S, *shape).

    Raises:
        InternalError: An input is missing, has the wrong shape, or another S.
    """
    counts: set[int] = set()
    for name, shape in shapes.items():
        array = inputs.get(name)
        if array is None or array.shape[1:] != shape or array.ndim == 0:
            found = "nothing" if array is None else f"shape {array.shape}"
            raise InternalError(f"graph input '{name}' needs (samples, *{shape}), not {found}")
        counts.add(len(array))
    if len(counts) != 1:
        raise InternalError(f"graph inputs {list(shapes)} have different numbers of samples")
    return counts.pop()
