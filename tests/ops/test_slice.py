"""Slice and Split: every engine, steps and directions, ONNX's spellings, .tflite operators."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.support.kinds import kinds
from tests.support.onnx_cases import compare_with_onnx_runtime, import_proto
from tests.support.op_cases import OpCase, check_case, check_onnx, check_real_case
from tests.support.tflite_files import activation, check_original, constant

from cnnc.codegen.tflite_file import OperatorRecord, TensorRecord, TfliteOptions, write_file
from cnnc.errors import CnncError, UnsupportedAttributeError
from cnnc.importer.tflite.read import read_tflite
from cnnc.ir.types import AnyArray, ElementType, Shape
from cnnc.ops.slice import Slice
from cnnc.ops.slice.axis import SlicedAxis, merge_sliced_axes

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)


def case(name: str, source: Shape, *slices: slice) -> OpCase:
    """Return the slice of a tensor that Python's slices mean."""
    taken = [range(*part.indices(extent)) for part, extent in zip(slices, source, strict=True)]
    op = Slice(
        tuple(part.start for part in taken),
        tuple(part.step for part in taken),
        tuple(len(part) for part in taken),
    )
    return OpCase(name, op, (source,))


ALL = slice(None)
CASES = [
    case("channels", (1, 4, 5, 6), ALL, ALL, ALL, slice(2, 5)),
    case("rows", (2, 4, 5, 3), ALL, slice(1, 3), ALL, ALL),
    case("batch", (3, 2, 2, 2), slice(1, 2), ALL, ALL, ALL),
    case("every_second", (1, 7, 8, 3), ALL, slice(None, None, 2), slice(1, None, 2), ALL),
    case("backwards", (2, 5), ALL, slice(None, None, -1)),
    case("backwards_in_steps", (4, 9, 2), slice(None, None, -2), slice(7, 1, -3), ALL),
    case("every_second_channel", (1, 3, 4, 6), ALL, ALL, ALL, slice(0, None, 2)),
    case("one_element", (3, 4), slice(1, 2), slice(2, 3)),
    case("rank_1", (9,), slice(2, 7)),
    case("rank_5", (2, 3, 2, 3, 4), ALL, slice(1, 3), ALL, slice(None, None, -1), slice(1, 3)),
    case("rank_6", (2, 3, 2, 2, 2, 3), ALL, slice(1, 3), ALL, ALL, ALL, slice(0, 2)),
    case("everything", (2, 3), ALL, ALL),
    OpCase(
        "integers_of_many_axes",
        Slice((0, 0, 1, 0, 0, 0), (1,) * 6, (2, 3, 1, 2, 2, 2)),
        ((2, 3, 2, 2, 2, 2),),
        input_types=(ElementType.INT32,),
    ),
    OpCase("many_axes", Slice((0,) * 6, (2,) * 6, (2,) * 6), ((3,) * 6,), not_expressible=True),
]


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_engines_agree(op_case: OpCase) -> None:
    check_case(op_case)


@pytest.mark.parametrize("op_case", CASES, ids=str)
def test_real_numbers(op_case: OpCase) -> None:
    check_real_case(op_case)


@pytest.mark.parametrize("op_case", CASES[:5], ids=str)
def test_single_rounding(op_case: OpCase) -> None:
    check_case(op_case, "single")


def test_axes_taken_whole_are_merged() -> None:
    axes = [SlicedAxis(4, 1, 1, 2), SlicedAxis(3, 0, 1, 3), SlicedAxis(5, 4, -1, 5)]
    assert merge_sliced_axes(axes) == (SlicedAxis(12, 3, 1, 6), SlicedAxis(5, 4, -1, 5))


def _integers(*numbers: int) -> AnyArray:
    return np.array(numbers, dtype=np.int64)


