"""Transpose: every engine, merged axes, and that reading one moves no byte."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case

from cnnc.errors import CnncError
from cnnc.importer.builder import GraphBuilder
from cnnc.ir.types import ElementType
from cnnc.ops.transpose import Transpose, merge_axes


def case(name: str, permutation: tuple[int, ...], *shape: int) -> OpCase:
    return OpCase(name, Transpose(permutation), (shape,))


CASES = [
    case("to_channel_first", (0, 3, 1, 2), 1, 5, 4, 3),
    case("to_channel_last", (0, 2, 3, 1), 2, 5, 4, 3),
    case("matrix", (1, 0), 7, 9),
    case("reversed", (3, 2, 1, 0), 2, 3, 4, 5),
    case("inner_axes", (0, 1, 3, 2), 2, 3, 4, 5),
    case("outer_axes", (1, 0, 2, 3), 2, 3, 4, 5),
    case("five_axes", (4, 3, 2, 1, 0), 2, 3, 2, 3, 2),
    case("six_axes", (5, 4, 3, 2, 1, 0), 2, 3, 2, 3, 2, 3),
    case("seven_axes", (0, 6, 5, 4, 3, 2, 1), 1, 2, 3, 2, 3, 2, 3),
    case("nothing_moves", (0, 1), 7, 9),
    case("only_ones_move", (2, 0, 1), 1, 3, 1),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_neighbours_are_merged() -> None:
    assert merge_axes((1, 5, 4, 3), (0, 3, 1, 2)) == ((20, 3), (1, 0))
    assert merge_axes((2, 3, 4, 5), (0, 1, 3, 2)) == ((6, 4, 5), (0, 2, 1))
    assert merge_axes((1, 1), (1, 0)) == ((), ())


@given(st.data())
def test_merging_moves_the_same_elements(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=5)))
    permutation = tuple(data.draw(st.permutations(range(len(shape)))))
    values = np.arange(np.prod(shape)).reshape(shape)
    merged, moves = merge_axes(shape, permutation)
    expected = values.transpose(permutation).reshape(-1)
    assert values.reshape(merged).transpose(moves).reshape(-1).tolist() == expected.tolist()


@pytest.mark.parametrize("perm", list(itertools.permutations(range(3))))
def test_onnx_permutations(perm: tuple[int, ...]) -> None:
    check_onnx("Transpose", {"perm": list(perm)}, [(2, 3, 4)])


@pytest.mark.parametrize("perm", [None, [0, 2, 3, 1], [0, 3, 1, 2], [1, 0, 3, 2]])
def test_onnx_images(perm: list[int] | None) -> None:
    attributes = {} if perm is None else {"perm": perm}
    model = check_onnx("Transpose", attributes, [(2, 3, 4, 5)])
    assert model.outputs[0].onnx_shape == tuple(np.empty((2, 3, 4, 5)).transpose(perm).shape)


def test_refuses_too_many_axes() -> None:
    builder = GraphBuilder(shapes={"x": (2,) * 7})
    with pytest.raises(CnncError, match="moves more than 6 axes"):
        builder.append("node", Transpose((6, 5, 4, 3, 2, 1, 0)), ["x"], "y", ())


def test_moves_integers() -> None:
    builder = GraphBuilder(shapes={"x": (2, 3)}, types={"x": ElementType.INT32})
    key = builder.append("node", Transpose((1, 0)), ["x"], "y", ())
    assert builder.element_type(key) is ElementType.INT32


def test_tflite_moves_integers_of_many_axes() -> None:
    integers = (ElementType.INT32,)
    shape = (2, 1, 3, 2, 2, 3, 2)
    check_case(
        OpCase("many_axes", Transpose((6, 0, 5, 1, 4, 2, 3)), (shape,), input_types=integers)
    )


def test_refuses_what_is_no_permutation() -> None:
    builder = GraphBuilder(shapes={"x": (2, 3)})
    with pytest.raises(CnncError, match="no permutation"):
        builder.append("node", Transpose((0, 0)), ["x"], "y", ())


@pytest.mark.parametrize("perm", [[0, 1], [0, 0, 1], [0, 1, 3], [0, -1, 1]])
def test_refuses_a_perm_that_is_no_order(perm: list[int]) -> None:
    with pytest.raises(CnncError, match="is no order of 3 axes"):
        check_onnx("Transpose", {"perm": perm}, [(2, 3, 4)])
