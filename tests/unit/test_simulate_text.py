"""What ``cnnc simulate`` prints for people: differences, gaps, and code that nobody ran."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.quant_networks import chain_network

from cnnc.cli import main, simulate
from cnnc.codegen.tflite import NotCompared
from cnnc.errors import EXIT_DIFFERENT, EXIT_EQUAL
from cnnc.simulator.compare import Divergence, EngineResult, skipped_result
from cnnc.simulator.run import SimulationReport


def _result(
    divergence: Divergence | None = None, not_compared: tuple[NotCompared, ...] = ()
) -> EngineResult:
    return EngineResult(
        bit_exact=divergence is None,
        compared_values=10,
        mismatched_values=0 if divergence is None else 1,
        layers_total=2,
        layers_compared=2 - len(not_compared),
        not_compared=not_compared,
        first_divergence=divergence,
        skipped=None,
        details={},
    )


def _printed(
    report: SimulationReport, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    def given(*_: object) -> SimulationReport:
        return report

    monkeypatch.setattr(simulate, "simulate", given)
    status = main(["simulate", str(Path("folder"))])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_first_difference_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Divergence(layer="stem", op="conv2d", sample=3, element=17, expected=5, found=-7)
    report = SimulationReport(4, {"host": _result(found)}, None)
    status, out, _ = _printed(report, monkeypatch, capsys)
    assert status == EXIT_DIFFERENT
    line = "host: first difference: layer 'stem' (conv2d), input 3, element 17: -7 instead of 5\n"
    assert line in out


def test_layers_that_were_not_compared_are_sentences(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gap = NotCompared("stem", "conv2d", "2 of its channels are read by no layer")
    removal = _result(not_compared=(gap,))
    report = SimulationReport(4, {"host": _result()}, None, channel_removal=removal)
    status, out, _ = _printed(report, monkeypatch, capsys)
    assert status == EXIT_EQUAL
    assert (
        "channel removal: layer 'stem' (conv2d) not wholly compared: 2 of its channels are read "
        "by no layer\n"
    ) in out
    assert "{" not in out


@pytest.mark.parametrize(
    ("listed", "verdict"),
    [(0, "  equal"), (1, "  equal where compared (1 of 2 layers not wholly compared)")],
)
def test_a_listed_layer_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], listed: int, verdict: str
) -> None:
    """Also if it is the last, so that the final output is not among what was compared."""
    gap = NotCompared("last", "softmax", "computed on real numbers")
    tflite = replace(_result(not_compared=(gap,) * listed), bit_exact=not listed)
    report = SimulationReport(4, {"host": _result(), "tflite": tflite}, None)
    status, out, _ = _printed(report, monkeypatch, capsys)
    assert status == EXIT_EQUAL
    row = next(line for line in out.splitlines() if line.startswith(" tflite"))
    assert row.rstrip().endswith(verdict)


def test_a_layer_that_is_neither_compared_nor_listed_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = replace(_result(), layers_compared=1, bit_exact=False)
    report = SimulationReport(4, {"host": result}, None)
    status, out, _ = _printed(report, monkeypatch, capsys)
    assert status == EXIT_DIFFERENT
    assert "INCOMPLETE" in out


def test_code_that_was_not_run_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "'qemu-system-arm' is not installed; run: sudo apt-get install qemu-system-arm"
    target = skipped_result(chain_network(), reason, {})
    report = SimulationReport(4, {"host": _result(), "target": target}, None, target_missing=reason)
    status, _, err = _printed(report, monkeypatch, capsys)
    assert status == EXIT_EQUAL
    assert err == f"warning: the code for the target was NOT run: {reason}\n"
