"""Text from models and paths is printed as it is, whatever looks like markup in it."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from rich.table import Table
from rich.text import Text

from cnnc.cli import main
from cnnc.cli.console import Console
from cnnc.errors import UsageError

STRANGE = ["c[/red]", "a[red]b", "[bold]x[/bold]", ":smile:", "\\[x]", "[link=y]z"]


def _write_model(path: Path, name: str, op_type: str = "Relu") -> Path:
    shape = (1, 2, 4, 4)
    graph = helper.make_graph(
        [helper.make_node(op_type, ["x"], ["y"], name)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save_model(model, str(path))
    return path


@pytest.mark.parametrize("text", STRANGE)
def test_console_prints_text_as_it_is(capsys: pytest.CaptureFixture[str], text: str) -> None:
    console = Console(as_json=False)
    table = Table("name", box=None)
    table.add_row(text)
    console.result({}, text, table, Text("equal", style="green"))
    console.text(text)
    console.warning(text)
    console.error(UsageError(text, text))
    captured = capsys.readouterr()
    assert captured.out.count(text) == 3
    assert captured.err.count(text) == 3
    assert "equal" in captured.out


@pytest.mark.parametrize("name", STRANGE)
def test_node_and_folder_names_are_printed_as_they_are(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    model = _write_model(tmp_path / "m.onnx", name)
    out = tmp_path / "o" / name
    assert main(["inspect", str(model)]) == 0
    assert name in capsys.readouterr().out
    assert main(["compile", str(model), "-o", str(out)]) == 0
    printed = capsys.readouterr().out
    assert f"written to {out};" in printed
    assert any(name in line for line in printed.splitlines() if "written" not in line)
    assert main(["simulate", str(out), "--engines", "host", "--random", "1"]) == 0


def test_unsupported_node_is_printed_as_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = _write_model(tmp_path / "m.onnx", "c[/red]", "NonZero")
    assert main(["inspect", str(model)]) == 0
    printed = capsys.readouterr().out
    assert "c[/red]" in printed
    assert "1 node is not supported" in printed


def test_colours_are_styles(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    console = Console(as_json=False)
    console.result({}, Text("equal", style="green"), "[green]plain[/green]")
    printed = capsys.readouterr().out
    assert "\x1b[32mequal" in printed
    assert "[green]plain[/green]" in printed


def test_doctor_and_boards_print(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "gcc" in capsys.readouterr().out
    assert main(["boards", "rpi"]) == 0
    assert "aarch64" in capsys.readouterr().out
