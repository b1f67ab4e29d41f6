"""Average pooling: every engine, which padding counts, what TFLite cannot say."""

from dataclasses import replace

import numpy as np
import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, tflite_refusals

from cnnc.errors import CnncError
from cnnc.ir.types import Window, Window3, WindowAxis
from cnnc.ops.average_pool import AveragePool, QuantAveragePool
from cnnc.quantize.fixed_point import Arithmetic

PADDED = Window(3, 3, 2, 2, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
CEIL = Window(3, 3, 2, 2, pad_top=1, pad_bottom=2, pad_left=1, pad_right=2)
ASYMMETRIC = Window(3, 2, 1, 3, pad_bottom=2, pad_right=1)
DILATED = Window(2, 3, 1, 1, 2, 2, 1, 0, 0, 1)


def case(name: str, op: AveragePool, *shape: int, low: float = -1.0, high: float = 1.0) -> OpCase:
    return OpCase(name, op, (shape,), ((low, high),))


EXPRESSIBLE = [
    case("one_pixel", AveragePool(Window(1, 1)), 1, 1, 1, 1),
    case("kernel_2_stride_2", AveragePool(Window(2, 2, 2, 2)), 1, 8, 6, 8),
    case("all_positive", AveragePool(Window(2, 3)), 2, 4, 5, 5, low=0.0),
    case("whole_image", AveragePool(Window(8, 8)), 1, 8, 8, 7),
    case("whole_row", AveragePool(Window(1, 5)), 1, 3, 5, 4),
    case("same", AveragePool(PADDED), 1, 9, 7, 5),
    case("same_ceil_mode", AveragePool(PADDED, uncounted=(1, 0)), 1, 9, 7, 5),
    case("kernel_wider_than_image", AveragePool(Window(5, 5, 1, 1, 1, 1, 2, 2, 2, 2)), 1, 2, 3, 2),
    case("counted", AveragePool(PADDED, count_include_pad=True), 1, 8, 7, 3),
    case("counted_all_positive", AveragePool(PADDED, count_include_pad=True), 1, 5, 5, 4, low=0.0),
    case("counted_all_negative", AveragePool(PADDED, count_include_pad=True), 1, 5, 5, 4, high=0.0),
    case("counted_asymmetric", AveragePool(ASYMMETRIC, count_include_pad=True), 2, 5, 6, 3),
]
CUBE = Window3(WindowAxis(2), WindowAxis(2, 2), WindowAxis(3, 1, 1, 1, 1))
CEIL_CUBE = Window3(WindowAxis(3, 2, 1, 1, 2), WindowAxis(2, 2, 1, 0, 1), WindowAxis(1))
DILATED_CUBE = Window3(WindowAxis(2, 1, 2, 1), WindowAxis(2), WindowAxis(2, 3, 2, 0, 2))
VOLUMES = "TFLite pools over three axes in float only"
NOT_EXPRESSIBLE = [
    (case("volume", AveragePool(CUBE), 2, 3, 4, 5, 3), VOLUMES),
    (case("volume_counted", AveragePool(CUBE, True), 1, 3, 4, 5, 6, low=0.0), VOLUMES),
    (case("volume_ceil_mode", AveragePool(CEIL_CUBE, True, (1, 1, 0)), 1, 4, 3, 2, 2), VOLUMES),
    (case("volume_dilated", AveragePool(DILATED_CUBE), 1, 3, 2, 6, 1), VOLUMES),
    (
        case("excluded_asymmetric", AveragePool(ASYMMETRIC), 2, 5, 6, 3),
        "AVERAGE_POOL_2D excludes no padding but that of SAME",
    ),
    (
        case("counted_ceil_mode", AveragePool(CEIL, True, (1, 1)), 1, 8, 8, 5),
        "AVERAGE_POOL_2D has no ceil_mode",
    ),
    (case("dilated", AveragePool(DILATED), 1, 6, 7, 1), "AVERAGE_POOL_2D has no dilations"),
    (
        case("dilated_counted", AveragePool(DILATED, True, (0, 1)), 1, 6, 7, 4),
        "AVERAGE_POOL_2D has no dilations",
    ),
]


@pytest.mark.parametrize("op_case", EXPRESSIBLE, ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)
    assert tflite_refusals(op_case) == ()


@pytest.mark.parametrize(("op_case", "reason"), NOT_EXPRESSIBLE, ids=str)
def test_reference_and_c_agree(op_case: OpCase, reason: str) -> None:
    check_case(replace(op_case, not_expressible=True))
    (refusal,) = tflite_refusals(op_case)
    assert refusal.reason == reason


@pytest.mark.parametrize(
    "op_case", [*EXPRESSIBLE, *(op_case for op_case, _ in NOT_EXPRESSIBLE)], ids=str
)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_ties_round_away_from_zero() -> None:
    op = QuantAveragePool(Window(1, 2, 1, 2), False, (), zero_point=0)
    q = np.array([1, 2, -1, -2, 1, 0, -1, 0, 0, 0], dtype=np.int8).reshape(1, 1, 1, 10, 1)
    result = op.evaluate([q], Arithmetic())
    assert result.reshape(-1).tolist() == [2, -2, 1, -1, 0]


@pytest.mark.parametrize("size", [6, 7, 8, 9])
@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [1, 0, 0, 1], [1, 1, 1, 1]])
@pytest.mark.parametrize("ceil_mode", [0, 1])
@pytest.mark.parametrize("include", [0, 1])
def test_ceil_mode(size: int, pads: list[int], ceil_mode: int, include: int) -> None:
    attributes = {"kernel_shape": [3, 2], "strides": [2, 3], "pads": pads}
    modes = {"ceil_mode": ceil_mode, "count_include_pad": include}
    check_onnx("AveragePool", attributes | modes, [(1, 3, size, size + 1)])


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
@pytest.mark.parametrize("include", [0, 1])
def test_auto_pad(auto_pad: str, include: int) -> None:
    attributes = {"kernel_shape": [2, 3], "strides": [2, 2], "auto_pad": auto_pad}
    check_onnx("AveragePool", attributes | {"count_include_pad": include}, [(1, 2, 7, 8)])


