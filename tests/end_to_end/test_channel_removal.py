"""A network with dead channels, compiled: less is computed, and every original byte is checked."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from tests.support.compiling import no_progress
from tests.support.onnx_networks import images, write_classifier

from cnnc.cli.main import main
from cnnc.errors import ModelError, UsageError
from cnnc.ir.serialize import load, save
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.simulator.evaluate import evaluate
from cnnc.simulator.run import SimulationRequest, simulate

DEAD = (1, 4)
"""Channels of the only convolution whose batch normalization multiplies by 0."""
POOLED = 16
MACS = 64 * 6 * 18 + 5 * 96
MACS_LEFT = 64 * 4 * 18 + 5 * 64


def _write_model(path: Path) -> Path:
    model = onnx.load(write_classifier(path))
    for index, stored in enumerate(model.graph.initializer):
        if stored.name == "g":
            gain = numpy_helper.to_array(stored).copy()
            gain[list(DEAD)] = 0.0
            model.graph.initializer[index].CopyFrom(numpy_helper.from_array(gain, "g"))
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("removal")
    np.savez(folder / "calibration.npz", x=images(12, seed=1))
    options = CompileOptions(
        model=_write_model(folder / "classifier.onnx"),
        output=folder / "out",
        calibration=folder / "calibration.npz",
    )
    directory, _ = compile_to_folder(options, no_progress, print)
    return directory


@pytest.fixture
def copy(compiled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(compiled, tmp_path / "out")


def test_report_says_what_is_left(compiled: Path) -> None:
    report = json.loads((compiled / "report.json").read_text(encoding="utf-8"))
    assert (report["macs"], report["macs_effective"]) == (MACS, MACS_LEFT)
    # Convolution and pooling lose two channels, the flat vector their pixels.
    assert report["channels_removed"] == 2 * len(DEAD) + POOLED * len(DEAD)
    assert {"model/unpruned.json", "model/unpruned.npz"} <= set(report["files"])
    assert all(layer["sqnr_db"] is not None for layer in report["layers"])


def test_summary_names_both_counts(compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(compiled.parent / "classifier.onnx"), "-o", str(compiled.parent / "again")]
    assert main(["compile", *arguments]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"{MACS:,} MACs ({MACS_LEFT:,} executed; 36 channels are constant or never read)" in text


def test_every_original_byte_is_compared(compiled: Path) -> None:
    report = simulate(compiled, SimulationRequest(random=3, engines=("host", "tflite")))
    document = report.to_json()
    whole = 3 * (6 * 64 + 6 * 16 + 96 + 5 + 5)
    assert report.equal
    removal = document["channel_removal"]
    assert (removal["bit_exact"], removal["compared_values"]) == (True, whole)
    assert (removal["layers_compared"], removal["not_compared"]) == (5, [])
    assert document["engines"]["tflite"]["compared_values"] == whole
    assert document["engines"]["tflite"]["bit_exact"]
    assert document["engines"]["host"]["compared_values"] == 3 * (4 * 64 + 4 * 16 + 64 + 5 + 5)


def test_table_shows_the_check(compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(compiled), "--random", "1", "--engines", "host"]) == 0
    assert "channel removal" in capsys.readouterr().out


def test_accuracy_is_that_of_the_smaller_network(compiled: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=images(50))
    score = evaluate(compiled, tmp_path / "d.npz").score
    assert score is not None
    assert score >= 0.9


def _edit_map(directory: Path, constants: list[int]) -> None:
    """Store other values of the removed channels of the first layer."""
    stem = directory / "model" / "quantized"
    model = load(stem.with_suffix(".json").read_bytes(), stem.with_suffix(".npz").read_bytes())
    first = next(iter(model.channel_maps.values()))
    first.constants[:] = constants
    document, arrays = save(model)
    stem.with_suffix(".json").write_bytes(document)
    stem.with_suffix(".npz").write_bytes(arrays)


def test_a_wrong_constant_is_found(copy: Path) -> None:
    _edit_map(copy, [-1, 99])
    report = simulate(copy, SimulationRequest(random=2, engines=("host",)))
    assert not report.equal
    assert report.channel_removal is not None
    document: dict[str, Any] = report.channel_removal.to_json()
    assert document["bit_exact"] is False
    assert document["mismatched_values"] == 2 * 64 * len(DEAD)
    first = document["first_divergence"]
    assert (first["op"], first["sample"], first["element"], first["found"]) == ("conv2d", 0, 1, -1)


@pytest.mark.parametrize("name", ["unpruned.json", "unpruned.npz"])
def test_the_whole_network_must_be_there(copy: Path, name: str) -> None:
    path = copy / "model" / name
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match=name):
        simulate(copy, SimulationRequest(random=1, engines=("host",)))
    path.unlink()
    with pytest.raises(UsageError, match="cannot be read"):
        simulate(copy, SimulationRequest(random=1, engines=("host",)))


def test_networks_of_two_compilations_do_not_mix(copy: Path) -> None:
    for suffix in ("json", "npz"):
        model = copy / "model"
        shutil.copy(model / f"quantized.{suffix}", model / f"unpruned.{suffix}")
    with pytest.raises(ModelError, match=r"do not belong together: layer '.*' differs"):
        simulate(copy, SimulationRequest(random=1, engines=("host",)))
