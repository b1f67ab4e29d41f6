"""The gates name the node and the promise that is broken."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.passes.integer_network import FORMAT, OTHER, IntegerNetwork, random_int8
from tests.passes.network import Network, dense, random

from cnnc.errors import InternalError
from cnnc.ir.float_model import FloatModel
from cnnc.ir.op import QuantOp
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import Activation, Quantization
from cnnc.ir.verify import verify_float, verify_quant
from cnnc.ops.add import Add
from cnnc.ops.clip import Clip
from cnnc.ops.fully_connected import FullyConnected
from cnnc.ops.reshape import QuantReshape
from cnnc.quantize.context import QuantizeContext

RELU = Clip(0.0, math.inf)


def two_layers() -> FloatModel:
    net = Network(x=(1, 4))
    return net.model(net.add(RELU, net.add(dense(1, 4, 3), "x")))


def weighted(**changes: object) -> QuantModel:
    """Return a matrix product of (1, 4), some of whose numbers are changed."""
    context = QuantizeContext(
        node="n0",
        rounding="double",
        inputs=(FORMAT,),
        input_shapes=((1, 4),),
        output=OTHER,
        output_shape=(1, 3),
    )
    op: QuantOp = dense(1, 4, 3).quantize(context)
    net = IntegerNetwork((1, 4))
    return net.model(net.add(replace(op, **changes), OTHER, "x"))


def test_a_sound_float_model_passes() -> None:
    verify_float(two_layers())


def test_equal_node_names() -> None:
    model = two_layers()
    twin = replace(model.nodes[1], name="n0")
    with pytest.raises(InternalError, match="two nodes are called 'n0'"):
        verify_float(replace(model, nodes=(model.nodes[0], twin)))


def test_a_value_that_is_read_too_early() -> None:
    model = two_layers()
    with pytest.raises(InternalError, match="node 'n1' reads 'v0', which is not defined before"):
        verify_float(replace(model, nodes=model.nodes[::-1]))


def test_a_value_that_is_defined_twice() -> None:
    model = two_layers()
    again = replace(model.nodes[0], name="again")
    with pytest.raises(InternalError, match="node 'again' defines 'v0', which is already defined"):
        verify_float(replace(model, nodes=(*model.nodes, again)))


def test_a_shape_that_is_not_the_inferred_one() -> None:
    model = two_layers()
    with pytest.raises(InternalError, match=r"'v0' is declared \(1, 5\) but becomes \(1, 3\)"):
        verify_float(replace(model, shapes={**model.shapes, "v0": (1, 5)}))


def test_a_shape_without_a_value() -> None:
    model = two_layers()
    with pytest.raises(InternalError, match=r"kept for \['ghost'\]"):
        verify_float(replace(model, shapes={**model.shapes, "ghost": (1,)}))


def test_a_value_without_a_shape() -> None:
    model = two_layers()
    shapes = {name: shape for name, shape in model.shapes.items() if name != "v0"}
    with pytest.raises(InternalError, match="value 'v0' has no shape"):
        verify_float(replace(model, shapes=shapes))


def test_operands_that_do_not_fit() -> None:
    model = two_layers()
    wide = replace(model.nodes[0], op=dense(1, 5, 3))
    with pytest.raises(InternalError, match=r"node 'n0' \(fully_connected\) refuses its operands"):
        verify_float(replace(model, nodes=(wide, model.nodes[1])))


def test_weights_that_are_not_finite() -> None:
    weight = random(1, 3, 4)
    weight[1, 2] = math.nan
    model = two_layers()
    faulty = FullyConnected(weight, random(2, 3), Activation.NONE)
    nodes = (replace(model.nodes[0], op=faulty), model.nodes[1])
    with pytest.raises(InternalError, match="weight of node 'n0' holds NaN or infinity"):
        verify_float(replace(model, nodes=nodes))


def test_weights_that_are_not_float32() -> None:
    model = two_layers()
    op = replace(dense(1, 4, 3), bias=np.zeros(3))  # type: ignore[arg-type]
    nodes = (replace(model.nodes[0], op=op), model.nodes[1])
    with pytest.raises(InternalError, match="bias of node 'n0' is float64, not float32"):
        verify_float(replace(model, nodes=nodes))


def test_a_bias_of_the_wrong_length() -> None:
    model = two_layers()
    op = replace(dense(1, 4, 3), bias=random(1, 2))
    nodes = (replace(model.nodes[0], op=op), model.nodes[1])
    with pytest.raises(InternalError, match="node 'n0' has a bias"):
        verify_float(replace(model, nodes=nodes))


def test_a_constant_that_is_not_finite() -> None:
    net = Network(x=(1, 4))
    constant = np.ones((1, 4), np.float32)
    model = net.model(net.add(Add(), "x", net.constant(constant)))
    constant[0, 0] = math.inf
    with pytest.raises(InternalError, match="constant 'k0' holds NaN or infinity"):
        verify_float(model)


def test_an_output_that_nothing_defines() -> None:
    model = two_layers()
    port = replace(model.outputs[0], value="ghost")
    with pytest.raises(InternalError, match="output 'output_v1' is 'ghost', never defined"):
        verify_float(replace(model, outputs=(port,)))


def test_an_output_of_another_shape() -> None:
    model = two_layers()
    port = replace(model.outputs[0], onnx_shape=(3, 1))
    with pytest.raises(InternalError, match=r"stored as \(1, 3\), not \(3, 1\)"):
        verify_float(replace(model, outputs=(port,)))


def test_a_sound_integer_model_passes() -> None:
    verify_quant(weighted())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {
                "weight": np.full((3, 4), -128, np.int8),
                "bias": np.array([0, 2**31 - 255 * 4 * 128, 0], np.int32),
            },
            "an accumulator of node 'n0', channel 1, could reach 2147483648, beyond int32",
        ),
        ({"weight": np.zeros((3, 4), np.int16)}, "weight of node 'n0' is int16"),
        ({"bias": np.zeros(3, np.int64)}, "bias of node 'n0' is int64, not int32"),
        ({"multipliers": np.full(3, 2**30 - 1, np.int32)}, "multipliers of node 'n0' leaves"),
        ({"shifts": np.full(3, 31, np.int32)}, r"shifts of node 'n0' leaves \[-31, 30\]"),
        ({"minimum": 5, "maximum": 4}, r"clamps to \[5, 4\], which is no int8 interval"),
        ({"maximum": 128}, "which is no int8 interval"),
        ({"input_zero_point": 4}, "input_zero_point of node 'n0' is 4, that of 'x' is 3"),
        ({"output_zero_point": 3}, "output_zero_point of node 'n0' is 3, that of 'v0' is -7"),
    ],
)
def test_numbers_that_break_a_promise(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InternalError, match=message):
        verify_quant(weighted(**changes))


def test_imported_weights_of_128_are_sound_where_accumulators_fit() -> None:
    bias = np.full(3, 2**31 - 1 - 255 * 4 * 128, np.int32)
    verify_quant(weighted(weight=np.full((3, 4), -128, np.int8), bias=bias))


def test_a_multiplier_of_zero_is_sound() -> None:
    verify_quant(weighted(multipliers=np.zeros(3, np.int32), shifts=np.zeros(3, np.int32)))


def test_an_op_that_keeps_the_format_must_keep_it() -> None:
    net = IntegerNetwork((1, 4))
    model = net.model(net.add(QuantReshape((4,)), OTHER, "x"))
    with pytest.raises(InternalError, match=r"node 'n0' \(reshape\) reads 'x' in the format"):
        verify_quant(model)


def test_an_op_with_a_fixed_format_must_have_it() -> None:
    from cnnc.ops.softmax import Softmax

    fixed = Softmax.fixed_format
    assert fixed is not None
    context = QuantizeContext(
        node="n0",
        rounding="double",
        inputs=(FORMAT,),
        input_shapes=((1, 4),),
        output=fixed,
        output_shape=(1, 4),
    )
    op = Softmax(1).quantize(context)
    net = IntegerNetwork((1, 4))
    verify_quant(net.model(net.add(op, fixed, "x")))
    wrong = IntegerNetwork((1, 4))
    with pytest.raises(InternalError, match=r"node 'n0' \(softmax\) writes .* instead of"):
        verify_quant(wrong.model(wrong.add(op, Quantization(0.5, 0), "x")))


def test_a_constant_that_is_not_int8() -> None:
    net = IntegerNetwork((1, 4))
    net.constant(random_int8(1, 1, 4).astype(np.int32))
    with pytest.raises(InternalError, match="constant 'k0' is int32, not int8"):
        verify_quant(net.model("x"))