@pytest.mark.parametrize(
    ("starts", "ends", "axes", "steps"),
    [
        ((0, 1), (2, 3), None, None),
        ((1,), (INT64_MAX,), (-1,), None),
        ((-3, 0), (-1, INT64_MAX), (1, 3), (1, 2)),
        ((INT64_MAX, -1), (INT64_MIN, INT64_MIN), (1, 2), (-1, -2)),
        ((-1,), (0,), (3,), (-1,)),
        ((3,), (1,), (1,), (-1,)),
    ],
)
@pytest.mark.parametrize("opset", [10, 13, 21])
def test_reads_slices(
    starts: tuple[int, ...],
    ends: tuple[int, ...],
    axes: tuple[int, ...] | None,
    steps: tuple[int, ...] | None,
    opset: int,
) -> None:
    constants: dict[int, AnyArray | None] = {1: _integers(*starts), 2: _integers(*ends)}
    if axes is not None:
        constants[3] = _integers(*axes)
    if steps is not None:
        constants[4] = _integers(*steps)
    check_onnx("Slice", {}, [(2, 4, 5, 6)], opset=opset, constants=constants)


@pytest.mark.parametrize("attributes", [{"axes": [3, 1]}, {}])
def test_reads_slices_with_attributes(attributes: dict[str, list[int]]) -> None:
    fields = {"starts": [1, -2], "ends": [2, 2**31 - 1], **attributes}
    check_onnx("Slice", fields, [(2, 4, 5, 6)], opset=9)


def test_a_slice_of_everything_is_none() -> None:
    constants = {1: _integers(0), 2: _integers(INT64_MAX), 3: _integers(1)}
    model = check_onnx("Slice", {}, [(2, 4, 5, 6)], constants=constants)
    assert kinds(model) == ["reshape"]


@pytest.mark.parametrize(
    ("constants", "reason"),
    [
        ({1: _integers(2), 2: _integers(2)}, "the slice 2:2:1 of axis 0, which has 3 elements, is"),
        ({1: _integers(0, 1), 2: _integers(2)}, "2 starts, 1 ends, 2 axes and 2 steps do not fit"),
        ({1: _integers(0), 2: _integers(2), 3: _integers(4)}, "axis 4 does not exist in rank 2"),
        ({1: _integers(0), 2: _integers(2), 3: None, 4: _integers(0)}, "step 0 along axis 0"),
    ],
)
def test_refuses_slices(constants: dict[int, AnyArray | None], reason: str) -> None:
    with pytest.raises(CnncError, match=reason):
        check_onnx("Slice", {}, [(3, 4)], constants=constants)


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(UnsupportedAttributeError, match="2 elements from 2 on with step 1"):
        Slice((2,), (1,), (2,)).output_shape([(3,)])
    with pytest.raises(UnsupportedAttributeError, match="of 1 axes does not fit"):
        Slice((2,), (1,), (2,)).output_shape([(3, 2)])


def split_model(
    shape: Shape,
    parts: int,
    opset: int,
    sizes: AnyArray | None = None,
    **attributes: Any,  # noqa: ANN401 (any attribute)
) -> onnx.ModelProto:
    names = [f"y{index}" for index in range(parts)]
    inputs = ["x"] if sizes is None else ["x", "sizes"]
    node = helper.make_node("Split", inputs, names, "split", **attributes)
    graph = helper.make_graph(
        [node],
        "split",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names],
        [] if sizes is None else [onnx.numpy_helper.from_array(sizes, "sizes")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -3])
@pytest.mark.parametrize(
    ("opset", "sizes", "attributes"),
    [
        (11, None, {}),
        (11, None, {"split": [2, 4]}),
        (13, None, {}),
        (13, _integers(1, 5), {}),
        (18, None, {"num_outputs": 2}),
        (18, _integers(4, 2), {}),
    ],
)
def test_reads_splits(
    axis: int, opset: int, sizes: AnyArray | None, attributes: dict[str, Any]
) -> None:
    proto = split_model((6, 6, 6, 6), 2, opset, sizes, axis=axis, **attributes)
    compare_with_onnx_runtime(import_proto(proto), proto)


def test_the_last_part_may_be_smaller() -> None:
    proto = split_model((1, 7, 2, 2), 3, 18, axis=1, num_outputs=3)
    model = import_proto(proto)
    assert [port.onnx_shape[1] for port in model.outputs] == [3, 3, 1]
    compare_with_onnx_runtime(model, proto)


def test_a_part_without_elements_joins_nothing() -> None:
    proto = split_model((1, 6, 2), 2, 13, _integers(6, 0), axis=1)
    proto.graph.node.append(helper.make_node("Concat", ["y1", "y0"], ["z"], "join", axis=1))
    del proto.graph.output[:]
    proto.graph.output.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, None))
    model = import_proto(proto)
    assert kinds(model) == ["reshape"]
    compare_with_onnx_runtime(model, proto)


