"""Passes run in order, are checked after each one, and name themselves when they fail."""

import logging
import math
from dataclasses import replace

import pytest
from tests.passes.network import Network, affine, assert_equal, conv, kinds

from cnnc.errors import InternalError
from cnnc.ir.float_model import FloatModel
from cnnc.ir.verify import verify_float
from cnnc.ops.clip import Clip
from cnnc.passes._framework import Pass, run_passes, run_to_fixpoint
from cnnc.passes.simplify import FOLDING, simplify

RELU = Clip(0.0, math.inf)


def chain(length: int) -> FloatModel:
    net = Network(x=(1, 4))
    value = "x"
    for _ in range(length):
        value = net.add(RELU, value)
    return net.model(value)


def drop_first(model: FloatModel) -> FloatModel:
    """Remove the first of several nodes."""
    if len(model.nodes) == 1:
        return model
    first, second, *rest = model.nodes
    return model.with_nodes((replace(second, inputs=first.inputs), *rest))


def break_model(model: FloatModel) -> FloatModel:
    """Give back a model whose output nothing defines."""
    return replace(model, nodes=(), shapes={"x": (1, 4)})


def fail(model: FloatModel) -> FloatModel:
    """Fail as a bug in a pass would."""
    raise ValueError(f"cannot rewrite {model.name}")


DROP = Pass("drop_first", drop_first)
BREAK = Pass("break_model", break_model)
FAIL = Pass("fail", fail)


def test_each_pass_runs_once() -> None:
    assert len(run_passes(chain(4), (DROP, DROP), verify_float).nodes) == 2


def test_a_fixpoint_is_reached() -> None:
    model = run_to_fixpoint(chain(4), (DROP,), verify_float)
    assert len(model.nodes) == 1
    assert run_to_fixpoint(model, (DROP,), verify_float) is model


def test_passes_that_never_rest_are_named() -> None:
    restless = Pass[FloatModel]("copy", replace)
    with pytest.raises(InternalError, match="the passes copy do not come to rest"):
        run_to_fixpoint(chain(1), (restless,), verify_float)


def test_a_broken_promise_names_pass_and_predecessors() -> None:
    with pytest.raises(InternalError, match=r"pass break_model after drop_first: .*never defined"):
        run_passes(chain(3), (DROP, BREAK), verify_float)


def test_an_exception_names_the_pass() -> None:
    with pytest.raises(InternalError, match="pass fail: cannot rewrite network"):
        run_passes(chain(3), (FAIL,), verify_float)


def test_a_change_is_logged_with_counts(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        run_to_fixpoint(chain(2), (DROP,), verify_float)
    assert caplog.messages == ["drop_first: 2 -> 1 nodes"]


def test_simplify_comes_to_rest_on_one_layer() -> None:
    net = Network(x=(1, 4, 4, 2))
    value = net.add(RELU, net.add(affine(3, 3), net.add(conv(1, 2, 3), "x")))
    model = net.model(value)
    after = simplify(model)
    assert kinds(after) == ["conv2d"]
    assert_equal(model, after)
    assert simplify(after) is after


def test_simplify_fuses_the_activation_behind_a_lowered_affine_map() -> None:
    net = Network(x=(1, 4, 4, 2))
    model = net.model(net.add(RELU, net.add(affine(3, 2), "x")))
    after = simplify(model)
    assert kinds(after) == ["depthwise_conv2d"]
    assert_equal(model, after)


def test_every_pass_is_called_like_its_file() -> None:
    names = [step.name for step in FOLDING]
    assert len(set(names)) == len(names)
    for name in names:
        __import__(f"cnnc.passes.{name}")
