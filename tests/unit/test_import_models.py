"""Real exports come through the importer with the meaning that ONNX Runtime gives them."""

from collections.abc import Iterable
from pathlib import Path

import onnx
import pytest
from tests.support.onnx_cases import compare_with_onnx_runtime
from tests.support.shared_models import SHARED, shared_models

from cnnc.errors import UnsupportedOpError
from cnnc.importer.inspect import inspect_onnx
from cnnc.importer.read_onnx import read_onnx

EXAMPLE = Path(__file__).parents[2] / "examples" / "fashion_mnist" / "resnet_s.onnx"

# Small networks as each exporter writes them (L: torch legacy, Ldyn: dynamic batch, D: dynamo with
# external data), and files of other makers.
SUPPORTED = (
    *(f"exports/{name}_L" for name in ("avgpad", "dropout", "hardtanh", "maxceil", "normin")),
    *(f"exports/{name}_L" for name in ("padconst", "silu", "softmax")),
    *(f"exports/{name}_D" for name in ("adapt2", "dropout", "hardtanh", "maxceil", "padconst")),
    *(f"exports/{name}_D" for name in ("prebn", "relu6clamp", "silu", "softmax")),
    *(f"exports/mob_{name}_L" for name in ("avg", "flatten", "mean", "squeeze", "view")),
    *(f"exports/mob_{name}_Ldyn" for name in ("flatten", "mean", "view")),
    *(f"exports/mob_{name}_D" for name in ("avg", "flatten", "mean", "squeeze")),
    "mlperf_tiny/kws_dscnn_tfl_nchw",
    "mlperf_tiny/kws_dscnn_tfl_nhwc",
    "mlperf_tiny/sww_dscnn1d_nchw",
    "mlperf_tiny/sww_dscnn1d_nhwc",
    "third_party/onnx2c_mnist8",
    "third_party/onnx2c_mnist_pytorch",
)

# Inputs that tf2onnx keeps in NHWC behind an entry Transpose or Reshape.
CHANNEL_LAST_ENTRIES = (
    "ic_resnet8_nhwc",
    "kws_dscnn_nhwc",
    "kws_dscnn_tfl_nhwc",
    "sww_dscnn1d_nhwc",
    "vww_mobilenetv1_025_96_nhwc",
)

UNSUPPORTED = {
    "exports/argmax_D": "ArgMax node 'node_argmax'",
    "exports/padrefl_D": "mode 'reflect' is not supported",
    "qdq/resnet_s_u8act_s8w_qoperator": "QLinearConv node",
    "third_party/yolox_nano": "Slice node 'Slice_5'",
    "zoo/cnn3d_motion_op17": "only 2-D",
}


def _there(names: Iterable[str]) -> list[Path]:
    """Return the files of the shared set, none where the set is missing."""
    return [SHARED / f"{name}.onnx" for name in names] if SHARED.is_dir() else []


@pytest.mark.parametrize(
    "path",
    [EXAMPLE, *(model.path for model in shared_models()), *_there(SUPPORTED)],
    ids=lambda path: path.stem,
)
def test_export_keeps_its_meaning(path: Path) -> None:
    model = read_onnx(path)

    compare_with_onnx_runtime(model, onnx.load_model(str(path)))
    inspection = inspect_onnx(path)
    assert not inspection.unsupported
    assert inspection.macs == sum(n.op.macs(model.input_shapes(n)) for n in model.nodes)
    assert {port.onnx_shape[0] for port in model.inputs} == {1}


@pytest.mark.parametrize(
    "path", _there(f"mlperf_tiny/{name}" for name in CHANNEL_LAST_ENTRIES), ids=lambda p: p.stem
)
def test_channel_last_entry_moves_nothing(path: Path) -> None:
    model = read_onnx(path)

    assert model.inputs[0].storage_axes == (0, 1, 2, 3)
    assert "transpose" not in {node.op.kind for node in model.nodes}


@pytest.mark.parametrize("path", _there(UNSUPPORTED), ids=lambda path: path.stem)
def test_unsupported_export_is_refused_and_inspected(path: Path) -> None:
    name = f"{path.parent.name}/{path.stem}"

    with pytest.raises(UnsupportedOpError) as caught:
        read_onnx(path)

    assert UNSUPPORTED[name] in caught.value.problem
    assert len(inspect_onnx(path).unsupported) == len(caught.value.unsupported)
