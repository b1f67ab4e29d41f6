"""Random inputs that are indices stay within what they index."""

from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.types import ElementType
from cnnc.ops.gather import GatherAt
from cnnc.ops.reshape import Reshape
from cnnc.quantize.keep_real import keep_real
from cnnc.simulator.index_inputs import index_extents
from cnnc.simulator.inputs import random_inputs


def _model() -> FloatModel:
    ports = (Port("x", "x", (3, 7), (0, 1)), Port("i", "i", (2, 20), (0, 1)))
    nodes = (
        FloatNode("flat", Reshape((40,)), ("i",), "flat"),
        FloatNode("rows", GatherAt(0), ("x", "flat"), "rows"),
        FloatNode("cols", GatherAt(1), ("x", "flat"), "cols"),
    )
    shapes = {"x": (3, 7), "i": (2, 20), "flat": (40,), "rows": (40, 7), "cols": (3, 40)}
    types = {"i": ElementType.INT32, "flat": ElementType.INT32}
    outputs = tuple(Port(name, name, shapes[name], (0, 1)) for name in ("rows", "cols"))
    return FloatModel("indexed", ports, outputs, nodes, {}, shapes, types)


def test_the_shortest_axis_counts() -> None:
    model = keep_real(_model())
    assert index_extents(model) == {"i": 3}
    drawn = random_inputs(model, seed=0, index=0)["i"]
    assert set(drawn.reshape(-1).tolist()) == {0, 1, 2}
