"""Real exports come through the importer with the meaning that ONNX Runtime gives them."""

from collections.abc import Iterable
from pathlib import Path

import onnx
import pytest
from _pytest.mark import ParameterSet
from tests.support.onnx_cases import compare_with_onnx_runtime
from tests.support.shared_models import SHARED

from cnnc.importer.inspect import inspect_onnx
from cnnc.importer.read_onnx import read_onnx
from cnnc.passes.simplify import simplify

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion_mnist" / "resnet_s.onnx"

# Small networks as each exporter writes them: L is torch legacy, Ldyn with a dynamic batch, D is
# dynamo with external data. Those of other stems are quantized, but for one of tf2onnx.
_EXPORTS = ("*_L", "*_Ldyn", "*_D", "cc")
_QUANTIZED = ("q_", "kaijiang_", "micro_kws_")

# A billion multiply-accumulates and more.
_LARGE = ("espcn_x3_nnresize", "yolox_nano")


def _float_models(folder: str, patterns: Iterable[str] = ("*",)) -> list[Path]:
    """Return the float files of a folder of the shared set."""
    found = {path for pattern in patterns for path in (SHARED / folder).glob(f"{pattern}.onnx")}
    return sorted(path for path in found if not path.stem.startswith(_QUANTIZED))


def _marked(path: Path) -> ParameterSet:
    marks = [pytest.mark.long] if path.stem in _LARGE else []
    return pytest.param(path, id=f"{path.parent.name}-{path.stem}", marks=marks)


EVERY_FLOAT_MODEL = [
    EXAMPLE,
    *_float_models("exports", _EXPORTS),
    *(path for folder in ("zoo", "mlperf_tiny", "third_party") for path in _float_models(folder)),
]


MARKED = [_marked(path) for path in EVERY_FLOAT_MODEL]


@pytest.mark.parametrize("path", MARKED)
def test_export_keeps_its_meaning(path: Path) -> None:
    model = simplify(read_onnx(path))

    compare_with_onnx_runtime(model, onnx.load_model(str(path)), samples=1)
    assert {port.onnx_shape[0] for port in model.inputs} == {1}


@pytest.mark.parametrize("path", MARKED)
def test_inspection_agrees_with_the_import(path: Path) -> None:
    model = read_onnx(path)

    inspection = inspect_onnx(path)

    assert not inspection.unsupported
    assert inspection.macs == sum(n.op.macs(model.input_shapes(n)) for n in model.nodes)
    assert any(node.field is not None for node in inspection.nodes) == any(
        len(port.onnx_shape) > 2 for port in model.inputs
    )


# What tf2onnx made, from channel-last networks: with NHWC inputs and with NCHW ones.
FROM_TF2ONNX = [
    *(SHARED / "mlperf_tiny").glob("*.onnx"),
    *(SHARED / "third_party").glob("kaijiang_*.onnx"),
    *_float_models("exports", ["cc"]),
]


@pytest.mark.parametrize("path", sorted(FROM_TF2ONNX), ids=lambda path: path.stem)
def test_no_transpose_is_left_of_tf2onnx(path: Path) -> None:
    model = simplify(read_onnx(path))

    assert "transpose" not in {node.op.kind for node in model.nodes}
    if "_nhwc" in path.stem:
        assert model.inputs[0].storage_axes == (0, 1, 2, 3)
