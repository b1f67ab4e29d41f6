"""Weights are held once while a model is read."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.support import onnx_models as make

from cnnc.importer.initializer import detach_initializers
from cnnc.importer.load import load_onnx

ROWS, COLUMNS = 4000, 2500
MEGABYTES = ROWS * COLUMNS * 4 / 2**20

# The high-water mark is that of the process, so that it takes one of its own.
PROGRAM = """
import sys
from pathlib import Path
from cnnc.importer.read_onnx import read_onnx
from cnnc.ops._definition import readers

def kibibytes(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1])

readers()
before = kibibytes("VmRSS")
model = read_onnx(Path(sys.argv[1]))
print((kibibytes("VmHWM") - before) / 1024)
"""


@pytest.mark.parametrize("external", [False, True])
@pytest.mark.parametrize("transposed", [0, 1])
def test_reading_takes_twice_the_weights(tmp_path: Path, transposed: int, external: bool) -> None:
    shape = (COLUMNS, ROWS) if transposed else (ROWS, COLUMNS)
    proto = make.model(
        [make.node("Gemm", "x w", "y", transB=transposed)],
        {"x": (1, ROWS)},
        weights={"w": np.ones(shape, np.float32)},
    )
    path = tmp_path / "model.onnx"
    onnx.save_model(proto, str(path), save_as_external_data=external, location="w.bin")

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True
    )

    # Protobuf itself holds the file and the message at once.
    assert float(done.stdout) < 2.5 * MEGABYTES


def test_used_weights_leave_the_model(tmp_path: Path) -> None:
    weights = {"used": np.ones(3, np.float32), "unused": np.full(3, np.nan, np.float32)}
    proto = make.model([make.node("Add", "x used", "y")], {"x": (1, 3)}, weights=weights)

    light, arrays = detach_initializers(load_onnx(make.save(tmp_path, proto)))

    assert list(arrays) == ["used"]
    assert [tensor.name for tensor in light.graph.initializer] == ["used", "unused"]
    assert not any(tensor.raw_data for tensor in light.graph.initializer)
    assert light.graph.node == proto.graph.node
