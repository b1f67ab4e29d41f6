"""Max pooling: every engine, ONNX's spellings, what is refused."""

from dataclasses import replace

import pytest
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case, tflite_refusals

from cnnc.errors import CnncError
from cnnc.ir.types import Window
from cnnc.ops.max_pool import MaxPool


def case(name: str, window: Window, *shape: int, low: float = -1.0, high: float = 1.0) -> OpCase:
    return OpCase(name, MaxPool(window), (shape,), ((low, high),))


PADDED = Window(3, 3, 2, 2, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
SAME_AFTER = Window(3, 3, 2, 2, pad_bottom=1, pad_right=1)
DILATED = Window(2, 3, dilation_rows=2, dilation_cols=2, pad_top=1, pad_right=1)

CASES = [
    case("one_pixel", Window(1, 1), 1, 1, 1, 1),
    case("kernel_2_stride_2", Window(2, 2, 2, 2), 1, 8, 6, 8),
    case("rest_of_the_image_unused", Window(2, 2, 3, 3), 1, 7, 8, 3),
    case("symmetric_pads", PADDED, 1, 9, 7, 5),
    case("symmetric_pads_all_negative", PADDED, 1, 5, 5, 2, low=-1.0, high=0.0),
    case("symmetric_pads_all_positive", PADDED, 1, 5, 5, 2, low=0.0, high=1.0),
    case("same_upper", SAME_AFTER, 1, 8, 8, 4),
    case("asymmetric_pads", Window(3, 2, 1, 3, pad_bottom=2, pad_right=1), 2, 5, 6, 3),
    case("kernel_of_the_image", Window(5, 6), 1, 5, 6, 17),
    case("kernel_wider_than_the_image", Window(5, 5, 1, 1, 1, 1, 2, 2, 2, 2), 1, 2, 3, 2),
    case("one_column", Window(7, 1, pad_top=6, pad_bottom=6), 1, 4, 1, 9),
    case("end_padding_never_reached", Window(2, 2, 2, 2, pad_bottom=1, pad_right=1), 1, 4, 6, 2),
    replace(case("dilated", DILATED, 1, 6, 7, 2), not_expressible=True),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


def test_tflite_has_no_dilations() -> None:
    (refusal,) = tflite_refusals(case("dilated", DILATED, 1, 6, 7, 1))
    assert refusal.reason == "MAX_POOL_2D has no dilations"


@pytest.mark.parametrize("size", [6, 7, 8, 9])
@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [1, 0, 0, 1], [1, 1, 1, 1]])
@pytest.mark.parametrize("ceil_mode", [0, 1])
def test_ceil_mode(size: int, pads: list[int], ceil_mode: int) -> None:
    attributes = {"kernel_shape": [3, 2], "strides": [2, 3], "pads": pads, "ceil_mode": ceil_mode}
    check_onnx("MaxPool", attributes, [(1, 3, size, size + 1)])


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"])
@pytest.mark.parametrize("ceil_mode", [0, 1])
def test_auto_pad(auto_pad: str, ceil_mode: int) -> None:
    attributes = {"kernel_shape": [2, 3], "strides": [2, 2], "auto_pad": auto_pad}
    check_onnx("MaxPool", attributes | {"ceil_mode": ceil_mode}, [(1, 2, 7, 8)])


@pytest.mark.parametrize("opset", [8, 10, 11, 12, 22])
def test_opsets(opset: int) -> None:
    attributes = {"kernel_shape": [2, 2], "strides": [1, 2], "storage_order": 0}
    check_onnx("MaxPool", attributes, [(1, 2, 5, 6)], opset=opset)


def test_dilations() -> None:
    attributes = {"kernel_shape": [3, 2], "dilations": [2, 3], "pads": [2, 0, 1, 1]}
    check_onnx("MaxPool", attributes | {"strides": [1, 2], "ceil_mode": 1}, [(1, 2, 9, 8)])


@pytest.mark.parametrize(
    ("attributes", "shape", "reason"),
    [
        ({"kernel_shape": [2]}, (1, 2, 8), "only 2-D images"),
        ({"kernel_shape": [9, 9]}, (1, 2, 8, 8), "does not fit into an image of 8x8"),
        (
            {"kernel_shape": [2, 2], "dilations": [1, 4], "pads": [0, 1, 0, 2]},
            (1, 1, 3, 3),
            "lies in the padding",
        ),
        (
            {"kernel_shape": [2, 2], "dilations": [2, 2], "auto_pad": "SAME_UPPER"},
            (1, 1, 8, 8),
            "auto_pad SAME with dilations",
        ),
    ],
)
def test_refusals(attributes: dict[str, object], shape: tuple[int, ...], reason: str) -> None:
    with pytest.raises(CnncError, match=reason):
        check_onnx("MaxPool", attributes, [shape])
