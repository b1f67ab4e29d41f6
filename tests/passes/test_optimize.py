"""Exact rewrites of the integer model."""

from dataclasses import replace

import pytest
from tests.passes.integer_network import FORMAT, OTHER, IntegerNetwork, random_int8

from cnnc.errors import InternalError
from cnnc.ops.reshape import QuantReshape
from cnnc.passes.eliminate_dead_code import ELIMINATE_DEAD_LAYERS
from cnnc.passes.merge_requantize import MERGE_REQUANTIZE
from cnnc.passes.optimize import optimize
from cnnc.simulator.reference import run_reference


def test_a_requantize_to_the_same_format_vanishes() -> None:
    net = IntegerNetwork((1, 4))
    same = net.requantize(FORMAT, "x")
    value = net.add(QuantReshape((2, 2)), FORMAT, same)
    model = net.model(value)
    after = optimize(model)
    assert [node.name for node in after.nodes] == ["n1"]
    assert after.values.keys() == {"x", value}
    inputs = {"x": random_int8(1, 3, 1, 4)}
    assert (run_reference(model, inputs)[value] == run_reference(after, inputs)[value]).all()


def test_a_chain_of_them_vanishes() -> None:
    net = IntegerNetwork((1, 4))
    value = net.requantize(FORMAT, net.requantize(FORMAT, net.requantize(OTHER, "x")))
    other = net.requantize(OTHER, "x")
    after = optimize(net.model(net.requantize(OTHER, other), value))
    assert [port.value for port in after.outputs] == ["v3", "v1"]
    assert [node.name for node in after.nodes] == ["n0", "n1", "n3"]


def test_an_output_keeps_its_own_port() -> None:
    net = IntegerNetwork((1, 4))
    model = net.model(net.requantize(FORMAT, "x"))
    assert optimize(model) is model


def test_two_different_requantizes_in_a_row_stay() -> None:
    net = IntegerNetwork((1, 4))
    model = net.model(net.requantize(FORMAT, net.requantize(OTHER, "x")))
    assert MERGE_REQUANTIZE.run(model) is model


def test_dead_layers_and_their_values_go() -> None:
    net = IntegerNetwork((1, 4))
    value = net.add(QuantReshape((2, 2)), FORMAT, "x")
    net.requantize(OTHER, value)
    net.constant(random_int8(1, 1, 4))
    after = ELIMINATE_DEAD_LAYERS.run(net.model(value))
    assert [node.name for node in after.nodes] == ["n0"]
    assert after.values.keys() == {"x", value}
    assert not after.constants
    assert ELIMINATE_DEAD_LAYERS.run(after) is after


def test_a_faulty_model_is_refused_first() -> None:
    net = IntegerNetwork((1, 4))
    model = net.model(net.add(QuantReshape((2, 2)), FORMAT, "x"))
    with pytest.raises(InternalError, match="shapes are kept for"):
        optimize(replace(model, nodes=(), outputs=model.inputs))
