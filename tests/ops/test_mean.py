"""Mean: every engine, every set of axes, ONNX's spellings and layouts."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, quantized_case

from cnnc.errors import CnncError
from cnnc.importer.builder import GraphBuilder
from cnnc.ir.types import Rounding
from cnnc.ops.mean import Mean
from cnnc.ops.mean.geometry import axis_groups


def case(name: str, axes: tuple[int, ...], *shape: int, keep_dims: bool = True) -> OpCase:
    return OpCase(name, Mean(axes, keep_dims), (shape,))


IMAGE = (1, 2)
CASES = [
    case("image", IMAGE, 1, 7, 7, 16),
    case("image_one_channel", IMAGE, 1, 5, 3, 1),
    case("image_remainder", IMAGE, 2, 4, 3, 7),
    case("image_dropped", IMAGE, 1, 4, 3, 5, keep_dims=False),
    case("large_image", IMAGE, 1, 96, 96, 2),
    case("one_row", IMAGE, 1, 1, 5, 3),
    case("channels", (3,), 1, 3, 5, 7),
    case("batch", (0,), 4, 5),
    case("everything", (0, 1, 2, 3), 2, 3, 4, 5),
    case("everything_to_scalar", (0,), 9, keep_dims=False),
    case("apart", (0, 2), 2, 3, 4, 5),
    case("apart_dropped", (1, 3), 2, 3, 4, 5, keep_dims=False),
    case("six_axes", (0, 2, 4), 2, 3, 2, 3, 2, 3),
    case("nothing_but_ones", (1,), 2, 1, 3),
    OpCase("wider_output", Mean(IMAGE, True), ((1, 3, 3, 5),), ((0.0, 1.0),), {}, (-100.0, 0.0)),
    OpCase("tiny_output", Mean(IMAGE, True), ((1, 3, 3, 5),), ((-1.0, 0.2),), {}, (-1e-5, 2e-5)),
    OpCase("all_negative", Mean(IMAGE, True), ((1, 3, 3, 5),), ((-3.0, 0.0),)),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
@pytest.mark.parametrize("rounding", ["double", "single"])
def test_engines_agree(op_case: OpCase, rounding: Rounding) -> None:
    check_case(op_case, rounding)


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_output_has_its_own_format() -> None:
    model = quantized_case(CASES[-1], "double")
    assert model.values["output"].quantization != model.values["input_0"].quantization


def test_neighbours_are_merged() -> None:
    groups = axis_groups((2, 3, 1, 4, 5), (1, 3))
    assert [(g.extent, g.stride, g.reduced) for g in groups] == [
        (2, 60, False),
        (12, 5, True),
        (5, 1, False),
    ]


@pytest.mark.parametrize("shape", [(1, 3, 4), (1, 3, 5, 4), (2, 3, 2, 3, 2)])
def test_global_average_pool(shape: tuple[int, ...]) -> None:
    check_onnx("GlobalAveragePool", {}, [shape])


@pytest.mark.parametrize("axes", [[2, 3], [-1, -2], [1], [0], [1, 3], [0, 1, 2, 3], [-1]])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_reduce_mean(axes: list[int], keepdims: int) -> None:
    shape = (2, 3, 4, 5)
    check_onnx("ReduceMean", {"axes": axes, "keepdims": keepdims}, [shape], opset=13)
    constants = {1: np.array(axes, dtype=np.int64)}
    check_onnx("ReduceMean", {"keepdims": keepdims}, [shape], opset=18, constants=constants)


@pytest.mark.parametrize("axes", [[2, 3], [2], [3], [0], [0, 2, 3], [1]])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_unit_axes(axes: list[int], keepdims: int) -> None:
    check_onnx("ReduceMean", {"axes": axes, "keepdims": keepdims}, [(1, 3, 4, 1)])


@pytest.mark.parametrize("opset", [13, 18])
def test_no_axes_means_all(opset: int) -> None:
    check_onnx("ReduceMean", {}, [(1, 2, 3, 4)], opset=opset)


def test_noop_with_empty_axes_adds_no_node() -> None:
    constants = {1: np.array([], dtype=np.int64)}
    model = check_onnx(
        "ReduceMean", {"noop_with_empty_axes": 1}, [(1, 2, 3)], opset=18, constants=constants
    )
    assert not any(isinstance(node.op, Mean) for node in model.nodes)


def test_axis_that_does_not_exist() -> None:
    with pytest.raises(CnncError, match="does not exist in rank 3"):
        check_onnx("ReduceMean", {"axes": [4]}, [(1, 2, 3)], opset=13)


@pytest.mark.parametrize(
    ("axes", "shape", "reason"),
    [
        ((1,), (1, 2**23 + 1), "overflow its int32 sum"),
        ((0, 2, 4, 6), (2, 2, 2, 2, 2, 2, 2), "alternate more than 3 times"),
        ((), (2, 3), "a mean over axes"),
    ],
)
def test_refusals(axes: tuple[int, ...], shape: tuple[int, ...], reason: str) -> None:
    builder = GraphBuilder(shapes={"x": shape})
    with pytest.raises(CnncError, match=reason):
        builder.append("node", Mean(axes, True), ["x"], "y", ())


@pytest.mark.parametrize("axes", [[1, 1], [1, -2]])
def test_axis_that_is_named_twice(axes: list[int]) -> None:
    with pytest.raises(CnncError, match="name axis 1 twice"):
        check_onnx("ReduceMean", {"axes": axes}, [(2, 3, 4)])
