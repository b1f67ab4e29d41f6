"""Reshapes and Transposes: merged, moved, absorbed."""

import math

import pytest
from tests.passes.network import Network, assert_fires, assert_idle, dense, random

from cnnc.ir.op import FloatOp
from cnnc.ops.add import Add
from cnnc.ops.clip import Clip
from cnnc.ops.mul import Mul
from cnnc.ops.reshape import Reshape
from cnnc.ops.sigmoid import Sigmoid
from cnnc.ops.tanh import Tanh
from cnnc.ops.transpose import Transpose
from cnnc.passes.absorb_transpose import ABSORB_TRANSPOSE
from cnnc.passes.eliminate_dead_code import ELIMINATE_DEAD_CODE
from cnnc.passes.merge_duplicates import MERGE_DUPLICATES
from cnnc.passes.merge_moves import MERGE_MOVES
from cnnc.passes.sink_transpose import SINK_TRANSPOSE

RELU = Clip(0.0, math.inf)
TO_CHANNEL_FIRST = Transpose((0, 3, 1, 2))
TO_CHANNEL_LAST = Transpose((0, 2, 3, 1))
MERGE = [MERGE_MOVES, ELIMINATE_DEAD_CODE]


def test_reshapes_merge() -> None:
    net = Network(x=(2, 6))
    value = net.add(RELU, net.add(Reshape((4, 3)), net.add(Reshape((3, 4)), "x")))
    assert_fires(net.model(value), MERGE, ["reshape", "clip"])


def test_a_reshape_to_its_own_shape_vanishes() -> None:
    net = Network(x=(2, 6))
    value = net.add(RELU, net.add(Reshape((3, 4)), net.add(Reshape((2, 6)), "x")))
    after = assert_fires(net.model(value), MERGE, ["reshape", "clip"])
    assert after.nodes[0].inputs == ("x",)


def test_an_output_keeps_its_own_port() -> None:
    net = Network(x=(2, 6))
    assert_idle(net.model(net.add(Reshape((2, 6)), "x")), MERGE_MOVES)


def test_an_output_moves_to_the_value_that_it_equals() -> None:
    net = Network(x=(2, 6))
    after = assert_fires(net.model(net.add(Reshape((2, 6)), net.add(RELU, "x"))), MERGE, ["clip"])
    assert [port.value for port in after.outputs] == ["v0"]


def test_inverse_transposes_vanish() -> None:
    net = Network(x=(1, 3, 4, 2))
    value = net.add(RELU, net.add(TO_CHANNEL_LAST, net.add(TO_CHANNEL_FIRST, "x")))
    assert_fires(net.model(value), [*MERGE, MERGE_MOVES], ["clip"])


def test_inverse_transposes_vanish_for_one_reader_of_two() -> None:
    net = Network(x=(1, 3, 4, 2))
    first = net.add(TO_CHANNEL_FIRST, "x")
    values = net.add(RELU, net.add(TO_CHANNEL_LAST, first)), net.add(RELU, first)
    assert_fires(net.model(*values), [*MERGE, MERGE_MOVES], ["transpose", "clip", "clip"])


def test_transposes_compose() -> None:
    net = Network(x=(2, 3, 4))
    value = net.add(Transpose((0, 2, 1)), net.add(Transpose((1, 0, 2)), "x"))
    after = assert_fires(net.model(value), MERGE, ["transpose"])
    assert getattr(after.nodes[0].op, "permutation", None) == (1, 2, 0)


def test_a_transpose_of_axes_of_size_one_becomes_a_reshape() -> None:
    net = Network(x=(1, 1, 1, 5))
    assert_fires(net.model(net.add(TO_CHANNEL_FIRST, "x")), MERGE, ["reshape"])


def test_transposes_around_a_reshape_undo_each_other() -> None:
    net = Network(x=(1, 3, 4, 2))
    rows = net.add(Reshape((1, 2, 12)), net.add(TO_CHANNEL_FIRST, "x"))
    value = net.add(Transpose((0, 2, 1)), rows)
    assert_fires(net.model(value), MERGE, ["reshape"])


def test_a_lone_transpose_stays() -> None:
    net = Network(x=(1, 3, 4, 2))
    assert_idle(net.model(net.add(TO_CHANNEL_FIRST, "x")), MERGE_MOVES)


@pytest.mark.parametrize("op", [RELU, Sigmoid(), Tanh()], ids=lambda op: op.kind)
@pytest.mark.parametrize("mover", [TO_CHANNEL_FIRST, Reshape((1, 24))], ids=lambda op: op.kind)
def test_moves_sink_behind_one_operand(op: FloatOp, mover: FloatOp) -> None:
    net = Network(x=(1, 3, 4, 2))
    value = net.add(op, net.add(mover, "x"))
    after = assert_fires(net.model(value), [SINK_TRANSPOSE], [op.kind, mover.kind])
    assert after.nodes[1].output == value


