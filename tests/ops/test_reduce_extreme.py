"""ReduceMax and ReduceMin: every engine, every set of axes, ONNX's spellings and layouts."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case

from cnnc.errors import CnncError
from cnnc.importer.builder import GraphBuilder
from cnnc.ir.types import ElementType, Shape
from cnnc.ops.reduce_extreme import ReduceExtreme


def case(
    name: str, axes: tuple[int, ...], *shape: int, keep_dims: bool = True, smallest: bool = False
) -> OpCase:
    return OpCase(name, ReduceExtreme(axes, keep_dims, smallest), (shape,))


CASES = [
    case("image", (1, 2), 1, 7, 5, 16),
    case("image_dropped", (1, 2), 2, 4, 3, 5, keep_dims=False),
    case("channels", (3,), 1, 3, 5, 7, smallest=True),
    case("batch", (0,), 4, 5),
    case("everything", (0, 1, 2, 3), 2, 3, 4, 5),
    case("to_scalar", (0,), 9, keep_dims=False, smallest=True),
    case("apart", (0, 2), 2, 3, 4, 5, smallest=True),
    case("three_apart", (0, 2, 4), 2, 3, 2, 3, 2),
    case("single_elements", (1,), 2, 1, 3),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


@pytest.mark.parametrize("op_case", CASES[:2], ids=str)
def test_single_rounding(op_case: OpCase) -> None:
    check_case(op_case, "single")


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


@pytest.mark.parametrize("op_type", ["ReduceMax", "ReduceMin"])
@pytest.mark.parametrize("axes", [[2, 3], [-1, -2], [1], [0], [1, 3], [0, 1, 2, 3], [-1]])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_reads_axes(op_type: str, axes: list[int], keepdims: int) -> None:
    shape = (2, 3, 4, 5)
    check_onnx(op_type, {"axes": axes, "keepdims": keepdims}, [shape], opset=13)
    constants = {1: np.array(axes, dtype=np.int64)}
    check_onnx(op_type, {"keepdims": keepdims}, [shape], opset=18, constants=constants)


@pytest.mark.parametrize("shape", [(1, 3, 4, 1), (2, 3), (5,)])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("opset", [11, 18])
def test_no_axes_means_all(shape: Shape, keepdims: int, opset: int) -> None:
    check_onnx("ReduceMax", {"keepdims": keepdims}, [shape], opset=opset)


@pytest.mark.parametrize("keepdims", [0, 1])
def test_axes_of_size_one_cost_nothing(keepdims: int) -> None:
    model = check_onnx("ReduceMax", {"axes": [2], "keepdims": keepdims}, [(2, 3, 1)], opset=13)
    assert not any(isinstance(node.op, ReduceExtreme) for node in model.nodes)


def test_noop_with_empty_axes_adds_no_node() -> None:
    constants = {1: np.array([], dtype=np.int64)}
    model = check_onnx(
        "ReduceMin", {"noop_with_empty_axes": 1}, [(1, 2, 3)], opset=18, constants=constants
    )
    assert not any(isinstance(node.op, ReduceExtreme) for node in model.nodes)


@pytest.mark.parametrize(
    ("axes", "shape", "reason"),
    [
        ((0, 2, 4, 6), (2, 2, 2, 2, 2, 2, 2), "alternate more than 3 times"),
        ((2,), (2, 3), "a reduction over axes"),
    ],
)
def test_refusals(axes: tuple[int, ...], shape: Shape, reason: str) -> None:
    builder = GraphBuilder(shapes={"x": shape})
    with pytest.raises(CnncError, match=reason):
        builder.append("node", ReduceExtreme(axes, True, False), ["x"], "y", ())


def test_integers_are_refused() -> None:
    builder = GraphBuilder(shapes={"x": (2, 3)}, types={"x": ElementType.INT32})
    with pytest.raises(CnncError, match="operand of type int32"):
        builder.append("node", ReduceExtreme((1,), True, False), ["x"], "y", ())
