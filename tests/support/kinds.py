"""What a float model consists of."""

from cnnc.ir.float_model import FloatModel


def kinds(model: FloatModel) -> list[str]:
    """Return the kind of every op, in order."""
    return [node.op.kind for node in model.nodes]
