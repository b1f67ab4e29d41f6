"""Remove nodes whose result nobody reads; for float and integer models alike.

live = the model's outputs; walking the nodes backwards, a node that defines a live value stays
and makes its operands live.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.quant_model import QuantModel, QuantNode
from cnnc.passes._framework import Pass

_Node = TypeVar("_Node", FloatNode, QuantNode)


def _live_nodes(nodes: Sequence[_Node], outputs: Sequence[str]) -> tuple[_Node, ...]:
    live = set(outputs)
    kept: list[_Node] = []
    for node in reversed(nodes):
        if node.output in live:
            kept.append(node)
            live.update(node.inputs)
    return tuple(reversed(kept))


def _run_float(model: FloatModel) -> FloatModel:
    nodes = _live_nodes(model.nodes, [port.value for port in model.outputs])
    read = {name for node in nodes for name in node.inputs}
    if len(nodes) == len(model.nodes) and read.issuperset(model.constants):
        return model
    return model.with_nodes(nodes)


def _run_quant(model: QuantModel) -> QuantModel:
    outputs = [port.value for port in model.outputs]
    nodes = _live_nodes(model.nodes, outputs)
    known = {name for node in nodes for name in (*node.inputs, node.output)}
    known.update(outputs, (port.value for port in model.inputs))
    if len(nodes) == len(model.nodes) and known.issuperset(model.values):
        return model
    return replace(
        model,
        nodes=nodes,
        constants={name: array for name, array in model.constants.items() if name in known},
        values={name: value for name, value in model.values.items() if name in known},
    )


ELIMINATE_DEAD_CODE = Pass("eliminate_dead_code", _run_float)
ELIMINATE_DEAD_LAYERS = Pass("eliminate_dead_code", _run_quant)
