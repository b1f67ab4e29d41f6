"""Networks in float32, and other numbers than int8 in int8 networks, from the file to the bits."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.node_programs import Job, run_jobs
from tests.support.compiling import no_progress
from tests.support.emitted import run_tool
from tests.support.onnx_networks import (
    CLASSES,
    images,
    write_classifier,
    write_features,
    write_island,
    write_mixed_ports,
)

from cnnc.cli import main
from cnnc.codegen.lower import lower
from cnnc.errors import UsageError
from cnnc.importer.source import ONNX_COPY
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.simulator import float_engine
from cnnc.simulator.evaluate import evaluate
from cnnc.simulator.folder import open_folder
from cnnc.simulator.onnx_runtime import OnnxSession
from cnnc.simulator.run import SimulationRequest, simulate


def _compile(model: Path, output: Path, **options: object) -> Path:
    request = CompileOptions(model=model, output=output, **options)  # type: ignore[arg-type]
    return compile_to_folder(request, no_progress, print)[0]


def _report(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Maps, scores and their index in float32, for this machine; not to be changed."""
    folder = tmp_path_factory.mktemp("features")
    model = write_features(folder / "features.onnx")
    return _compile(model, folder / "features", dtype="float32")


@pytest.mark.parametrize(
    "target",
    [
        "rpi",
        "cortex-m4",
        pytest.param("cortex-m0plus", marks=pytest.mark.long),
        pytest.param("cortex-m55", marks=pytest.mark.long),
        pytest.param("rv32imc", marks=pytest.mark.long),
    ],
)
def test_all_machines_give_the_same_bits(tmp_path: Path, target: str) -> None:
    model = write_features(tmp_path / "features.onnx")
    folder = _compile(model, tmp_path / "out", dtype="float32", target=target)
    document = simulate(folder, SimulationRequest(random=3)).to_json()
    for engine in ("host", "target"):
        assert document["engines"][engine]["bit_exact"] is True, document["engines"][engine]
    assert document["engines"]["tflite"]["skipped"]
    assert document["engines"]["float"]["within_tolerance"] is True
    assert 0.0 < document["engines"]["float"]["max_relative_error"] < 1e-5
    assert document["engines"]["float"]["tolerance"] == 1e-4


def test_sanitizers_find_nothing(features: Path) -> None:
    request = SimulationRequest(random=4, sanitize=True, engines=("host",))
    assert simulate(features, request).equal


def test_report_says_what_the_numbers_are(features: Path) -> None:
    report = _report(features)
    assert (report["dtype"], report["rounding"]) == ("float32", None)
    assert report["calibration"]["method"] == "float32"
    (image,) = report["model"]["inputs"]
    assert (image["dtype"], image["scale"], image["zero_point"]) == ("float32", None, None)
    assert (image["c_shape"], image["c_layout"]) == ([1, 8, 8, 2], "NHWC")
    assert [port["dtype"] for port in report["model"]["outputs"]] == ["float32"] * 2 + ["int32"]
    assert {layer["dtype"] for layer in report["layers"]} == {"float32"}
    assert {layer["reason"] for layer in report["layers"]} == {None}
    weights = 3 * 2 * 9 + 3 + CLASSES * 48 + CLASSES
    assert report["flash_bytes"]["weights"] == 4 * weights
    assert report["macs"] == 64 * 3 * 2 * 9 + CLASSES * 48
    assert "model/model.tflite" not in report["files"]


def test_c_takes_and_gives_the_models_own_order(features: Path, tmp_path: Path) -> None:
    model = open_folder(features).model
    image = images(1, seed=3)
    found = run_jobs([Job(model, lower(model), {"image": image})], tmp_path)[0]
    copy = features / "model" / ONNX_COPY
    expected = OnnxSession(copy, model.inputs, model.outputs).run({"image": image[np.newaxis]})
    assert [array.shape for array in found] == [(1, 3, 4, 4), (1, CLASSES), (1,)]
    for array, (wanted,) in zip(found, expected, strict=True):
        np.testing.assert_allclose(array.astype(np.float64), wanted, rtol=1e-5, atol=1e-6)


