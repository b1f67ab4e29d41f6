"""Max pooling: every engine, ONNX's spellings, what is refused."""

from dataclasses import replace

import onnx
import pytest
from onnx import TensorProto, helper
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto
from tests.support.op_cases import (
    OpCase,
    check_case,
    check_onnx,
    check_real_case,
    quantized_case,
    tflite_refusals,
)

from cnnc.errors import CnncError
from cnnc.ir.types import AnyWindow, ElementType, Window, Window3, WindowAxis
from cnnc.ops.max_pool import MaxPool
from cnnc.ops.max_pool.indices import MaxPoolIndices


def case(name: str, window: AnyWindow, *shape: int, low: float = -1.0, high: float = 1.0) -> OpCase:
    return OpCase(name, MaxPool(window), (shape,), ((low, high),))


PADDED = Window(3, 3, 2, 2, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1)
SAME_AFTER = Window(3, 3, 2, 2, pad_bottom=1, pad_right=1)
DILATED = Window(2, 3, dilation_rows=2, dilation_cols=2, pad_top=1, pad_right=1)
CUBE = Window3(WindowAxis(2), WindowAxis(2, 2), WindowAxis(3, 1, 1, 1, 1))
CEIL_CUBE = Window3(WindowAxis(3, 2, 1, 1, 2), WindowAxis(2, 2, 1, 0, 1), WindowAxis(1))
DILATED_CUBE = Window3(WindowAxis(2, 1, 2, 1), WindowAxis(2), WindowAxis(2, 3, 2, 0, 2))

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
    replace(case("volume", CUBE, 2, 3, 4, 5, 3), not_expressible=True),
    replace(case("volume_ceil_mode", CEIL_CUBE, 1, 4, 3, 2, 2, high=0.0), not_expressible=True),
    replace(case("volume_dilated", DILATED_CUBE, 1, 3, 2, 6, 1), not_expressible=True),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


INTEGERS = [
    replace(case(name, window, *shape, low=0, high=255), input_types=(ElementType.UINT8,))
    for name, window, shape in (
        ("bytes", PADDED, (2, 5, 6, 3)),
        ("bytes_of_a_volume", CUBE, (1, 3, 4, 5, 2)),
    )
]
INDICES = [
    OpCase("indices", MaxPoolIndices(PADDED, column_major=False), ((2, 5, 6, 3),)),
    OpCase("indices_by_columns", MaxPoolIndices(PADDED, column_major=True), ((2, 5, 6, 3),)),
    OpCase("indices_in_a_volume", MaxPoolIndices(CUBE, column_major=False), ((2, 3, 4, 5, 2),)),
]


@pytest.mark.parametrize("op_case", [*CASES, *INTEGERS, *INDICES], ids=str)
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


@pytest.mark.parametrize("ceil_mode", [0, 1])
@pytest.mark.parametrize("pads", [[0, 0], [1, 0], [1, 2]])
def test_lines(ceil_mode: int, pads: list[int]) -> None:
    attributes = {"kernel_shape": [3], "strides": [2], "pads": pads, "ceil_mode": ceil_mode}
    check_onnx("MaxPool", attributes, [(2, 3, 8)])


@pytest.mark.parametrize("ceil_mode", [0, 1])
@pytest.mark.parametrize("pads", [[0] * 6, [1, 0, 1, 0, 1, 1]])
def test_volumes(ceil_mode: int, pads: list[int]) -> None:
    attributes = {"kernel_shape": [2, 3, 2], "strides": [2, 2, 3], "dilations": [1, 1, 2]}
    modes = {"ceil_mode": ceil_mode, "pads": pads}
    check_onnx("MaxPool", attributes | modes, [(1, 2, 5, 6, 7)])


@pytest.mark.parametrize("shape", [(2, 3, 7), (1, 3, 4, 5), (2, 1, 2, 3, 4)])
def test_global_max_pool(shape: tuple[int, ...]) -> None:
    check_onnx("GlobalMaxPool", {}, [shape])


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER"])
def test_auto_pad_with_dilations(auto_pad: str) -> None:
    attributes = {"kernel_shape": [3, 2], "strides": [2, 1], "dilations": [2, 3]}
    check_onnx("MaxPool", attributes | {"auto_pad": auto_pad}, [(1, 2, 8, 9)])


def _with_indices(shape: tuple[int, ...], **attributes: int | list[int]) -> onnx.ModelProto:
    node = helper.make_node("MaxPool", ["x"], ["y", "indices"], "pool", None, None, None)
    node.attribute.extend(helper.make_attribute(*entry) for entry in attributes.items())
    results = [
        helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
        helper.make_tensor_value_info("indices", TensorProto.INT64, None),
    ]
    operand = helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))
    graph = helper.make_graph([node], "indices", [operand], results)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8)


@pytest.mark.parametrize("storage_order", [0, 1])
@pytest.mark.parametrize("pads", [[0, 0, 0, 0], [1, 0, 1, 2]])
def test_indices_in_images(storage_order: int, pads: list[int]) -> None:
    steps = {"kernel_shape": [2, 3], "strides": [2, 1], "pads": pads}
    proto = _with_indices((2, 3, 5, 6), storage_order=storage_order, **steps)
    compare_with_onnx_runtime(import_proto(proto), proto)


@pytest.mark.parametrize("shape", [(2, 3, 7), (2, 2, 3, 4, 5)])
def test_indices_in_lines_and_volumes(shape: tuple[int, ...]) -> None:
    axes = len(shape) - 2
    proto = _with_indices(shape, kernel_shape=[2] * axes, strides=[2] * axes)
    compare_with_onnx_runtime(import_proto(proto), proto)


def test_indices_by_columns_in_a_volume() -> None:
    with pytest.raises(CnncError, match="indices by columns"):
        import_proto(_with_indices((1, 1, 3, 3, 3), kernel_shape=[2, 2, 2], storage_order=1))


def test_indices_that_have_no_kernel() -> None:
    with pytest.raises(CnncError, match="indices in a tensor of uint8"):
        MaxPoolIndices(PADDED, column_major=False).output_type([ElementType.UINT8])


def test_bytes_that_are_not_quantized_stay_as_they_are() -> None:
    model = quantized_case(INTEGERS[-1], "double")
    assert [node.op.kind for node in model.nodes] == ["max_pool"]
    assert model.values["output"].element_type is ElementType.UINT8


def test_types_without_a_kernel() -> None:
    with pytest.raises(CnncError, match="type int32; float32, uint8 are supported"):
        MaxPool(PADDED).output_type([ElementType.INT32])


def test_dilations() -> None:
    attributes = {"kernel_shape": [3, 2], "dilations": [2, 3], "pads": [2, 0, 1, 1]}
    check_onnx("MaxPool", attributes | {"strides": [1, 2], "ceil_mode": 1}, [(1, 2, 9, 8)])


@pytest.mark.parametrize(
    ("attributes", "shape", "reason"),
    [
        ({"kernel_shape": [2]}, (1, 2, 8, 8), "the window has 2"),
        ({"kernel_shape": [1]}, (1, 2), "images of one, two or three axes"),
        ({"kernel_shape": [9, 9]}, (1, 2, 8, 8), "does not fit into an image of 8x8"),
        (
            {"kernel_shape": [2, 2], "dilations": [1, 4], "pads": [0, 1, 0, 2]},
            (1, 1, 3, 3),
            "lies in the padding",
        ),
    ],
)
def test_refusals(attributes: dict[str, object], shape: tuple[int, ...], reason: str) -> None:
    with pytest.raises(CnncError, match=reason):
        check_onnx("MaxPool", attributes, [shape])
