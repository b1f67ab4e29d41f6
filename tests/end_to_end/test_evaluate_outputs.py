"""What is said of outputs that choose no class, of several outputs, and of static batches."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from tests.support import onnx_models as make

from cnnc.cli import main
from cnnc.ir.types import Tensor

IMAGE = (3, 6, 6)


def _weights(**shapes: tuple[int, ...]) -> dict[str, Tensor]:
    random = np.random.default_rng(4)
    return {name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}


def _detector(folder: Path) -> Path:
    """Boxes at every place, and one class for the whole image."""
    nodes = [
        make.node("Conv", "x w", "boxes"),
        make.node("GlobalAveragePool", "x", "p"),
        make.node("Flatten", "p", "f"),
        make.node("Gemm", "f g", "classes"),
    ]
    weights = _weights(w=(4, 3, 1, 1), g=(3, 5))
    inputs = {"x": (1, *IMAGE)}
    return make.save(folder, make.model(nodes, inputs, ("boxes", "classes"), weights))


def _data(folder: Path, rows: int) -> Path:
    images = np.random.default_rng(5).normal(0, 1, (rows, *IMAGE)).astype(np.float32)
    np.savez(folder / "data.npz", x=images)
    return folder / "data.npz"


def _compiled(model: Path, data: Path) -> str:
    out = model.parent / "out"
    assert main(["compile", str(model), "-o", str(out), "--calibration", str(data)]) == 0
    return str(out)


def _run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    capsys.readouterr()
    assert main(list(map(str, arguments))) == 0
    return capsys.readouterr().out


def _json(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:  # noqa: ANN401 (JSON)
    return json.loads(_run(capsys, *arguments, "--json"))


def test_every_output_of_a_detector_has_a_distance(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _data(tmp_path, 9)
    out = _compiled(_detector(tmp_path), data)
    document = _json(capsys, "evaluate", out, "--data", data)
    assert (document["metric"], document["int8"], document["samples"]) == ("sqnr", None, 9)
    boxes, classes = document["outputs"]
    assert (boxes["name"], boxes["top1_agreement"]) == ("boxes", None)
    assert classes["name"] == "classes"
    assert classes["top1_agreement"] >= 0.5
    assert min(boxes["sqnr_db"], classes["sqnr_db"]) > 20.0
    text = _run(capsys, "evaluate", out, "--data", data)
    assert "over 9 samples" in text
    assert f"'boxes': output SQNR {boxes['sqnr_db']} dB" in text
    assert "'classes': same top-1 class for" in text


def test_simulate_tells_the_outputs_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = _data(tmp_path, 3)
    out = _compiled(_detector(tmp_path), data)
    text = _run(capsys, "simulate", out, "--inputs", data, "--engines", "host,float")
    assert "float (ONNX Runtime): 'boxes': output SQNR" in text
    assert "float (ONNX Runtime): 'classes': same top-1 class for" in text


def test_an_image_is_no_classifier(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [make.node("Conv", "x w", "y")]
    model = make.model(nodes, {"x": (1, *IMAGE)}, weights=_weights(w=(4, 3, 1, 1)))
    data = _data(tmp_path, 1)
    out = _compiled(make.save(tmp_path, model), data)
    text = _run(capsys, "simulate", out, "--inputs", data, "--engines", "host,float")
    assert "\n1 input, every engine" in text
    assert "top-1" not in text
    assert "top-1" not in _run(capsys, "evaluate", out, "--data", data)


def test_indices_agree_or_do_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [make.node("Conv", "x w", "c"), make.node("ArgMax", "c", "y", axis=1, keepdims=0)]
    model = make.model(nodes, {"x": (1, *IMAGE)}, weights=_weights(w=(4, 3, 1, 1)))
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT64
    data = _data(tmp_path, 2)
    out = _compiled(make.save(tmp_path, model), data)
    document = _json(capsys, "evaluate", out, "--data", data)
    assert (document["metric"], document["inputs"], document["samples"]) == ("agreement", 2, 72)
    assert document["outputs"][0]["sqnr_db"] is None
    assert "over 72 positions of 2 samples" in _run(capsys, "evaluate", out, "--data", data)
    text = _run(capsys, "simulate", out, "--inputs", data, "--engines", "host,float")
    assert "% of the integers are the same" in text
    assert "SQNR" not in text


@pytest.mark.parametrize(("limit", "inferences"), [(4, 1), (5, 2), (100, 3)])
def test_limit_counts_rows_of_a_static_batch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limit: int, inferences: int
) -> None:
    nodes = [make.node("Flatten", "x", "f"), make.node("Gemm", "f g", "y")]
    model = make.model(nodes, {"x": (4, *IMAGE)}, weights=_weights(g=(108, 5)))
    data = _data(tmp_path, 12)
    out = _compiled(make.save(tmp_path, model), data)
    limited = ["--limit", str(limit)]
    simulated = _json(capsys, "simulate", out, "--inputs", data, "--engines", "host", *limited)
    assert simulated["inputs"] == inferences
    document = _json(capsys, "evaluate", out, "--data", data, *limited)
    assert (document["inputs"], document["samples"]) == (4 * inferences, 4 * inferences)


def test_real_numbers_at_the_end_are_listed_and_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = [make.node("Conv", "x w", "c"), make.node("LogSoftmax", "c", "y", axis=1)]
    model = make.model(nodes, {"x": (1, *IMAGE)}, weights=_weights(w=(4, 3, 1, 1)))
    data = _data(tmp_path, 2)
    out = _compiled(make.save(tmp_path, model), data)
    text = _run(capsys, "simulate", out, "--inputs", data, "--engines", "host,tflite")
    assert "equal where compared (" in text
    assert "computed on real numbers, which the .tflite does not hold" in text
