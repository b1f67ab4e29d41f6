"""What ``cnnc compile`` says of flash that was traded for speed."""

from pathlib import Path

import pytest
from tests.support import onnx_models as make

from cnnc.cli import main
from cnnc.codegen.choose import Candidate
from cnnc.report.compile_report import LayerReport


def layer(*candidates: Candidate) -> LayerReport:
    """Return a layer whose kernel is the first candidate."""
    return LayerReport(
        name="layer",
        op="conv2d",
        dtype="int8",
        reason=None,
        kernel=candidates[0].kernel,
        output_shape=(1, 4, 4, 8),
        macs=1000,
        moved_bytes=256,
        weight_bytes=candidates[0].constant_bytes or 0,
        live_bytes=128,
        sqnr_db=None,
        candidates=candidates,
    )


LARGE = Candidate("large", 10, 900, 0, "chosen")
SMALL = Candidate("small", 20, 300, 0, "slower")
REFUSED = Candidate("refused", None, None, None, "the stride is 2")


@pytest.mark.parametrize(
    ("candidates", "extra"),
    [((LARGE, SMALL, REFUSED), 600), ((SMALL, LARGE), 0), ((LARGE, REFUSED), 0)],
)
def test_bytes_for_speed(candidates: tuple[Candidate, ...], extra: int) -> None:
    assert layer(*candidates).bytes_for_speed == extra


def test_a_network_without_weights_trades_no_flash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = make.node("MaxPool", "x", "y", kernel_shape=[2, 2])
    model = make.save(tmp_path, make.model([node], {"x": (1, 3, 4, 4)}))
    assert main(["compile", str(model), "-o", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "weights 0 bytes" in printed
    assert "faster kernels" not in printed
