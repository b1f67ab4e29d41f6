"""``cnnc simulate --profile``: what each layer costs on the target, and why it is not known."""

import json
from pathlib import Path

import pytest
from tests.support.compiling import no_progress
from tests.support.onnx_networks import write_classifier, write_separable

from cnnc.cli import main
from cnnc.deploy.toolchain import TOOLS, missing_tool
from cnnc.deploy.tools import Tool
from cnnc.errors import EXIT_BAD_INPUT, EXIT_EQUAL, EXIT_MISSING_TOOL, UsageError
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.simulator import counting, run
from cnnc.simulator.run import SimulationRequest, simulate

REQUEST = SimulationRequest(random=1, engines=("target",), profile=True)


def compiled(folder: Path, target: str) -> Path:
    options = CompileOptions(
        model=write_separable(folder / "separable.onnx"), target=target, output=folder / target
    )
    return compile_to_folder(options, no_progress, print)[0]


@pytest.fixture(scope="module")
def for_m4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network for Cortex-M4; not to be changed."""
    return compiled(tmp_path_factory.mktemp("m4"), "cortex-m4")


@pytest.mark.parametrize(
    ("target", "manual"),
    [
        ("cortex-m0plus", "Cortex-M0+ TRM"),
        ("cortex-m3", "Cortex-M3 TRM"),
        ("cortex-m4", "Cortex-M4 TRM"),
        ("cortex-m7", None),
        ("cortex-m33", None),
        ("cortex-m55", None),
        ("rpi", None),
        ("rpi2", None),
        ("rpi-zero", None),
    ],
)
def test_layers_add_up_to_the_inference(tmp_path: Path, target: str, manual: str | None) -> None:
    report = simulate(compiled(tmp_path, target), REQUEST).to_json()["engines"]["target"]
    layers = report["profile"]
    assert report["bit_exact"]
    assert report["not_counted"] is None
    computing = [layer for layer in layers if layer["kernel"] != "alias"]
    assert len(layers) == report["layers_total"] > len(computing)
    assert all((layer["instructions"] > 0) == (layer in computing) for layer in layers)
    total = report["instructions_per_inference"]
    # What is left is the head of the run function.
    assert 0 < total - sum(layer["instructions"] for layer in layers) < 50
    assert sum(layer["share"] for layer in layers) == pytest.approx(1.0, abs=0.01)
    first = layers[0]
    assert first["instructions_per_mac"] == pytest.approx(
        first["instructions"] / first["macs"], abs=1e-4
    )
    if manual is None:
        assert report["cycle_model"] is None
        assert "not published" in report["not_modelled"]
        assert report["cycles_per_inference"] is None
        assert all(layer["cycles"] is None for layer in layers)
        return
    assert manual in report["cycle_model"]
    assert report["not_modelled"] is None
    assert total < report["cycles_per_inference"] < 4 * total
    assert sum(layer["cycles"] for layer in layers) <= report["cycles_per_inference"]


def test_two_runs_give_the_same_profile(for_m4: Path) -> None:
    first, second = (simulate(for_m4, REQUEST).to_json() for _ in range(2))
    assert first == second


def test_instructions_are_counted_without_the_option_too(for_m4: Path) -> None:
    request = SimulationRequest(random=1, engines=("target",))
    plain = simulate(for_m4, request).to_json()["engines"]["target"]
    profiled = simulate(for_m4, REQUEST).to_json()["engines"]["target"]
    assert plain["instructions_per_inference"] == profiled["instructions_per_inference"] > 0
    assert plain["profile"] is None


def test_the_table_shows_every_layer(for_m4: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["simulate", str(for_m4), "--engines", "target", "--random", "1", "--profile"])
    printed = capsys.readouterr().out
    assert status == EXIT_EQUAL
    assert "instr/MAC" in printed
    assert "depthwise_conv2d" in printed
    assert "inference" in printed
    assert "Cortex-M4 TRM" in printed


def _no_host_compiler(*_: object) -> Tool:
    raise missing_tool(TOOLS["gcc"])


def test_without_a_host_compiler_the_reason_is_told(
    for_m4: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(counting, "find_compiler", _no_host_compiler)
    arguments = ["simulate", str(for_m4), "--engines", "target", "--random", "1", "--json"]
    assert main(arguments) == EXIT_EQUAL
    target = json.loads(capsys.readouterr().out)["engines"]["target"]
    assert target["instructions_per_inference"] is None
    assert "'gcc' is not installed" in target["not_counted"]
    assert main([*arguments, "--profile"]) == EXIT_MISSING_TOOL
    assert "apt-get install gcc" in capsys.readouterr().err


def test_an_emulator_without_plugins_is_named(
    for_m4: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(folder: Path) -> Path:
        plugin = folder / "cnnc_count.so"
        plugin.write_bytes(b"not a shared library")
        return plugin

    monkeypatch.setattr("cnnc.simulator.profile.build_plugin", broken)
    request = SimulationRequest(random=1, engines=("target",))
    target = simulate(for_m4, request).to_json()["engines"]["target"]
    assert target["bit_exact"]
    assert "cannot load the counting plugin" in target["not_counted"]


def test_the_host_has_no_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = CompileOptions(model=write_classifier(tmp_path / "c.onnx"), output=tmp_path / "c")
    compile_to_folder(options, no_progress, print)
    capsys.readouterr()
    assert main(["simulate", str(tmp_path / "c"), "--profile"]) == EXIT_BAD_INPUT
    assert "--target cortex-m4" in capsys.readouterr().err


def test_a_profile_needs_the_target_engine(for_m4: Path) -> None:
    with pytest.raises(UsageError, match="--profile has no effect"):
        simulate(for_m4, SimulationRequest(engines=("host",), profile=True))


def _no_disassembler(compiler: str) -> None:
    del compiler


def test_missing_objdump_is_named(
    for_m4: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cnnc.simulator.profile.find_disassembler", _no_disassembler)
    arguments = ["simulate", str(for_m4), "--engines", "target", "--random", "1", "--profile"]
    assert main(arguments) == EXIT_EQUAL
    printed = capsys.readouterr().out
    assert "cycles: not modelled, as arm-none-eabi-objdump is missing" in printed
    assert "published" not in printed


def _no_emulator(*_: object) -> None:
    raise missing_tool(TOOLS["qemu-system-arm"])


def test_without_an_emulator_a_warning_says_that_the_code_was_not_run(
    for_m4: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "start_target", _no_emulator)
    assert main(["simulate", str(for_m4), "--random", "1"]) == EXIT_EQUAL
    warning = capsys.readouterr().err
    assert "warning: the code for the target was NOT run: 'qemu-system-arm' is not" in warning
    assert "run: sudo apt-get install qemu-system-arm" in warning
    assert main(["simulate", str(for_m4), "--random", "1", "--engines", "host"]) == EXIT_EQUAL
    assert "NOT run" not in capsys.readouterr().err
