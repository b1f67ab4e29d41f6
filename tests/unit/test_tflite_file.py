"""Reading a .tflite file: broken and foreign ones get one message, records come back unchanged."""

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
import tflite
from tests.support.tflite_files import activation, constant, fully_connected, one_operator

from cnnc.codegen.tflite_file import TfliteOptions, write_file
from cnnc.errors import CnncError, ModelError
from cnnc.importer.tflite.file import is_tflite, load_tflite, parse_tflite
from cnnc.importer.tflite.read import read_tflite

SCHEMA: Any = tflite


def subgraphs(count: int, version: int = 3) -> bytes:
    """Return a file with empty subgraphs."""
    builder: Any = flatbuffers.Builder(64)
    tables = []
    for _ in range(count):
        SCHEMA.SubGraphStart(builder)
        tables.append(SCHEMA.SubGraphEnd(builder))
    builder.StartVector(4, count, 4)
    for table in tables:
        builder.PrependUOffsetTRelative(table)
    vector = builder.EndVector()
    SCHEMA.ModelStart(builder)
    SCHEMA.ModelAddVersion(builder, version)
    SCHEMA.ModelAddSubgraphs(builder, vector)
    builder.Finish(SCHEMA.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def test_records_come_back_as_they_were_written() -> None:
    weights = np.arange(-6, 6, dtype=np.int8).reshape(1, 1, 3, 4)
    operands = [
        activation("x", (1, 2, 3, 4), 0.1, -5),
        constant("w", weights, [0.5, 0.25, 0.125, 1.0], axis=3),
        constant("pads", np.array([[0, 1], [2, 3]], np.int32)),
    ]
    options = TfliteOptions("DepthwiseConv2DOptions", {"StrideH": 3, "DepthMultiplier": 2})
    data = one_operator("DEPTHWISE_CONV_2D", operands, activation("y", (1, 1)), options)
    file = parse_tflite(data, "m")

    assert file.description == "cnnc"
    assert [record.name for record in file.tensors] == ["x", "w", "pads", "y"]
    assert file.tensors[1].scales == (0.5, 0.25, 0.125, 1.0)
    assert file.tensors[1].quantized_axis == 3
    assert file.tensors[1].data is not None
    assert np.array_equal(file.tensors[1].data, weights)
    found = file.operators[0].options
    assert found is not None
    assert found.fields["StrideH"] == 3
    assert found.fields["DepthMultiplier"] == 2
    assert found.fields["DilationHFactor"] == 1, "defaults are there too"
    again = write_file(file.tensors, file.operators, file.inputs, file.outputs)
    assert write_file(*_parts(again)) == again


def _parts(data: bytes) -> tuple[Any, Any, Any, Any]:
    file = parse_tflite(data, "m")
    return file.tensors, file.operators, file.inputs, file.outputs


def test_a_vector_among_the_options_is_kept() -> None:
    options = TfliteOptions("ReshapeOptions", {"NewShape": (2, 3)})
    data = one_operator("RESHAPE", [activation("x", (6,))], activation("y", (2, 3)), options)
    found = parse_tflite(data, "m").operators[0].options
    assert found is not None
    assert found.fields == {"NewShape": (2, 3)}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is not the model but a Git LFS pointer"),
        (b"PK\x03\x04 some other file", "is not a .tflite file"),
        (b"\x1c\x00\x00\x00TFL3", "is cut short or damaged"),
        (subgraphs(2), "holds 2 subgraphs; one is supported"),
        (subgraphs(1, version=2), "has schema version 2; 3 is supported"),
        (subgraphs(1), "is empty: it has no operators and no inputs and no outputs"),
    ],
)
def test_files_that_cannot_be_read(data: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=problem):
        load_tflite(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        load_tflite(tmp_path / "m.tflite")
    with pytest.raises(ModelError, match="is a folder"):
        load_tflite(tmp_path)


def test_the_road_is_chosen_by_content_then_by_suffix(tmp_path: Path) -> None:
    mislabelled = tmp_path / "m.onnx"
    mislabelled.write_bytes(fully_connected())
    assert is_tflite(mislabelled)
    empty = tmp_path / "m.TFLITE"
    empty.write_bytes(b"")
    assert is_tflite(empty)
    assert not is_tflite(tmp_path / "absent.onnx")


def test_every_truncation_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    data = fully_connected()
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(ModelError):
            read_tflite(path)


def test_damage_gives_an_error_or_another_network_but_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    data = fully_connected()
    generator = np.random.default_rng(0)
    refused = 0
    for _ in range(1500):
        damaged = bytearray(data)
        damaged[generator.integers(8, len(data))] = generator.integers(256)
        path.write_bytes(bytes(damaged))
        try:
            read_tflite(path)
        except CnncError:
            refused += 1
    assert refused > 100
