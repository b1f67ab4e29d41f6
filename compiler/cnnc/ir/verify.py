"""The gates between stages: what each model promises, checked cheaply after every pass.

A gate that fails is a bug in cnnc, never the user's fault: it raises InternalError and names the
node and the promise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import Field, fields
from typing import Any

import numpy as np

from cnnc.errors import InternalError, ModelError
from cnnc.ir.finite import all_finite
from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.mapped import let_go
from cnnc.ir.op import FloatOp, QuantOp, WeightedOp
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import INT8_MAX, INT8_MIN, ElementType, Shape
from cnnc.ir.verify_formats import verify_formats
from cnnc.ir.verify_weights import verify_accumulators
from cnnc.ops._real_op import RealOp

_MULTIPLIERS = (2**30, 2**31 - 1)
# MEAN divides its mantissa by the number of elements (spec 4.8), which leaves it below 2^30.
_MEAN_MULTIPLIERS = (1, 2**31 - 1)
_SHIFTS = (-31, 30)
_REAL_FIELDS = ("weight", "bias")


def verify_float(model: FloatModel) -> None:
    """Check a float model.

    Node names and values are unique; every node reads what is defined before it; ``shapes`` holds
    exactly the inputs, constants and values, with the shapes that the ops infer; weights and
    constants are finite float32, tables int32; a layer with weights has one bias per output
    channel; ports have their stored shape and outputs are defined.

    Raises:
        InternalError: A promise is broken; names the node and the promise.
    """
    constants = {name: array.shape for name, array in model.constants.items()}
    _verify_graph(model.inputs, model.outputs, model.nodes, constants, model.shapes)
    for name, array in model.constants.items():
        if model.element_type(name) is ElementType.FLOAT32:
            _verify_real(f"constant '{name}'", array)
    for node in model.nodes:
        for field in fields(node.op):
            array = getattr(node.op, field.name)
            # Tables of indices and steps are integers; weights never are.
            is_table = isinstance(array, np.ndarray) and array.dtype == np.int32
            if isinstance(array, np.ndarray) and not (is_table and field.name not in _REAL_FIELDS):
                _verify_real(f"{field.name} of node '{node.name}'", array)
        if isinstance(node.op, WeightedOp) and node.op.bias.shape != model.shapes[node.output][-1:]:
            raise InternalError(
                f"node '{node.name}' has a bias {node.op.bias.shape} for a result "
                f"{model.shapes[node.output]}"
            )


def verify_quant(model: QuantModel) -> None:
    """Check an integer model.

    The graph as in ``verify_float``; constants have the type of their value; weights are int8,
    biases int32, and no accumulator of theirs passes int32; multipliers are 0 or in [2^30, 2^31),
    shifts in [-31, 30]; zero points and limits inside an op are those of its operand and result;
    ops that keep or join formats really do. Ops on real numbers are exempt.

    Raises:
        InternalError: A promise is broken; names the node and the promise.
    """
    constants = {name: array.shape for name, array in model.constants.items()}
    shapes = {name: value.shape for name, value in model.values.items()}
    _verify_graph(model.inputs, model.outputs, model.nodes, constants, shapes)
    for name, array in model.constants.items():
        wanted = model.values[name].element_type.value
        _demand(array.dtype == wanted, f"constant '{name}' is {array.dtype}, not {wanted}")
    for node in model.nodes:
        if isinstance(node.op, RealOp):
            continue
        _verify_numbers(node)
        _verify_zero_points(node, model.values)
        verify_formats(node, model.values)
        verify_accumulators(node)


def _demand(promise: bool, broken: str) -> None:
    if not promise:
        raise InternalError(broken)


def _verify_graph(
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    nodes: Sequence[FloatNode] | Sequence[QuantNode],
    constants: Mapping[str, Shape],
    shapes: Mapping[str, Shape],
) -> None:
    defined: dict[str, Shape] = {port.value: port.storage_shape for port in inputs}
    _demand(len(defined) == len(inputs), "two inputs of the model share a value")
    for name, shape in constants.items():
        _demand(name not in defined, f"constant '{name}' is also an input")
        defined[name] = shape
    names: set[str] = set()
    for node in nodes:
        _demand(node.name not in names, f"two nodes are called '{node.name}'")
        names.add(node.name)
        shape = _inferred_shape(node.name, node.op, node.inputs, defined)
        _demand(
            node.output not in defined,
            f"node '{node.name}' defines '{node.output}', which is already defined",
        )
        defined[node.output] = shape
    _verify_shapes(shapes, defined)
    for port in outputs:
        _demand(port.value in defined, f"output '{port.name}' is '{port.value}', never defined")
        _demand(
            shapes[port.value] == port.storage_shape,
            f"output '{port.name}' is stored as {shapes[port.value]}, not {port.storage_shape}",
        )


def _inferred_shape(
    name: str, op: FloatOp | QuantOp, inputs: Sequence[str], defined: Mapping[str, Shape]
) -> Shape:
    for value in inputs:
        _demand(value in defined, f"node '{name}' reads '{value}', which is not defined before it")
    try:
        return op.output_shape([defined[value] for value in inputs])
    except (ModelError, ValueError, IndexError) as error:
        raise InternalError(f"node '{name}' ({op.kind}) refuses its operands: {error}") from error


def _verify_shapes(shapes: Mapping[str, Shape], inferred: Mapping[str, Shape]) -> None:
    for name, shape in inferred.items():
        _demand(name in shapes, f"value '{name}' has no shape")
        _demand(
            shapes[name] == shape, f"value '{name}' is declared {shapes[name]} but becomes {shape}"
        )
    unknown = shapes.keys() - inferred.keys()
    _demand(not unknown, f"shapes are kept for {sorted(unknown)}, which nothing defines")


def _verify_real(role: str, array: np.ndarray[Any, Any]) -> None:
    _demand(array.dtype == np.float32, f"{role} is {array.dtype}, not float32")
    _demand(all_finite(array), f"{role} holds NaN or infinity")
    let_go(array)


def _verify_numbers(node: QuantNode) -> None:
    """Check integers by the names that all integer ops give their fields."""
    by_name: dict[str, Field[Any]] = {field.name: field for field in fields(node.op)}
    numbers = {name: np.asarray(getattr(node.op, name)) for name in by_name}
    if "weight" in numbers:
        weight = numbers["weight"]
        _demand(weight.dtype == np.int8, f"weight of node '{node.name}' is {weight.dtype}")
    if "bias" in numbers:
        bias = numbers["bias"]
        _demand(bias.dtype == np.int32, f"bias of node '{node.name}' is {bias.dtype}, not int32")
    for name, values in numbers.items():
        shift = name.replace("multiplier", "shift")
        # A number of channels may be called a multiplier too; it has no shift beside it.
        if "multiplier" in name and shift in numbers:
            limits = _MEAN_MULTIPLIERS if node.op.kind == "mean" else _MULTIPLIERS
            _verify_range(node, name, values[values != 0], limits)
            _verify_range(node, shift, numbers[shift], _SHIFTS)
    if "minimum" in numbers and "maximum" in numbers:
        low, high = int(numbers["minimum"]), int(numbers["maximum"])
        _demand(
            INT8_MIN <= low <= high <= INT8_MAX,
            f"node '{node.name}' clamps to [{low}, {high}], which is no int8 interval",
        )


def _verify_range(
    node: QuantNode, name: str, values: np.ndarray[Any, Any], limits: tuple[int, int]
) -> None:
    inside = values.size == 0 or (values.min() >= limits[0] and values.max() <= limits[1])
    _demand(bool(inside), f"{name} of node '{node.name}' leaves [{limits[0]}, {limits[1]}]")


def _verify_zero_points(node: QuantNode, values: Mapping[str, QuantValue]) -> None:
    for name, value in (
        ("input_zero_point", node.inputs[:1]),
        ("output_zero_point", [node.output]),
    ):
        inside = getattr(node.op, name, None)
        if not isinstance(inside, int) or not value:
            continue
        outside = values[value[0]].quantization.zero_point
        _demand(
            inside == outside,
            f"{name} of node '{node.name}' is {inside}, that of '{value[0]}' is {outside}",
        )
