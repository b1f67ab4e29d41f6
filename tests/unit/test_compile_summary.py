"""What ``cnnc compile`` says of flash that was traded for speed."""

import pytest

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
