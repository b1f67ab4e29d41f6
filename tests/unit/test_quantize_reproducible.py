"""Ranges do not depend on the kernels that the processor's BLAS chooses."""

import json
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples" / "fashion_mnist"

SCRIPT = """
import json, sys
from pathlib import Path
from threadpoolctl import threadpool_limits
from cnnc.importer.data import open_samples
from cnnc.importer.read_onnx import read_onnx
from cnnc.passes.simplify import simplify
from cnnc.quantize.adapt import adapt_weights
from cnnc.quantize.calibrate import calibrate
from cnnc.quantize.quantize import quantize

with threadpool_limits(limits=1, user_api="blas"):
    model = simplify(read_onnx(Path(sys.argv[1])))
    samples = open_samples(Path(sys.argv[2]), model.inputs)
    ranges = calibrate(model, samples)
    network = quantize(adapt_weights(model, ranges, samples), ranges)
values = network.values.items()
print(json.dumps({k: [v.quantization.scale, v.quantization.zero_point] for k, v in values}))
"""


def formats(core: str | None) -> dict[str, list[float]]:
    """Return scale and zero point of every value, computed with the kernels of another processor.

    Args:
        core: As OpenBLAS names it; None for the one that the test runs on. Other libraries, and
            OpenBLAS for other instruction sets, pay no heed.
    """
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "compiler")}
    environment.pop("OPENBLAS_CORETYPE", None)
    if core is not None:
        environment["OPENBLAS_CORETYPE"] = core
    files = [str(EXAMPLE / "resnet_s.onnx"), str(EXAMPLE / "calibration.npz")]
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, *files],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[float]] = json.loads(result.stdout)
    return found


def test_formats_do_not_depend_on_the_kernels_of_the_processor() -> None:
    # Every x86-64 processor can run these, the oldest kernels that there are.
    assert formats("Prescott") == formats(None)
