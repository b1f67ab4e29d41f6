"""Remove Requantize layers between equal formats.

    requantize(q; s, z -> s, z) = q        because its multiplier is exactly 1

Two requantizes in a row are left alone: rounding twice is not rounding once.
"""

from dataclasses import replace

from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel, QuantNode
from cnnc.ops.requantize import QuantRequantize
from cnnc.passes._framework import Pass


def _run(model: QuantModel) -> QuantModel:
    ports = {port.value for port in (*model.inputs, *model.outputs)}
    target: dict[str, str] = {}
    kept: list[QuantNode] = []
    for node in model.nodes:
        inputs = tuple(target.get(name, name) for name in node.inputs)
        current = node if inputs == node.inputs else replace(node, inputs=inputs)
        if _is_identity(model, current) and not (current.output in ports and inputs[0] in ports):
            target[current.output] = inputs[0]
        else:
            kept.append(current)
    if not target:
        return model
    return replace(
        model,
        nodes=tuple(kept),
        outputs=tuple(_redirected(port, target) for port in model.outputs),
        values={name: value for name, value in model.values.items() if name not in target},
    )


def _redirected(port: Port, target: dict[str, str]) -> Port:
    return replace(port, value=target.get(port.value, port.value))


def _is_identity(model: QuantModel, node: QuantNode) -> bool:
    if not isinstance(node.op, QuantRequantize):
        return False
    return model.values[node.inputs[0]] == model.values[node.output]


MERGE_REQUANTIZE: Pass[QuantModel] = Pass("merge_requantize", _run)
