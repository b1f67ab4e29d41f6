"""The ``reference`` engine: every integer op in NumPy, written from the spec."""

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from cnnc.errors import InternalError
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import AnyArray, Tensor
from cnnc.quantize.fixed_point import Arithmetic
from cnnc.quantize.float_reference import checked_sample_count


def run_reference(model: QuantModel, inputs: Mapping[str, Tensor]) -> dict[str, AnyArray]:
    """Return every value of the network.

    Args:
        model: The int8 network.
        inputs: Value key of each graph input -> (S, *storage shape).

    Returns:
        Value key -> array (S, *shape): graph inputs, then node outputs in execution order.

    Raises:
        InternalError: An input is missing or has the wrong shape.
    """
    return dict(iterate_reference(model, inputs))


def run_outputs(model: QuantModel, inputs: Mapping[str, Tensor]) -> dict[str, AnyArray]:
    """Return the graph outputs alone; other values are let go after their last reader."""
    wanted = {port.value for port in model.outputs}
    found = {name: array for name, array in iterate_reference(model, inputs) if name in wanted}
    for name in wanted & model.constants.keys():
        samples = len(next(iter(inputs.values())))
        found[name] = _repeated(model.constants[name], samples)
    return found


def iterate_reference(
    model: QuantModel, inputs: Mapping[str, Tensor]
) -> Iterator[tuple[str, AnyArray]]:
    """Yield graph inputs and then every node's output; forgets values after their last reader.

    Args:
        model: The int8 network.
        inputs: Value key of each graph input -> (S, *storage shape).

    Yields:
        Value key and array (S, *shape).

    Raises:
        InternalError: An input is missing or has the wrong shape, or an op returns a wrong shape.
    """
    shapes = {port.value: model.values[port.value].shape for port in model.inputs}
    samples = checked_sample_count(shapes, inputs)
    arithmetic = Arithmetic(model.rounding)
    uses = Counter(name for node in model.nodes for name in set(node.inputs))
    live: dict[str, AnyArray] = {
        name: _repeated(array, samples) for name, array in model.constants.items()
    }
    for name in shapes:
        live[name] = inputs[name]
        yield name, inputs[name]
    for node in model.nodes:
        result = node.op.evaluate([live[name] for name in node.inputs], arithmetic)
        expected = (samples, *model.values[node.output].shape)
        if result.shape != expected:
            raise InternalError(
                f"{node.op.kind} node '{node.name}' returned shape {result.shape}, not {expected}"
            )
        live[node.output] = result
        uses.subtract(set(node.inputs))
        for name in {*node.inputs, node.output}:
            if uses[name] == 0:
                del live[name]
        yield node.output, result


def _repeated(array: AnyArray, samples: int) -> AnyArray:
    """Return a constant with a sample axis, without copying it."""
    return np.broadcast_to(array, (samples, *array.shape))
