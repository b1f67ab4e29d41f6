"""The Raspberry Pi benchmark: figures only of equal bytes, beside the right peers."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bench import raspberry_pi
from bench.cortex_m import EXIT_MISSING
from bench.cortex_m_measure import NETWORKS, DifferentBytesError
from bench.raspberry_pi import ALL_NETWORKS, peers
from bench.raspberry_pi_measure import COMPILERS, Task, measure

from cnnc.deploy.targets import boards
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Observation
from cnnc.simulator.compiled import CompiledEngine

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion_mnist" / "resnet_s.onnx"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Task:
    monkeypatch.setitem(NETWORKS, "example", EXAMPLE.name)
    return Task("rpi4", "example", COMPILERS, EXAMPLE.parent, inputs=1)


def test_every_figure_is_of_a_board_and_a_network() -> None:
    for board, figures in peers().items():
        assert board in boards()
        for table in (figures.instructions, figures.must, figures.goal):
            assert set(table) <= set(ALL_NETWORKS)
        assert set(figures.goal) <= set(figures.must) <= set(figures.instructions)
        assert all(figures.goal[name] < figures.must[name] for name in figures.goal)


def test_both_compilers_are_compared_and_counted(example: Task) -> None:
    rows = measure(example)

    assert [row.compiler for row in rows] == list(COMPILERS)
    for row in rows:
        # The few instructions before the first layer belong to none.
        layers = sum(layer["instructions"] for layer in row.layers)
        assert 0 < row.instructions - layers < 1000
        assert row.code_bytes is not None
        assert row.code_bytes > 1000


def test_figures_of_other_bytes_are_not_shown(
    example: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = CompiledEngine.observe

    def lying(self: CompiledEngine, chunk: Chunk) -> Observation:
        seen = honest(self, chunk)
        return replace(seen, checksums={k: v ^ np.uint32(1) for k, v in seen.checksums.items()})

    monkeypatch.setattr(CompiledEngine, "observe", lying)
    with pytest.raises(DifferentBytesError):
        measure(example)


def test_missing_networks_are_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.raspberry_pi", "--network", "KWS"]
    done = subprocess.run(
        [*command, "--models", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == EXIT_MISSING
    assert "kws_dscnn_int8.tflite" in done.stdout


def test_the_json_document_has_ratios(example: Task) -> None:
    (row,) = measure(replace(example, compilers=("gcc",)))
    entry = json.loads(json.dumps(raspberry_pi.entry(replace(row, name="KWS"))))
    theirs = peers()["rpi4"].instructions["KWS"]
    assert entry["ratio"] == pytest.approx(row.instructions / theirs)
    assert entry["layers"] == [dict(layer) for layer in row.layers]
