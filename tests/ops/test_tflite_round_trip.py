"""Every case, written as .tflite and read again, is the same network; TFLite agrees on the file."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.all_cases import all_cases
from tests.support.op_cases import OpCase, case_chunk, check_engine, quantized_case

from cnnc.codegen.lower import lower
from cnnc.codegen.tflite import export_tflite
from cnnc.errors import ModelError
from cnnc.importer.tflite.file import parse_tflite
from cnnc.importer.tflite.read import read_tflite
from cnnc.passes.optimize import optimize
from cnnc.simulator.tflite_engine import TfliteEngine
from cnnc.simulator.tflite_original import original_graph
from cnnc.simulator.tflite_runtime import installed_runtimes

CASES = list(all_cases())
NO_INT8_FILE = (
    "no operators|no outputs|inside the model|no QUANTIZE makes it int8|is a \\w+ model|"
    "must be constants|int8 with 0 scales|CAST"
)


def test_there_are_cases() -> None:
    assert len(CASES) > 200


def _looks_up(data: bytes) -> bool:
    """Whether a layer is exported as a table by CAST, ADD and GATHER, which stays one way."""
    return any(operator.code == "CAST" for operator in parse_tflite(data, "case").operators)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import_undoes_export(case: OpCase, tmp_path: Path) -> None:
    model = quantized_case(case, "double")
    export = export_tflite(model)
    path = tmp_path / "case.tflite"
    path.write_bytes(export.data)
    reads_integers = any(not model.values[port.value].is_quantized for port in model.inputs)
    if export.not_expressible or reads_integers or _looks_up(export.data):
        with pytest.raises(ModelError, match=NO_INT8_FILE):
            read_tflite(path)
        return
    found = read_tflite(path)
    chunk = case_chunk(found)
    expected = case_chunk(model)

    for ours, theirs in zip(found.outputs, model.outputs, strict=True):
        assert found.values[ours.value] == model.values[theirs.value]
        assert np.array_equal(chunk.values[ours.value], expected.values[theirs.value])
    lower(optimize(found))
    for runtime in installed_runtimes():
        graph = original_graph(found, export.data, runtime)
        check_engine(str(runtime), found, TfliteEngine(found, runtime, graph), chunk)
