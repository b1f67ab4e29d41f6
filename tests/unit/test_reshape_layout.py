"""Where a reshape leaves a tensor: the same elements always, in place where it can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnc.ir.types import Shape
from cnnc.ops._reshape_layout import reshape_layout

NHWC = (0, 2, 3, 1)


@given(st.data())
def test_gives_the_elements_of_onnx(data: st.DataObject) -> None:
    factors = data.draw(st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=6))
    source, target = (_grouped(factors, data) for _ in range(2))
    axes = tuple(data.draw(st.permutations(range(len(source)))))
    values = np.arange(np.prod(source)).reshape(source)

    needed, stored = reshape_layout(source, target, axes)

    memory = values.transpose(needed).reshape([target[axis] for axis in stored])
    expected = values.reshape(target)
    assert np.array_equal(memory.transpose(np.argsort(stored)), expected)


def _grouped(factors: list[int], data: st.DataObject) -> Shape:
    cuts = data.draw(st.lists(st.booleans(), min_size=len(factors), max_size=len(factors)))
    shape = [1]
    for factor, cut in zip(factors, cuts, strict=True):
        if cut:
            shape.append(factor)
        else:
            shape[-1] *= factor
    return tuple(shape)


@pytest.mark.parametrize(
    ("source", "target", "axes", "stored"),
    [
        ((1, 6, 4, 5), (1, 2, 3, 4, 5), NHWC, (0, 3, 4, 1, 2)),
        ((2, 6, 4, 5), (2, 6, 20), NHWC, (0, 2, 1)),
        ((2, 6, 5), (2, 6, 1, 5), (0, 2, 1), NHWC),
        ((2, 6, 1, 5), (2, 6, 5), NHWC, (0, 2, 1)),
        ((1, 6, 1, 1), (1, 6), NHWC, (0, 1)),
    ],
)
def test_leaves_the_tensor_where_it_is(
    source: Shape, target: Shape, axes: Shape, stored: Shape
) -> None:
    assert reshape_layout(source, target, axes) == (axes, stored)


def test_axes_that_become_one_are_brought_together() -> None:
    assert reshape_layout((2, 3, 4, 5), (2, 60), NHWC) == ((0, 1, 2, 3), (0, 1))
    groups = (0, 3, 4, 2, 1)
    assert reshape_layout((1, 2, 3, 4, 5), (1, 6, 4, 5), groups) == ((0, 3, 4, 1, 2), NHWC)