@pytest.mark.parametrize("op", [Add(), Mul()], ids=lambda op: op.kind)
@pytest.mark.parametrize("mover", [TO_CHANNEL_FIRST, Reshape((1, 24))], ids=lambda op: op.kind)
def test_equal_moves_sink_behind_two_operands(op: FloatOp, mover: FloatOp) -> None:
    net = Network(x=(1, 3, 4, 2), y=(1, 3, 4, 2))
    value = net.add(op, net.add(mover, "x"), net.add(mover, "y"))
    assert_fires(net.model(value), [SINK_TRANSPOSE], [op.kind, mover.kind])


@pytest.mark.parametrize("shape", [(1, 2, 1, 1), (1, 1, 1, 1), (1, 2, 3, 4), (1, 1, 3, 1)])
@pytest.mark.parametrize("constant_first", [False, True])
def test_transposes_sink_behind_a_constant(shape: tuple[int, ...], constant_first: bool) -> None:
    net = Network(x=(1, 3, 4, 2))
    operands = net.add(TO_CHANNEL_FIRST, "x"), net.constant(random(1, *shape))
    value = net.add(Mul(), *(operands[::-1] if constant_first else operands))
    assert_fires(net.model(value), [SINK_TRANSPOSE], ["mul", "transpose"])


def test_different_moves_stay() -> None:
    net = Network(x=(1, 3, 3, 3), y=(1, 3, 3, 3))
    value = net.add(Add(), net.add(TO_CHANNEL_FIRST, "x"), net.add(TO_CHANNEL_LAST, "y"))
    assert_idle(net.model(value), SINK_TRANSPOSE)


def test_a_constant_that_enlarges_keeps_the_transpose() -> None:
    net = Network(x=(1, 3, 4, 2))
    value = net.add(Add(), net.add(TO_CHANNEL_FIRST, "x"), net.constant(random(1, 2, 2, 3, 4)))
    assert_idle(net.model(value), SINK_TRANSPOSE)


def test_a_second_reader_keeps_the_transpose() -> None:
    net = Network(x=(1, 3, 4, 2))
    moved = net.add(TO_CHANNEL_FIRST, "x")
    assert_idle(net.model(net.add(RELU, moved), moved), SINK_TRANSPOSE)


def test_flatten_in_channel_first_order_goes_into_the_weights() -> None:
    net = Network(x=(1, 3, 4, 2))
    flat = net.add(Reshape((1, 24)), net.add(TO_CHANNEL_FIRST, "x"))
    value = net.add(dense(1, 24, 5), flat)
    passes = [ABSORB_TRANSPOSE, ELIMINATE_DEAD_CODE]
    after = assert_fires(net.model(value), passes, ["reshape", "fully_connected"])
    assert after.nodes[1].sources == ("onnx0", "onnx1", "onnx2")


def test_absorbs_for_two_products_and_leaves_the_other_reader() -> None:
    net = Network(x=(2, 3, 4, 2))
    moved = net.add(TO_CHANNEL_FIRST, "x")
    flat = net.add(Reshape((2, 24)), moved)
    values = net.add(dense(1, 24, 5), flat), net.add(dense(3, 24, 5), flat), net.add(RELU, moved)
    after = assert_fires(
        net.model(*values),
        [ABSORB_TRANSPOSE, ELIMINATE_DEAD_CODE, MERGE_DUPLICATES],
        ["transpose", "reshape", "fully_connected", "fully_connected", "clip"],
    )
    assert after.nodes[2].inputs == after.nodes[3].inputs


@pytest.mark.parametrize("rows", [2, 4])
def test_a_transpose_that_mixes_rows_stays(rows: int) -> None:
    net = Network(x=(1, 3, 4, 2))
    flat = net.add(Reshape((rows, 24 // rows)), net.add(TO_CHANNEL_FIRST, "x"))
    assert_idle(net.model(net.add(dense(1, 24 // rows, 5), flat)), ABSORB_TRANSPOSE)


def test_equal_moves_and_constants_are_kept_once() -> None:
    net = Network(x=(1, 3, 4, 2))
    constants = [net.constant(random(1, 1, 2, 3, 4)) for _ in range(2)]
    values = [net.add(Add(), net.add(TO_CHANNEL_FIRST, "x"), constant) for constant in constants]
    after = assert_fires(net.model(*values), [MERGE_DUPLICATES], ["transpose", "add", "add"])
    assert len(after.constants) == 1


def test_different_moves_are_not_duplicates() -> None:
    net = Network(x=(1, 3, 3, 3))
    values = net.add(TO_CHANNEL_FIRST, "x"), net.add(TO_CHANNEL_LAST, "x")
    assert_idle(net.model(*values), MERGE_DUPLICATES)


def test_dead_nodes_and_constants_go() -> None:
    net = Network(x=(1, 4))
    net.constant(random(1, 4))
    value = net.add(RELU, "x")
    net.add(RELU, net.add(Tanh(), "x"))
    after = assert_fires(net.model(value), [ELIMINATE_DEAD_CODE], ["clip"])
    assert not after.constants
    assert_idle(after, ELIMINATE_DEAD_CODE)