def test_refuses_unequal_parts_where_onnx_wants_equal_ones() -> None:
    proto = split_model((1, 7), 3, 13, axis=1)
    with pytest.raises(CnncError, match="an axis of 7 has no 3 equal parts"):
        import_proto(proto)


def test_results_without_a_name_are_left_out() -> None:
    proto = split_model((1, 6), 3, 13, axis=1)
    proto.graph.node[0].output[1] = ""
    del proto.graph.output[1]
    assert len(import_proto(proto).nodes) == 2


def test_refuses_parts_that_do_not_fit() -> None:
    proto = split_model((1, 6), 2, 13, _integers(2, 3), axis=1)
    with pytest.raises(CnncError, match=r"parts of \[2, 3\] elements do not fit 2 results"):
        import_proto(proto)


def _file(
    code: str, operands: list[TensorRecord], results: list[Shape], options: TfliteOptions
) -> bytes:
    records = [*operands, *(activation(f"y{k}", shape) for k, shape in enumerate(results))]
    sources = [index for index, record in enumerate(operands) if record.data is None]
    outputs = tuple(range(len(operands), len(records)))
    operator = OperatorRecord(code, 2, tuple(range(len(operands))), outputs, options)
    return write_file(records, [operator], sources, outputs)


def _numbers(name: str, *numbers: int) -> TensorRecord:
    return constant(name, np.array(numbers, dtype=np.int32))


def test_reads_a_split_of_tflite(tmp_path: Path) -> None:
    axis = constant("axis", np.array(-1, dtype=np.int32))
    options = TfliteOptions("SplitOptions", {"NumSplits": 2})
    results: list[Shape] = [(1, 3, 3), (1, 3, 3)]
    data = _file("SPLIT", [axis, activation("x", (1, 3, 6))], results, options)
    check_original(data, tmp_path)


def test_reads_a_split_v_of_tflite(tmp_path: Path) -> None:
    operands = [activation("x", (5, 3)), _numbers("sizes", 1, -1), _numbers("axis", 0)]
    options = TfliteOptions("SplitVOptions", {"NumSplits": 2})
    check_original(_file("SPLIT_V", operands, [(1, 3), (4, 3)], options), tmp_path)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_reads_an_unpack_of_tflite(axis: int, tmp_path: Path) -> None:
    options = TfliteOptions("UnpackOptions", {"Num": 3, "Axis": axis})
    data = _file("UNPACK", [activation("x", (3, 3, 3))], [(3, 3)] * 3, options)
    check_original(data, tmp_path)


def test_reads_a_slice_to_the_end_of_tflite(tmp_path: Path) -> None:
    operands = [activation("x", (5, 4)), _numbers("begin", 1, 2), _numbers("size", 3, -1)]
    check_original(_file("SLICE", operands, [(3, 2)], TfliteOptions("SliceOptions", {})), tmp_path)


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({"BeginMask": 1, "EndMask": 2}, (3, 2)),
        ({"ShrinkAxisMask": 1}, (1,)),
        ({"ShrinkAxisMask": 2}, (2,)),
    ],
)
def test_reads_masks_of_tflite(fields: dict[str, int], result: Shape, tmp_path: Path) -> None:
    operands = [
        activation("x", (5, 4)),
        _numbers("begin", 1, 2),
        _numbers("end", 3, 3),
        _numbers("strides", 1, 1),
    ]
    options = TfliteOptions("StridedSliceOptions", fields)
    check_original(_file("STRIDED_SLICE", operands, [result], options), tmp_path)


def test_refuses_masks_that_add_axes(tmp_path: Path) -> None:
    operands = [
        activation("x", (5,)),
        _numbers("begin", 0),
        _numbers("end", 3),
        _numbers("strides", 1),
    ]
    options = TfliteOptions("StridedSliceOptions", {"NewAxisMask": 1})
    path = tmp_path / "model.tflite"
    path.write_bytes(_file("STRIDED_SLICE", operands, [(1, 5)], options))
    with pytest.raises(CnncError, match="NewAxisMask is not supported"):
        read_tflite(path)
