"""``cnnc simulate`` on compiled folders: equal when all is well, and loud when it is not."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.support.compiling import no_progress
from tests.support.emitted import spoil_first_bias
from tests.support.onnx_networks import images, write_classifier, write_two_ports

from cnnc.cli import main
from cnnc.errors import ModelError, ToolchainError, UsageError
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.simulator import folder as simulator_folder
from cnnc.simulator import tflite_runtime
from cnnc.simulator.faults import SourceMissingError
from cnnc.simulator.inputs import RandomInputs
from cnnc.simulator.run import SimulationReport, SimulationRequest, simulate

COMMON_KEYS = {
    "bit_exact",
    "compared_values",
    "mismatched_values",
    "layers_total",
    "layers_compared",
    "not_compared",
    "first_divergence",
    "skipped",
    "failed",
}
TARGET_KEYS = {
    "machine",
    "clock_hz",
    "instructions_per_inference",
    "cycles_per_inference",
    "cycle_model",
    "not_modelled",
    "not_counted",
    "profile",
    "flash_bytes",
    "ram_bytes",
    "stack_bytes",
    "code_bytes",
    "weights_bytes",
    "selftest",
}


def _compile(model: Path, output: Path, **options: object) -> Path:
    request = CompileOptions(model=model, output=output, **options)  # type: ignore[arg-type]
    directory, _ = compile_to_folder(request, no_progress, print)
    return directory


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier for the Raspberry Pi; not to be changed."""
    folder = tmp_path_factory.mktemp("compiled")
    np.savez(folder / "data.npz", x=images(24))
    return _compile(
        write_classifier(folder / "classifier.onnx"),
        folder / "classifier",
        target="rpi",
        calibration=folder / "data.npz",
    )


@pytest.fixture
def copy(compiled: Path, tmp_path: Path) -> Path:
    """A copy of the compiled folder that a test may damage."""
    return Path(shutil.copytree(compiled, tmp_path / "copy"))


