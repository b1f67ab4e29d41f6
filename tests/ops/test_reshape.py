"""Another shape for the same elements: every engine, and every way to say it in ONNX."""

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx

from cnnc.errors import CnncError, ModelError, UnsupportedOpError
from cnnc.ir.types import Shape
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose

CASES = (
    OpCase("flatten", Reshape((1, 60)), ((1, 3, 4, 5),)),
    OpCase("split_axis", Reshape((2, 3, 2)), ((2, 6),)),
    OpCase("one_element", Reshape((1, 1, 1)), ((1,),)),
    OpCase("scalar", Reshape((1, 1)), ((),)),
    OpCase("same_shape", Reshape((3, 4)), ((3, 4),), ((0.0, 1.0),)),
    OpCase("more_axes", Reshape((1, 2, 1, 3, 1, 5)), ((30,),), ((-1.0, 0.0),)),
)


def _shape(*extents: int) -> "dict[int, np.ndarray[tuple[int], np.dtype[np.int64]]]":
    return {1: np.array(extents, dtype=np.int64)}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_engines_agree(case: OpCase) -> None:
    check_case(case)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((2, 3, 4), (2, 12)),
        ((2, 3, 4), (-1, 4)),
        ((2, 3, 4), (0, -1)),
        ((2, 3, 4), (0, 0, 2, 2)),
        ((1, 3, 4, 5), (1, -1)),
        ((1, 3, 4, 5), (3, 1, 5, 4)),
        ((1, 6), (1, 6, 1, 1)),
        ((1, 7, 1, 1), (1, 7)),
    ],
)
@pytest.mark.parametrize("opset", [7, 13, 17, 21])
def test_reshape(source: Shape, target: Shape, opset: int) -> None:
    check_onnx("Reshape", {}, [source], opset, _shape(*target))


@pytest.mark.parametrize("axis", [-4, -2, -1, 0, 1, 2, 3, 4])
def test_flatten(axis: int) -> None:
    check_onnx("Flatten", {"axis": axis}, [(2, 3, 4, 5)], 13)


@pytest.mark.parametrize("axis", [5, -5])
def test_flatten_beyond_the_rank_is_refused(axis: int) -> None:
    with pytest.raises(UnsupportedOpError, match=f"axis {axis} does not exist in rank 4"):
        check_onnx("Flatten", {"axis": axis}, [(2, 3, 4, 5)], 13)


def test_channels_of_a_pixel_need_no_transpose() -> None:
    model = check_onnx("Flatten", {}, [(1, 7, 1, 1)])
    assert not any(isinstance(node.op, Transpose) for node in model.nodes)


@pytest.mark.parametrize("axes", [[0], [2], [-1], [0, 2, 3], None])
def test_squeeze(axes: list[int] | None) -> None:
    attributes = {} if axes is None else {"axes": axes}
    constants = {} if axes is None else _shape(*axes)
    check_onnx("Squeeze", attributes, [(1, 3, 1, 1)], 11)
    check_onnx("Squeeze", {}, [(1, 3, 1, 1)], 13, constants)


@pytest.mark.parametrize("axes", [[0], [1, 3], [-1], [0, -1]])
def test_unsqueeze(axes: list[int]) -> None:
    check_onnx("Unsqueeze", {"axes": axes}, [(2, 3)], 11)
    check_onnx("Unsqueeze", {}, [(2, 3)], 13, _shape(*axes))


def test_elements_must_stay_as_many() -> None:
    with pytest.raises(ModelError, match="cannot be reshaped"):
        Reshape((2, 4)).output_shape([(2, 3)])


def test_squeezing_an_axis_that_is_not_one_is_refused() -> None:
    with pytest.raises(CnncError, match="size 1"):
        check_onnx("Squeeze", {}, [(2, 3)], 13, _shape(0))


def test_shape_that_does_not_fit_is_refused() -> None:
    with pytest.raises(CnncError):
        check_onnx("Reshape", {}, [(2, 3)], 13, _shape(4, 2))


@pytest.mark.parametrize("opset", [7, 13])
def test_zero_beyond_the_rank_is_named(opset: int) -> None:
    reason = r"keeps the extent of axis 2 \(entry 0\), which a tensor of shape \[2, 3\] does not"
    with pytest.raises(UnsupportedOpError, match=reason):
        check_onnx("Reshape", {}, [(2, 3)], opset, _shape(2, 3, 0))


@pytest.mark.parametrize("target", [(4, -1), (4, 2), (-1, -1), (0, 0, -2)])
def test_the_shape_in_the_model_is_named(target: Shape) -> None:
    listed = ", ".join(map(str, target))
    with pytest.raises(UnsupportedOpError, match=rf"target shape \[{listed}\] does not fit"):
        check_onnx("Reshape", {}, [(2, 3)], 13, _shape(*target))


def test_squeeze_without_an_axis_drops_every_axis_of_size_one() -> None:
    model = check_onnx("Squeeze", {}, [(1, 3, 1, 4)], 13, {1: np.zeros(0, np.int64)})
    assert model.outputs[0].onnx_shape == (3, 4)


@pytest.mark.parametrize(
    ("op_type", "axes", "reason"),
    [
        ("Squeeze", [4], "axis 4 does not exist in rank 4"),
        ("Squeeze", [0, -5], "axis -5 does not exist in rank 4"),
        ("Squeeze", [0, -4], r"axes \[0, -4\] name axis 0 twice"),
        ("Unsqueeze", [5], "axis 5 does not exist in rank 5"),
        ("Unsqueeze", [-6], "axis -6 does not exist in rank 5"),
        ("Unsqueeze", [1, 1], r"axes \[1, 1\] name axis 1 twice"),
    ],
)
def test_axes_that_make_no_sense(op_type: str, axes: list[int], reason: str) -> None:
    with pytest.raises(UnsupportedOpError, match=reason):
        check_onnx(op_type, {"axes": axes}, [(1, 1, 3, 4)], 11)
    with pytest.raises(UnsupportedOpError, match=reason):
        check_onnx(op_type, {}, [(1, 1, 3, 4)], 13, _shape(*axes))
