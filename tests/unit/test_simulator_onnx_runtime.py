"""The original model in ONNX Runtime, batched only where that gives the same numbers."""

from pathlib import Path

import numpy as np
import pytest
from tests.support.onnx_networks import (
    CLASSES,
    images,
    write_batch_mixer,
    write_classifier,
    write_two_ports,
)

from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.types import F32
from cnnc.simulator.faults import FloatRefusedError
from cnnc.simulator.onnx_runtime import OnnxSession


def _session(path: Path) -> OnnxSession:
    model = read_onnx(path)
    return OnnxSession(path, model.inputs, model.outputs)


def _one_by_one(session: OnnxSession, name: str, batch: F32) -> F32:
    return np.concatenate([session.run({name: sample[np.newaxis]})[0] for sample in batch])


@pytest.mark.parametrize("batch", [1, "n"])
def test_batch_gives_what_single_samples_give(tmp_path: Path, batch: int | str) -> None:
    session = _session(write_classifier(tmp_path / "c.onnx", batch))
    samples = images(6)[:, np.newaxis]
    found = session.run({"image": samples})[0]
    assert found.shape == (6, 1, CLASSES)
    np.testing.assert_allclose(found, _one_by_one(session, "image", samples), rtol=1e-5, atol=1e-6)


def test_static_batch_is_one_sample(tmp_path: Path) -> None:
    session = _session(write_classifier(tmp_path / "c.onnx", 3))
    single = _session(write_classifier(tmp_path / "s.onnx", 1))
    data = images(6)
    found = session.run({"image": data.reshape(2, 3, *data.shape[1:])})[0]
    assert found.shape == (2, 3, CLASSES)
    expected = single.run({"image": data[:, np.newaxis]})[0]
    np.testing.assert_allclose(found.reshape(6, 1, CLASSES), expected, rtol=1e-5, atol=1e-6)


def test_model_that_mixes_the_batch_runs_one_sample_at_a_time(tmp_path: Path) -> None:
    session = _session(write_batch_mixer(tmp_path / "m.onnx"))
    samples = np.random.default_rng(0).random((4, 1, 3, 2, 2), dtype=np.float32)
    found = session.run({"x": samples})[0]
    np.testing.assert_array_equal(found, _one_by_one(session, "x", samples))


def test_several_ports(tmp_path: Path) -> None:
    session = _session(write_two_ports(tmp_path / "t.onnx"))
    generator = np.random.default_rng(0)
    batch = {name: generator.random((2, 1, 3, 4, 4), dtype=np.float32) for name in ("a", "b")}
    found = session.run(batch)
    np.testing.assert_allclose(found[0], batch["a"] + batch["b"], rtol=1e-6)
    np.testing.assert_allclose(found[1], 1.0 / (1.0 + np.exp(-batch["a"])), rtol=1e-5)


def test_refused_model_names_onnx_runtime() -> None:
    with pytest.raises(FloatRefusedError, match=r"ONNX Runtime .* refuses the model"):
        OnnxSession(b"not a model", (), ())
