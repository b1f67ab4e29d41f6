"""Shapes that a .tflite file computes become constants; PACK and EXPAND_DIMS of activations."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.tflite_files import activation, check_original, constant, one_operator

from cnnc.codegen.tflite_file import OperatorRecord, TensorRecord, TfliteOptions, write_file
from cnnc.importer.tflite.file import parse_tflite
from cnnc.importer.tflite.fold import fold_shapes
from cnnc.ir.types import Shape


def _numbers(name: str, *numbers: int) -> TensorRecord:
    return constant(name, np.array(numbers, dtype=np.int32))


def _dynamic_batch() -> bytes:
    """Return SHAPE > STRIDED_SLICE > PACK > RESHAPE, as converters write a flatten."""
    tensors = [
        activation("x", (2, 3, 4)),
        TensorRecord("shape", (3,), "int32"),
        _numbers("begin", 0),
        _numbers("end", 1),
        _numbers("strides", 1),
        TensorRecord("batch", (), "int32"),
        constant("rest", np.array(12, dtype=np.int32)),
        TensorRecord("target", (2,), "int32"),
        activation("y", (2, 12)),
    ]
    shrink = TfliteOptions("StridedSliceOptions", {"ShrinkAxisMask": 1})
    operators = [
        OperatorRecord("SHAPE", 1, (0,), (1,), TfliteOptions("ShapeOptions", {"OutType": 2})),
        OperatorRecord("STRIDED_SLICE", 1, (1, 2, 3, 4), (5,), shrink),
        OperatorRecord("PACK", 1, (5, 6), (7,), TfliteOptions("PackOptions", {"ValuesCount": 2})),
        OperatorRecord("RESHAPE", 1, (0, 7), (8,), TfliteOptions("ReshapeOptions", {})),
    ]
    return write_file(tensors, operators, [0], [8])


def test_a_computed_shape_is_a_constant(tmp_path: Path) -> None:
    file = fold_shapes(parse_tflite(_dynamic_batch(), "file"))
    assert [operator.code for operator in file.operators] == ["RESHAPE"]
    target = file.tensors[7].data
    assert target is not None
    assert target.tolist() == [2, 12]
    check_original(_dynamic_batch(), tmp_path)


@pytest.mark.parametrize(
    ("code", "operands", "options", "result", "expected"),
    [
        ("ADD", [[2, 3], [4, 5]], {}, (2,), [6, 8]),
        ("SUB", [[2, 3], [4, 5]], {}, (2,), [-2, -2]),
        ("MUL", [[2, 3], [4, 5]], {}, (2,), [8, 15]),
        ("CONCATENATION", [[2, 3], [4]], {"Axis": 0}, (3,), [2, 3, 4]),
        ("GATHER", [[2, 3, 9], [2]], {"Axis": 0}, (1,), [9]),
        ("REDUCE_PROD", [[2, 3, 4], [0]], {"KeepDims": True}, (1,), [24]),
        ("CAST", [[2, 3]], {}, (2,), [2, 3]),
        ("STRIDED_SLICE", [[2, 3, 4], [0], [0], [2]], {"EndMask": 1}, (2,), [2, 4]),
    ],
)
def test_integers_are_computed(
    code: str,
    operands: list[list[int]],
    options: dict[str, int],
    result: Shape,
    expected: list[int],
) -> None:
    records = [_numbers(f"c{k}", *numbers) for k, numbers in enumerate(operands)]
    count = len(records)
    tensors = [*records, TensorRecord("r", result, "int32"), activation("x", (1,))]
    file = parse_tflite(_two_operators(code, tensors, count, options), "file")
    folded = fold_shapes(file)
    data = folded.tensors[count].data
    assert data is not None
    assert data.tolist() == expected


def _two_operators(
    code: str, tensors: list[TensorRecord], count: int, options: dict[str, int]
) -> bytes:
    tables = {
        "ADD": "AddOptions",
        "SUB": "SubOptions",
        "MUL": "MulOptions",
        "CONCATENATION": "ConcatenationOptions",
        "GATHER": "GatherOptions",
        "REDUCE_PROD": "ReducerOptions",
        "CAST": "CastOptions",
        "STRIDED_SLICE": "StridedSliceOptions",
    }
    tensors = [*tensors, activation("y", (1,))]
    operators = [
        OperatorRecord(
            code, 1, tuple(range(count)), (count,), TfliteOptions(tables[code], options)
        ),
        OperatorRecord("RELU", 1, (count + 1,), (count + 2,), None),
    ]
    return write_file(tensors, operators, [count + 1], [count + 2])


def test_what_cannot_be_computed_stays() -> None:
    tensors = [
        _numbers("a", 1, 2),
        _numbers("b", 1, 2, 3),
        TensorRecord("r", (2,), "int32"),
        activation("x", (1,)),
    ]
    file = parse_tflite(_two_operators("ADD", tensors, 2, {}), "file")
    assert fold_shapes(file) is file


@pytest.mark.parametrize(("axis", "result"), [(0, (2, 3, 4)), (1, (3, 2, 4)), (-1, (3, 4, 2))])
def test_reads_a_pack_of_activations(axis: int, result: Shape, tmp_path: Path) -> None:
    options = TfliteOptions("PackOptions", {"ValuesCount": 2, "Axis": axis})
    operands = [activation("a", (3, 4)), activation("b", (3, 4))]
    check_original(one_operator("PACK", operands, activation("y", result), options), tmp_path)


def test_reads_expand_dims(tmp_path: Path) -> None:
    operands = [activation("x", (3, 4)), constant("axis", np.array(1, dtype=np.int32))]
    options = TfliteOptions("ExpandDimsOptions", {})
    data = one_operator("EXPAND_DIMS", operands, activation("y", (3, 1, 4)), options, 1)
    check_original(data, tmp_path)
