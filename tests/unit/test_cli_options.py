"""Options must be written in full, and none may be without effect."""

import argparse
import json
from pathlib import Path

import pytest
from tests.support.onnx_networks import write_classifier

from cnnc.cli import main
from cnnc.cli.arguments import byte_count
from cnnc.errors import UsageError
from cnnc.simulator.run import SimulationRequest


def _refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, str]:
    status = main([*map(str, arguments), "--json"])
    captured = capsys.readouterr()
    assert status == 2, captured
    error: dict[str, str] = json.loads(captured.out)["error"]
    return error


@pytest.mark.parametrize(
    "arguments",
    [
        ["boards", "--js"],
        ["--verb", "boards"],
        ["compile", "m.onnx", "--tar", "rpi"],
        ["simulate", "DIR", "--rand", "1"],
        ["evaluate", "DIR", "--dat", "d.npz"],
    ],
)
def test_abbreviations_are_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert "error:" in captured.err


@pytest.mark.parametrize(
    ("text", "size"),
    [("131072", 131072), ("0x20000", 131072), ("0X2a", 42), ("128K", 131072), ("2M", 2097152)],
)
def test_sizes_have_units_and_hexadecimal_digits(text: str, size: int) -> None:
    assert byte_count(text) == size


@pytest.mark.parametrize("text", ["", "0x", "0x2g", "-1", "1.5K", "2G", "0x10K"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="0x10000 or 64K"):
        byte_count(text)


@pytest.mark.parametrize(
    ("request_", "option"),
    [
        (SimulationRequest(random=5, limit=2), "--limit"),
        (SimulationRequest(limit=2), "--limit"),
        (SimulationRequest(inputs=Path("d.npz"), seed=0), "--seed"),
        (SimulationRequest(inputs=Path("d.npz"), random=2), "--random"),
        (SimulationRequest(engines=("tflite", "target"), sanitize=True), "--sanitize"),
        (SimulationRequest(engines=("host",), model=Path("m.onnx")), "--model"),
        (SimulationRequest(engines=("tflite",), model=Path("m.onnx")), "--model"),
        (SimulationRequest(engines=("float",), model=Path("m.tflite")), "--model"),
        (SimulationRequest(engines=("reference",)), "--engines"),
        (SimulationRequest(engines=()), "--engines"),
    ],
)
def test_simulate_refuses_options_without_effect(request_: SimulationRequest, option: str) -> None:
    with pytest.raises(UsageError) as caught:
        request_.check()
    assert caught.value.where == option
    assert caught.value.remedy


@pytest.mark.parametrize(
    "request_",
    [
        SimulationRequest(),
        SimulationRequest(random=5, seed=3),
        SimulationRequest(inputs=Path("d.npz"), limit=2),
        SimulationRequest(sanitize=True, model=Path("m.onnx")),
        SimulationRequest(engines=("reference", "host", "float"), sanitize=True),
    ],
)
def test_simulate_takes_what_has_an_effect(request_: SimulationRequest) -> None:
    request_.check()


@pytest.mark.parametrize(
    ("option", "value"), [("--calibration", "c.npz"), ("--input-shape", "image=1,2,8,8")]
)
def test_evaluate_of_a_folder_compiles_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str, value: str
) -> None:
    error = _refusal(capsys, "evaluate", tmp_path, "--data", "d.npz", option, value)
    assert error["where"] == option
    assert "is compiled already" in error["problem"]


def test_evaluate_of_a_model_has_no_other_model(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = write_classifier(tmp_path / "c.onnx")
    error = _refusal(capsys, "evaluate", model, "--data", "d.npz", "--model", model)
    assert error["where"] == "--model"
    assert "is itself the model" in error["problem"]
