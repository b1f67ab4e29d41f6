"""Layers whose stores a compiler once took for local ones are called on the target too."""

from pathlib import Path

import numpy as np
from tests.support.onnx_models import model, node, save

from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.progress import no_progress
from cnnc.simulator.run import SimulationRequest, simulate


def test_concat_of_interleaved_channels(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    nodes = [
        node("Conv", "x v", "a"),
        node("Conv", "x w", "b"),
        node("Concat", "a b", "c", axis=1),
        node("MaxPool", "c", "y", kernel_shape=[2, 2], strides=[2, 2]),
    ]
    weights: dict[str, object] = {
        name: random.normal(size=(4, 3, 1, 1)).astype(np.float32) for name in ("v", "w")
    }
    path = save(tmp_path, model(nodes, {"x": (1, 3, 16, 16)}, ["y"], weights))
    options = CompileOptions(model=path, output=tmp_path / "out", target="rpi")
    directory, _ = compile_to_folder(options, no_progress, lambda _: None)
    results = simulate(directory, SimulationRequest(random=2)).results
    assert results["target"].bit_exact, results["target"]
