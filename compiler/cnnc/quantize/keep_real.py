"""Turn the float model into a network that computes in float32 (``--dtype float32``)."""

from cnnc.ir.float_model import FloatModel
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ops._real_op import RealOp


def keep_real(model: FloatModel) -> QuantModel:
    """Return the network with every op as it is; its values have the float model's keys.

    Args:
        model: The network, simplified.
    """
    return QuantModel(
        name=model.name,
        rounding="double",
        inputs=model.inputs,
        outputs=model.outputs,
        nodes=tuple(
            QuantNode(node.name, RealOp(node.op), node.inputs, node.output, node.sources)
            for node in model.nodes
        ),
        constants=dict(model.constants),
        values={
            name: QuantValue(shape, None, model.element_type(name))
            for name, shape in model.shapes.items()
        },
    )