def test_another_distance_from_onnx_runtime_is_status_1(
    features: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(float_engine, "TOLERANCE", 1e-9)
    arguments = ["simulate", str(features), "--random", "2", "--engines", "host,float"]
    assert main(arguments) == 1
    assert "BEYOND the tolerance of 1e-09" in capsys.readouterr().out


def test_tflite_by_name_is_refused(features: Path) -> None:
    with pytest.raises(UsageError, match="computes in float32: TFLite's kernels add in another"):
        simulate(features, SimulationRequest(engines=("tflite",)))


def test_evaluate_takes_a_folder_in_float32(tmp_path: Path) -> None:
    model = write_features(tmp_path / "m.onnx", only_index=True)
    folder = _compile(model, tmp_path / "out", dtype="float32")
    np.savez(tmp_path / "data.npz", image=images(40))
    document = evaluate(folder, tmp_path / "data.npz").to_json()
    assert (document["dtype"], document["float32"], document["int8"]) == ("float32", 1.0, None)
    assert document["drop_points"] == 0.0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--calibration", "data.npz"),
        ("--calibration-method", "mse"),
        ("--no-weight-adaptation", None),
        ("--rounding", "double"),
        ("--dump-after", "quantize"),
    ],
)
def test_options_of_quantization_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str | None
) -> None:
    model = write_classifier(tmp_path / "m.onnx")
    given = [option] if value is None else [option, value]
    arguments = ["compile", str(model), "--dtype", "float32", "-o", str(tmp_path / "out"), *given]
    assert main([*arguments, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["where"] == option
    assert "float32" in error["problem"]
    assert not (tmp_path / "out").exists()


def test_stages_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_features(tmp_path / "m.onnx")
    arguments = ["compile", str(model), "--dtype", "float32", "-o", str(tmp_path / "out")]
    assert main([*arguments, "--dump-after", "optimize"]) == 0
    printed = capsys.readouterr().out
    assert "float32 model m\n" in printed
    assert "window={3x3" in printed


def test_an_index_comes_out_of_an_int8_network(tmp_path: Path) -> None:
    model = write_features(tmp_path / "m.onnx", only_index=True)
    np.savez(tmp_path / "data.npz", image=images(60), y=np.arange(60) % CLASSES)
    folder = _compile(model, tmp_path / "out", target="rpi", calibration=tmp_path / "data.npz")
    (port,) = _report(folder)["model"]["outputs"]
    assert (port["dtype"], port["scale"], port["zero_point"]) == ("int32", None, None)
    document = simulate(folder, SimulationRequest(random=5)).to_json()
    assert all(document["engines"][name]["bit_exact"] for name in ("host", "target", "tflite"))
    header = (folder / "include" / "m.h").read_text(encoding="utf-8")
    assert "const int32_t *m_output(const struct m_context *context);" in header
    assert "void m_permute_output(const int32_t *stored, int32_t *original);" in header
    scores = evaluate(folder, tmp_path / "data.npz")
    assert scores.metric == "top1"
    assert scores.float_score is not None
    assert scores.score is not None
    assert abs(scores.score - scores.float_score) <= 0.1


def test_integers_go_into_an_int8_network(tmp_path: Path) -> None:
    model = write_mixed_ports(tmp_path / "m.onnx")
    table = np.arange(120).reshape(10, 3, 4)
    data = tmp_path / "data.npz"
    np.savez(data, image=images(10), table=table)
    folder = _compile(model, tmp_path / "out", calibration=data)
    kinds = [port["dtype"] for port in _report(folder)["model"]["inputs"]]
    assert kinds == ["int8", "int32"]
    assert simulate(folder, SimulationRequest(inputs=data)).equal
    assert simulate(folder, SimulationRequest(random=3, seed=4)).equal
    assert run_tool(["make", "-s", "-C", folder, "run"]).endswith(b"selftest ok\n")


def test_layers_in_float32_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_island(tmp_path / "m.onnx")
    np.savez(tmp_path / "data.npz", x=images(20))
    folder = tmp_path / "out"
    arguments = ["compile", str(model), "--calibration", str(tmp_path / "data.npz")]
    assert main([*arguments, "--target", "rpi", "-o", str(folder)]) == 0
    layers = _report(folder)["layers"]
    islands = [layer for layer in layers if layer["reason"]]
    assert [layer["dtype"] for layer in islands] == ["float32"] * len(islands)
    printed = capsys.readouterr().out
    assert f"{len(islands)} of {len(layers)} layers run in float32, 2 more convert" in printed
    assert "bytes read and written)" in printed
    converting = [layer for layer in layers if layer["op"] in ("quantize", "dequantize")]
    # 8 x 8 pixels of 3 channels, a byte and four bytes each.
    assert [layer["moved_bytes"] for layer in converting] == [5 * 192, 5 * 192]
    document = simulate(folder, SimulationRequest(random=4)).to_json()
    assert all(document["engines"][name]["bit_exact"] for name in ("host", "target", "tflite"))
    simulated = ["simulate", str(folder), "--random", "1", "--engines", "target", "--profile"]
    assert main(simulated) == 0
    shown = capsys.readouterr().out
    assert f"{len(islands) + 2} layers compute in float32 or convert from and to it: " in shown
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert f"int8, with {len(islands) + 2} of {len(layers)} layers in float32" in readme


def test_first_layer_that_differs_is_named(features: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(features, tmp_path / "copy"))
    source = next((copy / "src").glob("*_weights.c"))
    text = source.read_text(encoding="utf-8")
    begin = text.index("{", text.index("layer_3_")) + 1
    end = text.index(",", begin)
    nearby = float(text[begin:end].strip().rstrip("f")) + 1e-3
    source.write_text(f"{text[:begin]}{nearby:.9g}f{text[end:]}", encoding="utf-8")
    result = simulate(copy, SimulationRequest(random=3, engines=("host",))).results["host"]
    assert result.bit_exact is False
    assert result.first_divergence is not None
    assert result.first_divergence.op == "fully_connected"
    difference = result.first_divergence.expected - result.first_divergence.found
    assert 0.0 < abs(difference) < 0.01
