"""Small int8 networks with every number given, for tests of planning and emission."""

import numpy as np

from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.types import (
    I8,
    Activation,
    ElementType,
    Quantization,
    Rounding,
    Shape,
    Tensor,
    Window,
)
from cnnc.ops.add import QuantAdd
from cnnc.ops.arg_max import ArgMax
from cnnc.ops.fully_connected import FullyConnected, QuantFullyConnected
from cnnc.ops.max_pool import MaxPool, QuantMaxPool
from cnnc.ops.reshape import QuantReshape, Reshape
from cnnc.ops.sigmoid import QuantSigmoid
from cnnc.quantize.keep_real import keep_real

FORMAT = Quantization(float(np.float32(0.05)), -3)
HALF = 1 << 30
"""Mantissa of 1/2 at shift 0."""


def chain_network(name: str = "chain", rounding: Rounding = "double") -> QuantModel:
    """Return pool -> table -> reshape -> fully connected with a channel-last image as input.

    The table may work in place, the reshape is an alias.
    """
    shapes: dict[str, Shape] = {
        "x": (1, 3, 4, 2),
        "pooled": (1, 2, 3, 2),
        "curved": (1, 2, 3, 2),
        "flat": (1, 12),
        "y": (1, 3),
    }
    nodes = (
        QuantNode('pool \\ */ "x"', QuantMaxPool(Window(2, 2)), ("x",), "pooled"),
        QuantNode("curve", QuantSigmoid(steep_table()), ("pooled",), "curved"),
        QuantNode("flatten", QuantReshape((1, 12)), ("curved",), "flat"),
        QuantNode("dense", dense(12, 3), ("flat",), "y"),
    )
    return QuantModel(
        name=name,
        rounding=rounding,
        inputs=(Port("x", "x", (1, 2, 3, 4), (0, 2, 3, 1)),),
        outputs=(Port("y", "y", (1, 3), (0, 1)),),
        nodes=nodes,
        constants={},
        values={key: QuantValue(shape, FORMAT) for key, shape in shapes.items()},
    )


def branching_network(name: str = "branching") -> QuantModel:
    """Return two inputs, two outputs, a constant operand, a sum in place and aliases.

    One output is the alias of a value that is read again; the other one a plain result.
    """
    shapes: dict[str, Shape] = {
        "a": (1, 8),
        "b": (2, 4),
        "b_row": (1, 8),
        "sum": (1, 8),
        "constant": (1, 8),
        "shifted": (1, 8),
        "square": (2, 4),
        "total": (1, 8),
    }
    nodes = (
        QuantNode("view", QuantReshape((1, 8)), ("b",), "b_row"),
        QuantNode("add", quant_add(), ("a", "b_row"), "sum"),
        QuantNode("shift", quant_add(), ("sum", "constant"), "shifted"),
        QuantNode("square", QuantReshape((2, 4)), ("shifted",), "square"),
        QuantNode("again", quant_add(), ("shifted", "a"), "total"),
    )
    return QuantModel(
        name=name,
        rounding="double",
        inputs=(Port("a", "a", (1, 8), (0, 1)), Port("b", "b", (2, 4), (0, 1))),
        outputs=(Port("p", "square", (2, 4), (0, 1)), Port("q", "total", (1, 8), (0, 1))),
        nodes=nodes,
        constants={"constant": np.arange(-40, 40, 10, dtype=np.int8).reshape(1, 8)},
        values={key: QuantValue(shape, FORMAT) for key, shape in shapes.items()},
    )


def real_network(name: str = "real") -> QuantModel:
    """Return pool -> reshape -> fully connected in float32, with scores and an index as outputs.

    The input is an image in channel-last order.
    """
    generator = np.random.default_rng(5)
    dense = FullyConnected(
        weight=generator.normal(size=(3, 12)).astype(np.float32),
        bias=generator.normal(size=3).astype(np.float32),
        activation=Activation.RELU,
    )
    nodes = (
        FloatNode("pool", MaxPool(Window(2, 2)), ("x",), "pooled"),
        FloatNode("flatten", Reshape((1, 12)), ("pooled",), "flat"),
        FloatNode("dense", dense, ("flat",), "y"),
        FloatNode("best", ArgMax(1, keep_dims=True), ("y",), "index"),
    )
    shapes: dict[str, Shape] = {
        "x": (1, 3, 4, 2),
        "pooled": (1, 2, 3, 2),
        "flat": (1, 12),
        "y": (1, 3),
        "index": (1, 1),
    }
    return keep_real(
        FloatModel(
            name=name,
            inputs=(Port("x", "x", (1, 2, 3, 4), (0, 2, 3, 1)),),
            outputs=(Port("y", "y", (1, 3), (0, 1)), Port("i", "index", (1, 1), (0, 1))),
            nodes=nodes,
            constants={},
            shapes=shapes,
            types={"index": ElementType.INT32},
        )
    )


def steep_table() -> I8:
    """Return a table that no two neighbours share a value in where it is steep."""
    inputs = np.arange(-128, 128)
    return np.clip(inputs * 3 // 2, -128, 127).astype(np.int8)


def dense(depth: int, width: int) -> QuantFullyConnected:
    """Return a fully connected layer whose results depend on how they are rounded."""
    generator = np.random.default_rng(depth * 1000 + width)
    return QuantFullyConnected(
        weight=generator.integers(-127, 128, (width, depth)).astype(np.int8),
        bias=generator.integers(-5000, 5000, width).astype(np.int32),
        weight_scales=np.full(width, 0.01, np.float32),
        multipliers=generator.integers(HALF, 2 * HALF, width).astype(np.int32),
        shifts=np.full(width, -7, np.int32),
        input_zero_point=FORMAT.zero_point,
        output_zero_point=5,
        activation=Activation.NONE,
        minimum=-128,
        maximum=127,
    )


def quant_add() -> QuantAdd:
    """Return (q1 - z1) / 2 + (q2 - z2) / 2, doubled."""
    return QuantAdd(
        activation=Activation.NONE,
        minimum=-128,
        maximum=127,
        first_zero_point=FORMAT.zero_point,
        first_multiplier=HALF,
        first_shift=0,
        second_zero_point=FORMAT.zero_point,
        second_multiplier=HALF,
        second_shift=0,
        output_zero_point=FORMAT.zero_point,
        output_multiplier=HALF,
        output_shift=-18,
    )


def random_inputs(model: QuantModel, samples: int = 1, seed: int = 0) -> dict[str, Tensor]:
    """Return uniform integers as inputs by value key, (S, *storage shape)."""
    generator = np.random.default_rng(seed)
    return {
        port.value: generator.integers(
            -128, 128, (samples, *model.values[port.value].shape), dtype=np.int8
        ).astype(model.values[port.value].element_type.numpy)
        for port in model.inputs
    }
