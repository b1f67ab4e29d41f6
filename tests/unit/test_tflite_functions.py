"""Functions of .tflite files whose int8 tables are TFLite's alone, against its kernels."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.tables import random_formats

from cnnc.codegen.tflite import TfliteGraph
from cnnc.importer.tflite.read import read_tflite
from cnnc.ir.quant_model import QuantValue
from cnnc.ir.types import I8, Quantization
from cnnc.simulator.reference import run_reference
from cnnc.simulator.tflite_runtime import TfliteSession, installed_runtimes

_RUNTIMES = {
    # tflite-runtime 2.14 has these two on float32 only.
    "LOG": ("ai-edge-litert",),
    "SQRT": ("ai-edge-litert",),
    "RSQRT": ("tflite-runtime", "ai-edge-litert"),
}


def one_operator(code: str, x: I8, source: Quantization, target: Quantization) -> bytes:
    graph = TfliteGraph()
    operand = graph.activation("x", QuantValue(x.shape, source))
    output = graph.activation("y", QuantValue(x.shape, target))
    graph.operator(code, [operand], output)
    return graph.file([operand], [output])


@pytest.mark.parametrize("code", ["LOG", "SQRT", "RSQRT"])
def test_tables_are_tflites(code: str, tmp_path: Path) -> None:
    path = tmp_path / "function.tflite"
    sources, targets = random_formats(40, 1e-3, 1.0), random_formats(40, 1e-2, 1.0, seed=1)
    compared = 0
    for source, target in zip(sources, targets, strict=True):
        first = -128 if code == "LOG" else source.zero_point
        x = np.arange(first, 128).astype(np.int8)
        data = one_operator(code, x, source, target)
        path.write_bytes(data)
        ours = run_reference(read_tflite(path), {"x": x[np.newaxis]})["y"][0]
        for runtime in installed_runtimes():
            if runtime.name in _RUNTIMES[code]:
                (found,) = next(iter(TfliteSession(runtime, data).run([x[np.newaxis]])))
                np.testing.assert_array_equal(ours, found)
                compared += 1
    assert compared >= len(sources)
