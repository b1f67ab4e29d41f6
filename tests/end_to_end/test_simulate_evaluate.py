"""Accuracy of the compiled classifier beside ONNX Runtime."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.support import onnx_models as make
from tests.support.compiling import no_progress
from tests.support.emitted import spoil_first_bias
from tests.support.onnx_networks import CLASSES, images, write_classifier

from cnnc.cli import main
from cnnc.errors import CalibrationError
from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.types import I64
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.simulator.evaluate import evaluate
from cnnc.simulator.faults import FaultyCodeError
from cnnc.simulator.onnx_runtime import OnnxSession

COUNT = 300


def _compile(folder: Path, batch: int | str = 1) -> Path:
    np.savez(folder / "calibration.npz", x=images(12, seed=1))
    options = CompileOptions(
        model=write_classifier(folder / "classifier.onnx", batch),
        output=folder / "out",
        calibration=folder / "calibration.npz",
    )
    directory, _ = compile_to_folder(options, no_progress, print)
    return directory


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _compile(tmp_path_factory.mktemp("compiled"))


def _float_classes(directory: Path) -> I64:
    path = directory.parent / "classifier.onnx"
    model = read_onnx(path)
    batch = images(COUNT)[:, np.newaxis]
    scores = OnnxSession(path, model.inputs, model.outputs).run({"image": batch})[0]
    classes: I64 = scores.reshape(COUNT, CLASSES).argmax(axis=1)
    return classes


def _write_data(path: Path, labels: I64 | None) -> Path:
    if labels is None:
        np.savez(path, x=images(COUNT))
    else:
        np.savez(path, x=images(COUNT), y=labels)
    return path


def test_float_is_always_right_on_its_own_classes(compiled: Path, tmp_path: Path) -> None:
    data = _write_data(tmp_path / "d.npz", _float_classes(compiled))
    document = evaluate(compiled, data).to_json()
    assert set(document) == {"samples", "engine", "metric", "float", "int8", "drop_points"} | {
        "dtype",
        "float32",
        "inputs",
        "labelled",
        "outputs",
    }
    assert (document["samples"], document["engine"]) == (COUNT, "host")
    assert (document["metric"], document["float"]) == ("top1", 1.0)
    assert 0.93 <= document["int8"] <= 1.0
    assert document["drop_points"] == pytest.approx(100.0 * (1.0 - document["int8"]))


def test_labels_are_compared_item_by_item(compiled: Path, tmp_path: Path) -> None:
    labels = _float_classes(compiled)
    labels[::3] = (labels[::3] + 1) % CLASSES
    document = evaluate(compiled, _write_data(tmp_path / "d.npz", labels)).to_json()
    assert document["float"] == pytest.approx(2.0 / 3.0)


def test_without_labels_agreement_is_what_labels_by_float_give(
    compiled: Path, tmp_path: Path
) -> None:
    labelled = evaluate(compiled, _write_data(tmp_path / "l.npz", _float_classes(compiled)))
    unlabelled = evaluate(compiled, _write_data(tmp_path / "u.npz", None))
    assert unlabelled.metric == "agreement"
    assert unlabelled.float_score == 1.0
    assert unlabelled.score == labelled.score


def test_reference_scores_the_same_without_a_compiler(
    compiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _write_data(tmp_path / "d.npz", _float_classes(compiled))
    on_host = evaluate(compiled, data)
    monkeypatch.setenv("PATH", "")
    by_reference = evaluate(compiled, data)
    assert (on_host.engine, by_reference.engine) == ("host", "reference")
    assert by_reference.score == on_host.score


def test_free_batch_axis_scores_the_same(compiled: Path, tmp_path: Path) -> None:
    data = _write_data(tmp_path / "d.npz", _float_classes(compiled))
    assert evaluate(_compile(tmp_path, "n"), data) == evaluate(compiled, data)


def test_limit_and_progress(compiled: Path, tmp_path: Path) -> None:
    data = _write_data(tmp_path / "d.npz", _float_classes(compiled))
    steps: list[tuple[str, int, int]] = []

    def note(stage: str, done: int, total: int) -> None:
        steps.append((stage, done, total))

    result = evaluate(compiled, data, limit=20, progress=note)
    assert result.samples == 20
    assert steps[-1] == ("evaluating", 20, 20)


def test_labels_that_are_no_integers(compiled: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=images(4), y=np.ones(4, dtype=np.float32))
    with pytest.raises(CalibrationError, match="labels of type float32"):
        evaluate(compiled, tmp_path / "d.npz")


@pytest.mark.parametrize("strange", [-1, CLASSES, 519])
def test_labels_outside_the_classes_are_refused_before_anything_runs(
    compiled: Path, tmp_path: Path, strange: int
) -> None:
    labels = np.zeros(COUNT, dtype=np.int64)
    labels[7] = strange
    data = _write_data(tmp_path / "d.npz", labels)
    steps: list[int] = []
    with pytest.raises(CalibrationError, match=rf"label {strange}; .* classes 0 to {CLASSES - 1}"):
        evaluate(compiled, data, progress=lambda _stage, done, _total: steps.append(done))
    assert not steps


def test_build_that_differs_from_the_reference_is_an_error(compiled: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(compiled, tmp_path / "copy")
    spoil_first_bias(copy)
    data = _write_data(tmp_path / "d.npz", None)
    with pytest.raises(FaultyCodeError, match="other outputs than the reference") as caught:
        evaluate(copy, data)
    assert caught.value.exit_status == 1


def test_several_labels_for_one_item(compiled: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", x=images(4), y=np.ones((4, 2), dtype=np.int64))
    with pytest.raises(CalibrationError, match="8 labels"):
        evaluate(compiled, tmp_path / "d.npz")


def _write_mask_network(folder: Path) -> tuple[Path, Path]:
    """A network that thresholds brightness, and data where a third of each mask is wrong."""
    weights = {"w": np.full((1, 1, 1, 1), 20.0, np.float32), "b": np.full(1, -10.0, np.float32)}
    nodes = [make.node("Conv", "x w b", "c"), make.node("Sigmoid", "c", "y")]
    model = make.save(folder, make.model(nodes, {"x": (1, 1, 6, 6)}, weights=weights))
    x = np.zeros((4, 1, 6, 6), np.float32)
    x[:, :, :3] = 1.0
    mask = np.zeros((4, 1, 6, 6), np.uint8)
    mask[:, :, 1:4] = 1
    np.savez(folder / "data.npz", x=x, y=mask)
    return model, folder / "data.npz"


def test_masks_are_measured_by_their_overlap(tmp_path: Path) -> None:
    model, data = _write_mask_network(tmp_path)
    options = CompileOptions(model=model, output=tmp_path / "out", calibration=data)
    directory, _ = compile_to_folder(options, no_progress, print)

    found = evaluate(directory, data)

    # Rows 0 to 2 are found, 1 to 3 are labelled: 2 of 4 rows are common.
    assert (found.metric, found.float_score, found.score) == ("iou", 0.5, 0.5)
    assert found.samples == 4 * 36


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_masks_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dtype: str
) -> None:
    model, data = _write_mask_network(tmp_path)
    directory = tmp_path / "out"
    ranges = ["--calibration", str(data)] if dtype == "int8" else []
    assert main(["compile", str(model), "-o", str(directory), "--dtype", dtype, *ranges]) == 0
    capsys.readouterr()
    evaluating = ["evaluate", str(directory), "--data", str(data)]

    assert main(evaluating) == 0
    assert "(IoU) of the masks over 144" in capsys.readouterr().out
    assert main([*evaluating, "--json", "--limit", "2"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["metric"], document["float"], document[dtype]) == ("iou", 0.5, 0.5)


def test_masks_of_a_model_that_is_not_compiled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = _write_mask_network(tmp_path)
    source = ["evaluate", str(model), "--data", str(data), "--calibration", str(data)]
    assert main(source) == 0
    assert "float 50.00 %, int8 50.00 %" in capsys.readouterr().out
