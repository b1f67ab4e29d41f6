"""Quantized models of several tools: near ONNX Runtime, and equal on all engines."""

from pathlib import Path

import pytest
from bench.quantized_imports import Comparison, compare, fashion_images, quantized_models
from tests.support.shared_models import SHARED

from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.progress import no_progress
from cnnc.simulator.run import SimulationRequest, simulate

_SAMPLES = (
    *(SHARED / "exports").glob("q_*.onnx"),
    *(SHARED / "exports").glob("pt2e.onnx"),
    *(SHARED / "exports").glob("qat.onnx"),
    *(SHARED / "third_party").glob("*_q*.onnx"),
    *quantized_models(),
)


def _compared(path: Path, images: int) -> Comparison:
    return compare(path, fashion_images()[:images])


@pytest.mark.parametrize("path", quantized_models(), ids=lambda path: path.stem)
def test_near_onnx_runtime(path: Path) -> None:
    found = _compared(path, 60)
    assert found.passed, found


@pytest.mark.long
@pytest.mark.parametrize("path", quantized_models(), ids=lambda path: path.stem)
def test_near_onnx_runtime_on_all_images(path: Path) -> None:
    found = _compared(path, 10_000)
    assert found.passed, found


@pytest.mark.parametrize("path", _SAMPLES, ids=lambda path: path.stem)
def test_engines_are_equal(path: Path, tmp_path: Path) -> None:
    options = CompileOptions(model=path, target="rpi", output=tmp_path / "out")
    directory, report = compile_to_folder(options, no_progress, lambda _: None)
    assert report.calibration["method"].startswith("given") or "i16" in path.stem
    results = simulate(directory, SimulationRequest(random=2)).results
    for engine in ("host", "target"):
        assert results[engine].bit_exact, results[engine]
    assert not any(result.mismatched_values for result in results.values())