@pytest.mark.parametrize("opset", [7, 10, 11, 19, 22])
def test_opsets(opset: int) -> None:
    attributes = {"kernel_shape": [2, 2], "pads": [1, 1, 0, 0], "count_include_pad": 1}
    check_onnx("AveragePool", attributes, [(1, 2, 5, 6)], opset=opset)


@pytest.mark.parametrize("include", [0, 1])
def test_dilations(include: int) -> None:
    attributes = {"kernel_shape": [3, 2], "dilations": [2, 3], "pads": [2, 0, 1, 1]}
    modes = {"strides": [1, 2], "ceil_mode": 1, "count_include_pad": include}
    check_onnx("AveragePool", attributes | modes, [(1, 2, 9, 8)], opset=19)


@pytest.mark.parametrize("ceil_mode", [0, 1])
@pytest.mark.parametrize("include", [0, 1])
@pytest.mark.parametrize("pads", [[0, 0], [1, 0], [1, 2]])
def test_lines(ceil_mode: int, include: int, pads: list[int]) -> None:
    attributes = {"kernel_shape": [3], "strides": [2], "pads": pads}
    modes = {"ceil_mode": ceil_mode, "count_include_pad": include}
    check_onnx("AveragePool", attributes | modes, [(2, 3, 8)])


@pytest.mark.parametrize("ceil_mode", [0, 1])
@pytest.mark.parametrize("include", [0, 1])
@pytest.mark.parametrize("pads", [[0] * 6, [1, 0, 1, 0, 1, 1]])
def test_volumes(ceil_mode: int, include: int, pads: list[int]) -> None:
    attributes = {"kernel_shape": [2, 3, 2], "strides": [2, 2, 3], "pads": pads}
    modes = {"ceil_mode": ceil_mode, "count_include_pad": include, "dilations": [1, 1, 2]}
    check_onnx("AveragePool", attributes | modes, [(1, 2, 5, 6, 7)], opset=19)


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER"])
def test_auto_pad_with_dilations(auto_pad: str) -> None:
    attributes = {"kernel_shape": [3, 2], "strides": [2, 1], "dilations": [2, 3]}
    check_onnx("AveragePool", attributes | {"auto_pad": auto_pad}, [(1, 2, 8, 9)], opset=19)


@pytest.mark.parametrize("shape", [(1, 2), (1, 2, 3, 4, 5, 6)])
def test_refuses_what_is_no_image(shape: tuple[int, ...]) -> None:
    with pytest.raises(CnncError, match="images of one, two or three axes"):
        check_onnx("AveragePool", {"kernel_shape": [1]}, [shape])


def test_refuses_a_window_of_other_axes_than_the_image() -> None:
    with pytest.raises(CnncError, match="along 2 axes needs"):
        AveragePool(PADDED).output_shape([(1, 4, 4, 4, 2)])
