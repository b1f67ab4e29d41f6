"""int8 .tflite files through the command line: the same bytes as TFLite on the original file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.shared_models import SHARED
from tests.support.tflite_files import check_original, fully_connected, with_constant_channel

from cnnc.cli import main

OFFICIAL = (
    *sorted((SHARED / "mlperf_tiny").glob("*_int8.tflite")),
    *sorted((SHARED / "exports").glob("*.tflite")),
)
ACCURACY = {"kws_dscnn_int8": ("kws_test", 0.8975), "sww_dscnn1d_int8": ("sww_calibration", 0.9111)}
"""What both TFLite runtimes reach on the same inputs."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "dense.tflite"
    path.write_bytes(fully_connected((1, 24), low=-128))
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any]:
    status = main([*map(str, arguments), "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_every_engine_agrees(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    status, report = run(capsys, "compile", model, "-o", out)
    assert status == 0
    assert (out / "model" / "source.tflite").read_bytes() == model.read_bytes()
    assert report["model"]["inputs"][0]["c_layout"] == "as is"
    assert report["layers"][0]["sqnr_db"] is None
    assert report["calibration"]["synthetic"] is False

    status, simulation = run(capsys, "simulate", out, "--random", "20", "--sanitize")
    assert status == 0
    engines = simulation["engines"]
    assert engines["host"]["bit_exact"]
    assert engines["tflite"]["bit_exact"]
    assert not engines["tflite"]["not_compared"]
    assert engines["float"]["skipped"].startswith("the source is an int8 .tflite")


def test_the_float_engine_cannot_be_asked_for(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "compile", model, "-o", tmp_path / "out")
    status, document = run(capsys, "simulate", tmp_path / "out", "--engines", "float")
    assert status == 2
    assert document["error"]["problem"] == "the source is an int8 .tflite"


def test_without_a_copy_the_users_file_is_taken(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(capsys, "compile", model, "-o", out)
    (out / "model" / "source.tflite").unlink()
    engines = ("--engines", "tflite")
    status, document = run(capsys, "simulate", out, "--model", model, *engines)
    assert status == 0
    assert document["engines"]["tflite"]["bit_exact"]
    status, document = run(capsys, "simulate", out, "--model", model)
    assert status == 0
    assert document["engines"]["float"]["skipped"].startswith("the source is an int8 .tflite")
    model.write_bytes(fully_connected((1, 24)))
    status, document = run(capsys, "simulate", out, "--model", model, *engines)
    assert status == 2
    assert "is not the model in this folder" in document["error"]["problem"]


def test_constant_channels_are_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = tmp_path / "constant.tflite", tmp_path / "out"
    model.write_bytes(with_constant_channel())
    status, report = run(capsys, "compile", model, "-o", out)
    assert status == 0
    assert report["channels_removed"] == 1
    assert (report["macs"], report["macs_effective"]) == (135, 108)
    status, simulation = run(capsys, "simulate", out, "--random", "20")
    assert status == 0
    assert simulation["channel_removal"]["bit_exact"]
    for engine in ("host", "tflite"):
        assert simulation["engines"][engine]["bit_exact"]
        assert not simulation["engines"][engine]["not_compared"]


def test_single_rounding(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    run(capsys, "compile", model, "-o", out, "--rounding", "single")
    status, document = run(capsys, "simulate", out, "--engines", "host,tflite")
    assert status == 0
    assert "default kernels" in document["engines"]["tflite"]["runtime"]


def test_evaluate_needs_labels_and_has_no_float_score(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = np.random.default_rng(0).standard_normal((12, 24)).astype(np.float32)
    data = tmp_path / "data.npz"
    np.savez(data, x=x)
    status, document = run(capsys, "evaluate", model, "--data", data)
    assert status == 2
    assert "has no float model to agree with" in document["error"]["problem"]

    np.savez(data, x=x, y=np.zeros(12, np.int64))
    status, document = run(capsys, "evaluate", model, "--data", data)
    assert status == 0
    assert (document["float"], document["drop_points"]) == (None, None)
    assert document["metric"] == "top1"
    assert main(["evaluate", str(model), "--data", str(data)]) == 0
    assert "the source is an int8 .tflite" in capsys.readouterr().out


def test_inspect(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, document = run(capsys, "inspect", model)
    assert status == 0
    assert (document["format"], document["opset"], document["macs"]) == ("tflite", None, 120)
    assert document["nodes"][0]["op"] == "FULLY_CONNECTED"
    assert main(["inspect", str(model)]) == 0
    assert "int8 .tflite, schema 3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        (("--calibration", "x.npz"), "--calibration is for float models"),
        (("--calibration-method", "mse"), "--calibration-method is for float models"),
        (("--no-weight-adaptation",), "--no-weight-adaptation is for float models"),
        (("--dump-after", "simplify"), "does not pass the stage 'simplify'"),
        (("--input-shape", "x=1,25"), "cannot be pinned to [1, 25]"),
    ],
)
def test_options_of_float_models_are_refused(
    model: Path,
    option: tuple[str, ...],
    problem: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out"
    status, document = run(capsys, "compile", model, "-o", out, *option)
    assert status == 2
    assert problem in document["error"]["problem"]
    assert not out.exists()


@pytest.mark.parametrize("stage", ["import", "optimize", "plan"])
def test_stages_are_printed(
    model: Path, stage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", str(model), "-o", str(tmp_path / "o"), "--dump-after", stage]) == 0
    assert "fully_connected" in capsys.readouterr().out


@pytest.mark.parametrize("path", OFFICIAL, ids=lambda path: path.stem)
def test_reference_equals_both_runtimes_on_official_models(path: Path, tmp_path: Path) -> None:
    check_original(path.read_bytes(), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("path", OFFICIAL, ids=lambda path: path.stem)
def test_official_models_on_every_engine(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(capsys, "compile", path, "--target", "rpi", "-o", out)[0] == 0
    status, document = run(capsys, "simulate", out, "--random", "100")
    assert status == 0
    for engine in ("host", "target", "tflite"):
        assert document["engines"][engine]["bit_exact"]
        assert not document["engines"][engine]["not_compared"]


@pytest.mark.parametrize(
    "path", [path for path in OFFICIAL if path.stem in ACCURACY], ids=lambda path: path.stem
)
def test_accuracy_is_that_of_the_runtimes(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stem, accuracy = ACCURACY[path.stem]
    arrays = dict(np.load(SHARED / "data" / f"{stem}.npz", allow_pickle=False))
    if arrays["x"].shape[1] == 1:
        arrays["x"] = np.ascontiguousarray(arrays["x"].transpose(0, 2, 3, 1))
    np.savez(tmp_path / "data.npz", **arrays)
    status, document = run(capsys, "evaluate", path, "--data", tmp_path / "data.npz")
    assert status == 0
    assert document["int8"] == pytest.approx(accuracy, abs=1e-4)