@pytest.fixture
def _without_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """No compiler, emulator or TFLite runtime is installed."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(tflite_runtime, "installed_runtimes", tuple)


def _assert_exact(report: SimulationReport, *engines: str) -> None:
    document = report.to_json()["engines"]
    for name in engines:
        result = document[name]
        assert result["skipped"] is None, result
        assert result["bit_exact"] is True, result
        assert result["layers_compared"] == result["layers_total"], result


def test_every_engine_agrees_on_every_byte(compiled: Path) -> None:
    report = simulate(compiled, SimulationRequest(inputs=compiled.parent / "data.npz"))
    _assert_exact(report, "host", "target", "tflite")
    assert report.equal
    assert report.inputs == 24
    document = report.to_json()["engines"]
    assert set(document["host"]) == COMMON_KEYS
    assert set(document["target"]) == COMMON_KEYS | TARGET_KEYS
    assert set(document["tflite"]) == COMMON_KEYS | {"runtime"}
    assert document["target"]["flash_bytes"] > 600
    assert document["target"]["ram_bytes"] >= 2 * 8 * 8
    assert "aarch64" in document["target"]["machine"]
    assert document["target"]["instructions_per_inference"] > 10_000
    assert document["target"]["profile"] is None
    assert document["float"]["top1_agreement"] >= 0.9
    assert document["float"]["sqnr_db"] > 15.0
    json.dumps(report.to_json(), allow_nan=False)


def test_target_host_skips_the_target_engine(tmp_path: Path) -> None:
    directory = _compile(write_classifier(tmp_path / "c.onnx"), tmp_path / "out")
    report = simulate(directory, SimulationRequest(random=3, sanitize=True))
    _assert_exact(report, "host", "tflite")
    target = report.to_json()["engines"]["target"]
    assert target["bit_exact"] is None
    assert "target 'host'" in target["skipped"]
    assert report.equal


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    directory = _compile(write_two_ports(tmp_path / "t.onnx"), tmp_path / "out", target="rpi")
    report = simulate(directory, SimulationRequest(random=4))
    _assert_exact(report, "host", "target", "tflite")


@pytest.mark.parametrize("weights", ["asm", "file"])
def test_constants_in_a_binary_file(tmp_path: Path, weights: str) -> None:
    model = write_classifier(tmp_path / "c.onnx")
    directory = _compile(model, tmp_path / "a 'b'", target="rpi", weights=weights)
    request = SimulationRequest(random=3, engines=("host", "target"))
    report = simulate(directory, request)
    _assert_exact(report, "host", "target")
    # More than the constants alone, wherever they are.
    (blob,) = (directory / "src").glob("*.bin")
    flash = report.to_json()["engines"]["target"]["flash_bytes"]
    assert flash > blob.stat().st_size + 500


def test_single_rounding_is_judged_layer_by_layer(tmp_path: Path) -> None:
    model = write_classifier(tmp_path / "c.onnx")
    directory = _compile(model, tmp_path / "out", rounding="single")
    report = simulate(directory, SimulationRequest(random=20, engines=("host", "tflite")))
    _assert_exact(report, "host", "tflite")
    judged = report.to_json()["engines"]["tflite"]
    assert "default kernels" in judged["runtime"]
    assert judged["undecided_values"] * 1000 <= judged["compared_values"]


def test_same_seed_gives_the_same_inputs_however_many(compiled: Path) -> None:
    model = simulator_folder.open_folder(compiled).model
    value = model.inputs[0].value
    few = next(RandomInputs(model, 3, seed=7).chunks()).inputs[value]
    many = next(RandomInputs(model, 9, seed=7).chunks()).inputs[value]
    other = next(RandomInputs(model, 3, seed=8).chunks()).inputs[value]
    assert np.array_equal(few, many[:3])
    assert not np.array_equal(few, other)


def test_limit_takes_the_first_samples(compiled: Path) -> None:
    data = compiled.parent / "data.npz"
    report = simulate(compiled, SimulationRequest(inputs=data, limit=5, engines=("float",)))
    assert report.inputs == 5
    assert set(report.to_json()["engines"]) == {"float"}


def test_changed_bias_is_found_in_its_layer(copy: Path) -> None:
    spoil_first_bias(copy)
    status = main(["simulate", str(copy), "--random", "3", "--engines", "host,target,tflite"])
    assert status == 1
    report = simulate(copy, SimulationRequest(random=3, engines=("host", "target", "tflite")))
    _assert_exact(report, "tflite")
    for name in ("host", "target"):
        result = report.to_json()["engines"][name]
        assert result["bit_exact"] is False
        assert result["mismatched_values"] > 0
        assert result["first_divergence"]["op"] == "conv2d"
        assert result["first_divergence"]["sample"] == 0
        assert result["first_divergence"]["expected"] != result["first_divergence"]["found"]


def test_binaries_in_the_folder_are_not_run(copy: Path, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    for name in ("model", "harness.bin", "model.so"):
        place = copy / "build"
        place.mkdir(exist_ok=True)
        (place / name).write_text(f"#!/bin/sh\ntouch {witness}\n", encoding="utf-8")
        (place / name).chmod(0o755)
    before = sorted(path for path in copy.rglob("*"))
    simulate(copy, SimulationRequest(random=1, engines=("host", "target")))
    assert not witness.exists()
    assert sorted(path for path in copy.rglob("*")) == before


@pytest.mark.usefixtures("_without_tools")
def test_missing_engines_are_skipped_with_the_install_command(compiled: Path) -> None:
    document = simulate(compiled, SimulationRequest(random=1)).to_json()["engines"]
    assert "apt-get install gcc" in document["host"]["skipped"]
    assert "gcc-aarch64-linux-gnu" in document["target"]["skipped"]
    assert "pip install" in document["tflite"]["skipped"]
    assert set(document["target"]) == COMMON_KEYS | TARGET_KEYS
    assert document["float"]["skipped"] is None


@pytest.mark.usefixtures("_without_tools")
@pytest.mark.parametrize("engine", ["host", "target", "tflite"])
def test_missing_engine_that_was_asked_for(compiled: Path, engine: str) -> None:
    with pytest.raises(ToolchainError) as caught:
        simulate(compiled, SimulationRequest(random=1, engines=(engine,)))
    assert caught.value.exit_status == 3
    assert "install" in caught.value.remedy


def test_unknown_engine_names_the_known_ones(compiled: Path) -> None:
    with pytest.raises(UsageError, match="unknown engine 'gpu'") as caught:
        simulate(compiled, SimulationRequest(engines=("gpu",)))
    assert "reference, host, target, tflite, float" in caught.value.remedy


def test_folder_without_a_copy_needs_the_model(copy: Path) -> None:
    (copy / "model" / "source.onnx").unlink()
    document = simulate(copy, SimulationRequest(random=1, engines=None)).to_json()
    assert "--model" in document["engines"]["float"]["skipped"]
    with pytest.raises(SourceMissingError, match="no copy"):
        simulate(copy, SimulationRequest(random=1, engines=("float",)))


def test_model_is_checked_by_its_digest(copy: Path, compiled: Path, tmp_path: Path) -> None:
    (copy / "model" / "source.onnx").unlink()
    right = compiled.parent / "classifier.onnx"
    request = SimulationRequest(random=2, engines=("float",), model=right)
    assert simulate(copy, request).to_json()["engines"]["float"]["sqnr_db"] is not None
    wrong = write_two_ports(tmp_path / "other.onnx")
    with pytest.raises(UsageError, match="is not the model in this folder"):
        simulate(copy, SimulationRequest(random=2, engines=("float",), model=wrong))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("report.json", "was not made by cnnc"),
        ("model/quantized.json", "cannot be read"),
        ("model/quantized.npz", "cannot be read"),
        ("src", "holds no C"),
    ],
)
def test_incomplete_folder(copy: Path, damage: str, message: str) -> None:
    path = copy / damage
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(UsageError, match=message):
        simulate(copy, SimulationRequest(random=1, engines=("host",)))


@pytest.mark.parametrize("name", ["report.json", "model/quantized.json", "model/quantized.npz"])
def test_damaged_file_is_named(copy: Path, name: str) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:100])
    with pytest.raises((UsageError, ModelError), match=Path(name).name):
        simulate(copy, SimulationRequest(random=1, engines=("float",)))


@pytest.mark.parametrize("content", ["{}", "[]", '{"target": {"name": "rpi"}, "model": 3}'])
def test_report_of_another_kind_is_damaged(copy: Path, content: str) -> None:
    (copy / "report.json").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=r"report\.json .* is damaged"):
        simulate(copy, SimulationRequest(random=1))


def test_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a folder"):
        simulate(tmp_path / "nothing", SimulationRequest())
