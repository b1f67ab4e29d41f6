"""The Cortex-M benchmark on one small layer, and its table of peers."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bench import cortex_m, cortex_m_measure
from bench.cortex_m_measure import NETWORKS, DifferentBytesError, Task, measure
from bench.cortex_m_peers import peers, ratio
from bench.shapes import SHAPES, Shape

from cnnc.deploy.cores import cores
from cnnc.simulator.compare import EngineResult
from cnnc.simulator.run import SimulationReport, SimulationRequest


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["cortex_m", *arguments])
    return cortex_m.main()


def test_peers_are_known_for_every_network() -> None:
    assert set(peers()) <= set(cores())
    for core, figures in peers().items():
        assert set(figures.instructions) == set(NETWORKS), core
        assert set(figures.instructions_per_mac) <= set(SHAPES), core
        assert figures.must or figures.goal, core
        for network in figures.must.keys() & figures.goal.keys():
            assert figures.goal[network] <= figures.must[network]


def test_ratio_of_an_unknown_figure_is_unknown() -> None:
    assert ratio(3, 4) == 0.75
    assert ratio(None, 4) is None
    assert ratio(3, None) is None


def test_a_layer_is_measured_and_written_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = Shape(4, 1, 8, 16)
    monkeypatch.setattr(cortex_m, "SHAPES", {"conv1x1_8_16": small})
    monkeypatch.setitem(SHAPES, "conv1x1_8_16", small)
    monkeypatch.setattr(cortex_m, "ProcessPoolExecutor", ThreadPoolExecutor)
    output = tmp_path / "bench.json"
    assert _run(monkeypatch, "--only-shapes", "--core", "cortex-m4", "--json", str(output)) == 0
    printed = capsys.readouterr().out
    assert "conv1x1_8_16" in printed
    assert "6.630" in printed
    assert "TensorFlow Lite Micro" in printed
    assert "CMSIS-NN" in printed
    (entry,) = json.loads(output.read_text())["shapes"]
    assert entry["macs"] == 16 * 8 * 16
    assert entry["cycles"] > entry["instructions"] > entry["macs"] / 2
    assert entry["firmware_bytes"] > entry["code_bytes"] > 100
    assert entry["ratios"]["instructions_per_mac"] == pytest.approx(
        entry["instructions_per_mac"] / 6.63, abs=1e-3
    )
    (layer,) = [layer for layer in entry["layers"] if layer["macs"]]
    assert layer["op"] == "conv2d"


def test_missing_models_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--network", "KWS", "--models", str(tmp_path))
    assert _run(monkeypatch, *arguments) == cortex_m.EXIT_MISSING
    printed = capsys.readouterr().out
    assert str(tmp_path / "kws_dscnn_int8.tflite") in printed.replace("\n", "")
    assert "ic_resnet8" not in printed
    assert "MLPerf Tiny" in printed
    assert "bench/README.md" in printed


def test_the_guide_tells_the_networks_apart_by_the_peers_sizes() -> None:
    guide = (Path(cortex_m.__file__).parent / "README.md").read_text(encoding="utf-8")
    for name, file in NETWORKS.items():
        (row,) = [line for line in guide.splitlines() if file in line]
        assert f"{peers()['cortex-m4'].model_bytes[name]:,}" in row


def test_no_figure_is_shown_for_other_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    def simulate(directory: Path, request: SimulationRequest) -> SimulationReport:
        del directory, request
        wrong = EngineResult(False, 10, 1, 1, 1, (), None, None, {})
        return SimulationReport(1, {"target": wrong}, None)

    monkeypatch.setattr(cortex_m_measure, "simulate", simulate)
    with pytest.raises(DifferentBytesError, match="target is not equal"):
        measure(Task("cortex-m4", "conv1x1_8_16"))
